#pragma once

/// \file
/// The files of a repository that the patterns of a push delete (spec/hub-http-api.md §4.9, last paragraph).

#include <hubpush/fs/match.hpp>
#include <hubpush/upload/context.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace hubpush::inline v0::detail {

/// One push deletes at most this many files by pattern; a folder of more is removed as a folder.
inline constexpr std::size_t most_deletions = 100'000;

/// Lists the repository below `prefix`, which is empty or ends with '/', and hands the context every file there whose
/// path behind `prefix` matches one of `patterns`. Throws `limit_exceeded` for too many, and what the listing throws.
/// Cancellation: all types.
HUBPUSH_DECL task<void> find_deletions(context& context, std::string prefix, std::vector<path_pattern> patterns);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/deletions.ipp>
#endif
