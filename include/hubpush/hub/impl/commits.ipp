#pragma once

#include <hubpush/hub/commits.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/paging.hpp>

#include <optional>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t commit_text_limit = 1U << 20;

inline commit_entry read_commit_entry(const json_value& item) {
    const std::string& oid = item.string("id");
    if (!is_hex(oid, 40)) throw_error(errc::protocol_error, "the server's commit \"id\" is not a commit id");
    return commit_entry(oid, item.optional_string("title", commit_text_limit).value_or(""),
                        item.optional_string("message", commit_text_limit).value_or(""));
}

}  // namespace detail

HUBPUSH_DECL task<std::vector<commit_entry>> recent_commits(hub_session& session, repository where,
                                                            std::string at_revision, std::size_t limit) {
    check_revision(at_revision);
    paged_listing pages(
        session, where.api_path() + "/commits/" + escape_segment(at_revision) + "?limit=" + std::to_string(limit),
        "cannot list the commits of " + where.id());
    std::vector<commit_entry> commits;
    while (commits.size() < limit) {
        const std::optional<std::vector<json_value>> page = co_await pages.next();
        if (!page || page->empty()) break;
        for (const json_value& item : *page) {
            if (commits.size() < limit) commits.push_back(detail::read_commit_entry(item));
        }
    }
    co_return commits;
}

HUBPUSH_DECL task<std::string> head_commit(hub_session& session, repository where, std::string at_revision) {
    const std::vector<commit_entry> commits = co_await recent_commits(session, where, at_revision, 1);
    if (commits.empty()) throw_error(errc::revision_not_found, where.id() + " has no commit at " + at_revision);
    co_return commits.front().oid();
}

}  // namespace hubpush::inline v0
