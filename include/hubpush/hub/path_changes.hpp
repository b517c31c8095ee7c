#pragma once

/// \file
/// Whether others have changed what a commit is about.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/commit_operation.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// The first path of `operations` at which two commits differ, in the order of the operations; a folder to be removed
/// differs, and is given with '/' at its end, when anything below it does. Empty when all are the same. Files are asked
/// for 500 at a time at both commits, folders are listed; memory does not grow with what is in them. Cancellation: all
/// types.
HUBPUSH_DECL task<std::string> first_changed_path(hub_session& session, repository where, std::string base,
                                                  std::string head,
                                                  std::shared_ptr<const std::vector<commit_operation>> operations);

/// The first of these files at which two commits differ; empty when all are the same.
HUBPUSH_DECL task<std::string> first_changed_file(hub_session& session, repository where, std::string base,
                                                  std::string head,
                                                  std::shared_ptr<const std::vector<std::string>> files);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/path_changes.ipp>
#endif
