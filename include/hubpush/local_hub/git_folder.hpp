#pragma once

/// \file
/// A bare repository's folder on disk before and after git works in it. These functions block: they run on a pool,
/// which wants a result, hence they give true.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

/// Clears the place `unfinished` where a repository is made, which a killed server may have left half-done. Throws
/// `conflict` when `path` exists.
HUBPUSH_DECL bool prepare_creation(const std::filesystem::path& path, const std::filesystem::path& unfinished);

/// Adds what a served repository is configured with and moves the finished folder to its place.
HUBPUSH_DECL bool finish_creation(const std::filesystem::path& path, const std::filesystem::path& unfinished);

/// How many processes have an argument that begins with `word`.
HUBPUSH_DECL std::size_t count_processes(std::string_view word);

/// Waits, for at most ten seconds, until the gits of a killed server that work below `folder` have ended: what they
/// hold is not left over yet. Gives how many were waited for.
HUBPUSH_DECL std::size_t wait_for_orphans(const std::filesystem::path& folder);

/// Removes what a killed git left behind. Throws `repository_not_found`.
HUBPUSH_DECL bool prepare_opening(const std::filesystem::path& path);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_folder.ipp>
#endif
