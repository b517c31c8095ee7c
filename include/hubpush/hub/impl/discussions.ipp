#pragma once

#include <hubpush/hub/discussions.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hub/commit_resolver.hpp>
#include <hubpush/hub/exactly_once.hpp>
#include <hubpush/hub/paging.hpp>

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::uint64_t most_discussions = 1ULL << 53;
inline constexpr std::size_t discussion_text_limit = 1U << 20;
inline constexpr std::size_t longest_title = 200;
inline constexpr std::size_t pull_requests_to_look_at = 20;  // the newest ones, for one that was lost

inline std::string discussions_path(const repository& where) { return where.api_path() + "/discussions"; }

inline std::string discussion_path(const repository& where, std::uint64_t number) {
    return discussions_path(where) + "/" + std::to_string(number);
}

inline discussion read_discussion(const json_value& item) {
    return discussion(item.integer("num", most_discussions), item.optional_string("title").value_or(""),
                      item.optional_string("status").value_or(""), item.boolean("isPullRequest", false));
}

inline bool is_title_control(char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == '\x7f'; }

/// In UTF-8 all bytes of a character but its first one look alike.
inline bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

/// At most `longest_title` bytes, and no part of a character.
inline std::string_view beginning_of_title(std::string_view text) {
    std::size_t size = std::min(text.size(), longest_title);
    while (size != 0 && size < text.size() && !begins_character(text[size])) --size;
    return text.substr(0, size);
}

/// A title that the Hub takes: one line without control characters, of 3 to 200 characters when the Hub has trimmed it
/// (spec/hub-http-api.md §14.6); bytes count where there are more of those.
inline std::string fitting_title(std::string_view message) {
    std::string line(message.substr(0, message.find('\n')));
    std::replace_if(line.begin(), line.end(), is_title_control, ' ');
    const std::string title(trimmed(beginning_of_title(trimmed(line))));
    return std::count_if(title.begin(), title.end(), begins_character) < 3 ? "Push " + title : title;
}

/// Opens one pull request, or finds the one that a lost answer was about.
class pull_request_opener final : public exactly_once {
public:
    pull_request_opener(hub_session& session, repository where, std::string upload_id, std::string title,
                        const std::string& text, std::chrono::milliseconds patience)
        : exactly_once(session, "cannot open a pull request at " + where.id(),
                       commit_resolver(upload_id, "", session.policy(), patience, std::nullopt,
                                       commit_wording("the pull request may or may not have been opened, without "
                                                      "a commit",
                                                      "the repository's pull requests"))),
          where_(std::move(where)),
          marker_(commit_marker(upload_id)),
          title_(fitting_title(title)),
          text_((text.empty() ? "Opened by hubpush." : text) + "\n\n" + marker_) {}

private:
    std::shared_ptr<byte_source> make_body(const std::string& /*parent*/) override {
        json_object body;
        body.text("title", title_).text("description", text_).raw("pullRequest", "true");
        return memory_source(body.str());
    }

    task<std::string> post(std::shared_ptr<byte_source> body) override {
        http_request request = session().request("POST", discussions_path(where_), request_class::non_idempotent);
        request.header("Content-Type", "application/json").body(std::move(body));
        const json_value answer = co_await session().send_for_json(std::move(request), what());
        co_return std::to_string(answer.integer("num", most_discussions));
    }

    /// Ours, if it is there. An empty answer keeps the resolver looking: opening has no parent that would make a second
    /// attempt harmless.
    task<std::vector<commit_entry>> look() override {
        std::vector<commit_entry> found;
        const std::vector<discussion> newest = co_await newest_pull_requests(session(), where_);
        for (std::size_t i = 0; i < std::min(newest.size(), pull_requests_to_look_at); ++i) {
            const discussion& each = newest[i];
            if (!each.is_pull_request() || looked_at_.contains(each.number())) continue;
            std::string text = co_await opening_text(session(), where_, each.number());
            looked_at_.insert(each.number());
            if (text.find(marker_) == std::string::npos) continue;
            found.emplace_back(std::to_string(each.number()), each.title(), std::move(text));
            break;
        }
        co_return found;
    }

    repository where_;
    std::string marker_;
    std::string title_;
    std::string text_;
    std::unordered_set<std::uint64_t> looked_at_;
};

/// The route does not exist there. That the repository does not exist either is found out on the other route.
inline bool has_no_discussions(const error& refused) {
    return refused.kind() != errc::outcome_unknown && (refused.status() == 404 || refused.status() == 405);
}

}  // namespace detail

HUBPUSH_DECL task<std::vector<discussion>> newest_pull_requests(hub_session& session, repository where) {
    const std::string what = "cannot list the pull requests of " + where.id();
    http_request request = session.request("GET", detail::discussions_path(where) + "?type=pull_request&status=all&p=0",
                                           request_class::safe);
    request.reply_limit(paged_listing::page_limit);
    const json_value answer = co_await session.send_for_json(std::move(request), what);
    std::vector<discussion> result;
    for (const json_value& item : answer.array("discussions")) result.push_back(detail::read_discussion(item));
    co_return result;
}

HUBPUSH_DECL task<std::string> opening_text(hub_session& session, repository where, std::uint64_t number) {
    const std::string what = "cannot read the discussion " + std::to_string(number) + " of " + where.id();
    http_request request = session.request("GET", detail::discussion_path(where, number), request_class::safe);
    request.reply_limit(paged_listing::page_limit);
    const json_value answer = co_await session.send_for_json(std::move(request), what);
    for (const json_value& event : answer.array("events")) {
        if (event.string("type") != "comment") continue;
        const std::optional<std::string> text =
            event.object("data").object("latest").optional_string("raw", detail::discussion_text_limit);
        co_return text.value_or("");
    }
    co_return std::string();
}

HUBPUSH_DECL task<void> set_discussion_status(hub_session& session, repository where, std::uint64_t number,
                                              discussion_status status) {
    const std::string what =
        "cannot change the status of the discussion " + std::to_string(number) + " of " + where.id();
    http_request request =
        session.request("POST", detail::discussion_path(where, number) + "/status", request_class::idempotent);
    const std::string_view name = status == discussion_status::open ? "open" : "closed";
    request.body(json_object().text("status", name).str(), "application/json");
    co_await session.send(std::move(request), what);
}

HUBPUSH_DECL task<std::optional<std::uint64_t>> open_pull_request(hub_session& session, repository where,
                                                                  std::string title, std::string text,
                                                                  std::chrono::milliseconds patience) {
    detail::pull_request_opener opener(session, where, random_id(session.seams().random()), std::move(title), text,
                                       patience);
    std::string number;
    try {
        number = co_await opener.run();
    } catch (const error& refused) {
        if (!detail::has_no_discussions(refused)) throw;
    }
    if (number.empty()) co_return std::nullopt;
    if (opener.was_cancelled()) {
        throw_error(errc::cancelled, "the operation was cancelled; the pull request " + number + " was opened",
                    error_details().hint("close it, or push to it with revision(\"refs/pr/" + number + "\")"));
    }
    co_return std::stoull(number);
}

HUBPUSH_DECL std::optional<std::uint64_t> discussion_number(std::string_view address) {
    constexpr std::string_view before = "/discussions/";
    const std::size_t at = address.rfind(before);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = address.substr(at + before.size());
    std::uint64_t number = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return number;
}

}  // namespace hubpush::inline v0
