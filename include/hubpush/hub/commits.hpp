#pragma once

/// \file
/// The history of a revision (spec/hub-http-api.md §3.6).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// One commit of a listing.
class commit_entry {
public:
    commit_entry() = default;
    commit_entry(std::string oid, std::string title, std::string text)
        : oid_(std::move(oid)), title_(std::move(title)), text_(std::move(text)) {}

    const std::string& oid() const noexcept { return oid_; }      ///< 40 hexadecimal digits
    const std::string& title() const noexcept { return title_; }  ///< the first line
    const std::string& text() const noexcept { return text_; }    ///< the rest: the description it was made with

private:
    std::string oid_;
    std::string title_;
    std::string text_;
};

/// The newest commits of a revision, newest first, at most `limit` of them (1 to 1000). Cancellation: all types.
HUBPUSH_DECL task<std::vector<commit_entry>> recent_commits(hub_session& session, repository where,
                                                            std::string at_revision, std::size_t limit);

/// The commit that a revision points to. Asked through the history, because the answer about a repository itself lists
/// all its files. Throws `revision_not_found` also for a branch without commits. Cancellation: all types.
HUBPUSH_DECL task<std::string> head_commit(hub_session& session, repository where, std::string at_revision);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commits.ipp>
#endif
