#pragma once

/// \file
/// Well-formed UTF-8 and nothing else: what JSON, git trees and safetensors headers hold (Unicode 15, table 3-7).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <string_view>

namespace hubpush::inline v0 {

/// How many bytes the character at the start of `text` has; 0 when there is no well-formed one: surrogates, overlong
/// forms and everything above U+10FFFF are none.
HUBPUSH_DECL std::size_t utf8_length(std::string_view text) noexcept;

/// True when `text` consists of well-formed characters.
HUBPUSH_DECL bool is_utf8(std::string_view text) noexcept;

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/utf8.ipp>
#endif
