#pragma once

/// \file
/// Making a commit: sent once, and found again when the answer is lost (spec/hub-http-api.md §4.5, spec/reliability.md
/// §3.4).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hub/commit_operation.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// For how long the outcome of a commit is looked for after its answer was lost, unless the caller says otherwise.
inline constexpr std::chrono::minutes default_commit_patience{5};

/// The server misses a large file that the commit names: it was collected, or never stored. The commit was not made.
/// Whoever sends the file again may try once more (spec/reliability.md §3.4 step 8).
class lfs_object_missing : public error_of<errc::integrity> {
public:
    using error_of::error_of;
};

/// A commit that was made.
class commit_result {
public:
    commit_result() = default;
    commit_result(std::string oid, std::string url) : oid_(std::move(oid)), url_(std::move(url)) {}
    const std::string& oid() const noexcept { return oid_; }  ///< 40 hexadecimal digits
    const std::string& url() const noexcept { return url_; }  ///< the commit's page

private:
    std::string oid_;
    std::string url_;
};

/// Makes one commit of `operations` (at least one) on a branch, exactly once whatever gets lost on the way: the
/// description ends with a line by which it is recognised.
///
/// Throws `outcome_unknown` when it cannot be told whether the commit was made; `conflict` when the branch moved away
/// from the header's parent, or too often without one; `lfs_object_missing`; `file_changed`; and the errors of the
/// session. `on_progress` gets the bytes of the current attempt's body written so far. `patience` bounds the search for
/// a lost commit: a background job has more of it.
///
/// Cancellation: all types. As long as the body has not been read to its end nothing was committed, and `cancelled` is
/// thrown; afterwards the branch is looked at once more for at most ten seconds, and the real outcome or
/// `outcome_unknown` is given.
HUBPUSH_DECL task<commit_result> send_commit(hub_session& session, repository where, std::string at_revision,
                                             commit_header header, std::vector<commit_operation> operations,
                                             std::chrono::milliseconds patience = default_commit_patience,
                                             std::function<void(std::uint64_t)> on_progress = nullptr);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commit_api.ipp>
#endif
