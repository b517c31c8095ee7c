#pragma once

/// \file
/// The types of repositories, and what may be the id of one.

#include <hubpush/core/config.hpp>

#include <array>
#include <optional>
#include <string_view>

namespace hubpush::inline v0::detail {

enum class repository_kind { model, dataset, space, kernel };

inline constexpr std::array all_repository_kinds{repository_kind::model, repository_kind::dataset,
                                                 repository_kind::space, repository_kind::kernel};

/// `model`; `models`, which is also the folder on disk; `datasets/`, the prefix of web addresses.
HUBPUSH_DECL std::string_view kind_name(repository_kind kind) noexcept;
HUBPUSH_DECL std::string_view kind_plural(repository_kind kind) noexcept;
HUBPUSH_DECL std::string_view kind_prefix(repository_kind kind) noexcept;
HUBPUSH_DECL std::optional<repository_kind> kind_of_plural(std::string_view plural) noexcept;
HUBPUSH_DECL std::optional<repository_kind> kind_of_name(std::string_view name) noexcept;

/// True for `namespace/name` by the rules of spec/hub-http-api.md §2.1; nothing else becomes a path on disk.
HUBPUSH_DECL bool is_repository_id(std::string_view id) noexcept;

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/repository_kind.ipp>
#endif
