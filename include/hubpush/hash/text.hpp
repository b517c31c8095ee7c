#pragma once

/// \file
/// Bytes as text: hexadecimal and base64 (RFC 4648 §4, padded, standard alphabet).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0 {

/// Lower-case hexadecimal.
HUBPUSH_DECL std::string to_hex(std::span<const std::byte> bytes);
/// Nothing unless `text` is an even number of hexadecimal digits.
HUBPUSH_DECL std::optional<std::vector<std::byte>> from_hex(std::string_view text);
/// True when `text` is `length` lower-case hexadecimal digits: how object ids are checked.
HUBPUSH_DECL bool is_hex(std::string_view text, std::size_t length) noexcept;

HUBPUSH_DECL std::string to_base64(std::span<const std::byte> bytes);
/// Strict: padded, no white space; nothing on any violation.
HUBPUSH_DECL std::optional<std::vector<std::byte>> from_base64(std::string_view text);

/// Length of the base64 text of `size` bytes.
constexpr std::uint64_t base64_size(std::uint64_t size) noexcept { return (size + 2) / 3 * 4; }

/// Encodes `bytes` to the front of `out`, which may overlap `bytes` if `bytes` stands at the very end of `out`: a file
/// is read into the tail of a buffer and encoded in place. `out.size()` must be `base64_size(bytes.size())`.
HUBPUSH_DECL void encode_base64(std::span<const std::byte> bytes, std::span<std::byte> out) noexcept;

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hash/impl/text.ipp>
#endif
