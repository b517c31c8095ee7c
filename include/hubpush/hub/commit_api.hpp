#pragma once

/// \file
/// Making a commit: sent once, and found again when the answer is lost (spec/hub-http-api.md §4.5, spec/reliability.md
/// §3.4).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hub/commit_operation.hpp>
#include <hubpush/hub/on_conflict.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// For how long the outcome of a commit is looked for after its answer was lost, unless the caller says otherwise.
inline constexpr std::chrono::minutes default_commit_patience{5};

/// The server misses a large file that the commit names: it was collected, or never stored. The commit was not made.
/// Whoever sends the file again may try once more (spec/reliability.md §3.4 step 8); the commit alone would be refused
/// again, so it is not `retryable()`.
class lfs_object_missing : public error_of<errc::integrity> {
public:
    using error_of::error_of;
};

/// How a commit is made, beyond what it consists of.
class commit_options {
public:
    /// What happens when the branch's head is not the header's parent: by default the caller insists on it. Nothing:
    /// the commit goes on top of the new head.
    commit_options& when_moved(std::optional<on_conflict> value) {
        when_moved_ = value;
        return *this;
    }
    /// Paths that belong to the commit although it does not name them, because the branch has their content already:
    /// they are compared like its own.
    commit_options& left_out(std::vector<std::string> paths) {
        left_out_ = std::make_shared<const std::vector<std::string>>(std::move(paths));
        return *this;
    }
    /// A new pull request against the branch, opened together with the commit; the header's parent is where it begins.
    commit_options& create_pr(bool value) {
        create_pr_ = value;
        return *this;
    }
    /// For how long a lost commit is looked for: a background job has more patience.
    commit_options& patience(std::chrono::milliseconds value) {
        patience_ = value;
        return *this;
    }
    /// By what the commit is recognised when its answer is lost: whoever may send the same commit again, in a second
    /// call, gives the same id to both. Without one it is random.
    commit_options& upload_id(std::string value) {
        upload_id_ = std::move(value);
        return *this;
    }
    /// Gets the bytes of the current attempt's body written so far.
    commit_options& on_progress(std::function<void(std::uint64_t)> callback) {
        on_progress_ = std::move(callback);
        return *this;
    }

    std::optional<on_conflict> when_moved() const noexcept { return when_moved_; }
    /// Null when there are none.
    const std::shared_ptr<const std::vector<std::string>>& left_out() const noexcept { return left_out_; }
    bool creates_pr() const noexcept { return create_pr_; }
    std::chrono::milliseconds patience() const noexcept { return patience_; }
    const std::string& upload_id() const noexcept { return upload_id_; }
    const std::function<void(std::uint64_t)>& on_progress() const noexcept { return on_progress_; }

private:
    std::optional<on_conflict> when_moved_ = on_conflict::fail;
    std::shared_ptr<const std::vector<std::string>> left_out_;
    bool create_pr_ = false;
    std::chrono::milliseconds patience_ = default_commit_patience;
    std::string upload_id_;
    std::function<void(std::uint64_t)> on_progress_;
};

/// A commit that was made.
class commit_result {
public:
    commit_result() = default;
    commit_result(std::string oid, std::string url, std::uint64_t pull_request = 0)
        : oid_(std::move(oid)), url_(std::move(url)), pull_request_(pull_request) {}
    const std::string& oid() const noexcept { return oid_; }               ///< 40 hexadecimal digits
    const std::string& url() const noexcept { return url_; }               ///< the commit's page
    std::uint64_t pull_request() const noexcept { return pull_request_; }  ///< the one it has opened, or 0

private:
    std::string oid_;
    std::string url_;
    std::uint64_t pull_request_ = 0;
};

/// Makes one commit of `operations` (at least one) on a branch, exactly once whatever gets lost on the way: the
/// description ends with a line by which it is recognised. A lost commit is looked for among the branch's recent
/// commits and sent again only on top of the head seen there; one that opens a pull request is looked for on the pull
/// request refs and never sent again.
///
/// Throws `outcome_unknown` when it cannot be told whether the commit was made; `branch_moved` when the branch moved
/// away from the header's parent, or too often without one; `lfs_object_missing`; `file_changed`; and the errors of the
/// session.
///
/// Cancellation: all types. As long as the body has not been read to its end nothing was committed, and `cancelled` is
/// thrown; afterwards the branch is looked at once more for at most ten seconds, and the real outcome or
/// `outcome_unknown` is given.
HUBPUSH_DECL task<commit_result> send_commit(hub_session& session, repository where, std::string at_revision,
                                             commit_header header, std::vector<commit_operation> operations,
                                             commit_options options = commit_options());

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commit_api.ipp>
#endif
