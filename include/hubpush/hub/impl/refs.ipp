#pragma once

#include <hubpush/hub/refs.hpp>

#include <hubpush/hub/paging.hpp>

#include <algorithm>
#include <charconv>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::string_view pull_request_prefix = "refs/pr/";

}  // namespace detail

HUBPUSH_DECL std::string pull_request_revision(std::uint64_t number) {
    return std::string(detail::pull_request_prefix) + std::to_string(number);
}

HUBPUSH_DECL std::optional<std::uint64_t> pull_request_number(std::string_view revision) {
    if (!revision.starts_with(detail::pull_request_prefix)) return std::nullopt;
    revision.remove_prefix(detail::pull_request_prefix.size());
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(revision.data(), revision.data() + revision.size(), number);
    if (problem != std::errc() || end != revision.data() + revision.size()) return std::nullopt;
    return number;
}

HUBPUSH_DECL task<std::vector<pull_request_ref>> pull_request_refs(hub_session& session, repository where) {
    const std::string what = "cannot list the pull requests of " + where.id();
    http_request request = session.request("GET", where.api_path() + "/refs?include_prs=1", request_class::safe);
    request.reply_limit(paged_listing::page_limit);
    const json_value answer = co_await session.send_for_json(std::move(request), what);
    std::vector<pull_request_ref> refs;
    const json_value* const listed = answer.find("pullRequests");
    if (listed == nullptr) co_return refs;
    for (const json_value& item : listed->items()) {
        const std::optional<std::uint64_t> number = pull_request_number(item.string("ref"));
        if (number) refs.emplace_back(*number, item.string("targetCommit"));
    }
    std::sort(refs.begin(), refs.end(), [](const pull_request_ref& left, const pull_request_ref& right) {
        return left.number() > right.number();
    });
    co_return refs;
}

}  // namespace hubpush::inline v0
