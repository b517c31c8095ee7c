#pragma once

/// \file
/// Feeding `git fast-import`: the one process that stores all files of a commit and moves its branch.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/git_objects.hpp>
#include <hubpush/local_hub/process.hpp>

#include <string>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// Sends the contents of `changes` as blobs, in bounded memory, then `commands`, and gives what git prints. Refs move
/// at the very end, after all has arrived: a stream that breaks off, for whatever reason, moves none, and no ref is
/// ever moved to a commit that does not descend from where it stands. Throws what a content throws and as
/// `throw_git_failure`.
HUBPUSH_DECL task<std::string> fast_import(child_command command, std::vector<git_change> changes,
                                           std::string commands);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_import.ipp>
#endif
