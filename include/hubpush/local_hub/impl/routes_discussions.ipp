#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>

#include <algorithm>
#include <charconv>

namespace hubpush::inline v0::detail {

/// The discussion that the address names, as a copy to change and store.
HUBPUSH_DECL kept_discussion hub_service::discussion_of(const hub_call& call) const {
    const std::string_view digits = call.segment(call.verb + 1);
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool understood = failed == std::errc() && end == digits.data() + digits.size();
    const kept_discussion* const found = understood ? call.repository->discussions.find(number) : nullptr;
    if (found == nullptr) throw refusal(404, "", "There is no such discussion");
    return *found;
}

HUBPUSH_DECL nlohmann::json hub_service::shown_discussion(const hub_call& call, const kept_discussion& thing) const {
    nlohmann::json object = discussion_json(thing);
    object["repo"] = {{"name", call.repository->id()}, {"type", kind_name(call.repository->kind())}};
    return object;
}

HUBPUSH_DECL task<void> hub_service::read_discussions(hub_call& call) {
    if (call.rest().empty()) co_return co_await list_discussions(call);
    co_await show_discussion(call);
}

/// Which discussions a listing asks for (spec/hub-http-api.md §3.8).
inline bool is_asked_for(const kept_discussion& thing, const form_fields& query) {
    const std::string type = query.first("type").value_or("all");
    const std::string status = query.first("status").value_or("all");
    const std::string author = query.first("author").value_or(thing.author);
    return (type == "all" || (type == "pull_request") == thing.is_pull_request()) &&
           (status == "all" || (status == "open") == thing.is_open()) && author == thing.author;
}

HUBPUSH_DECL task<void> hub_service::list_discussions(hub_call& call) {
    static constexpr std::size_t page_length = 50;
    std::vector<const kept_discussion*> found;
    for (const auto& [number, thing] : call.repository->discussions.all()) {
        if (is_asked_for(thing, call.query)) found.push_back(&thing);
    }
    std::reverse(found.begin(), found.end());  // newest first
    const std::size_t start = page_length * call.query.number("p", 0, 0, 1'000'000);
    nlohmann::json list = nlohmann::json::array();
    for (std::size_t i = start; i < std::min(found.size(), start + page_length); ++i) {
        nlohmann::json object = shown_discussion(call, *found[i]);
        object.erase("events");
        list.push_back(std::move(object));
    }
    const nlohmann::json answer{{"count", found.size()}, {"start", start}, {"discussions", std::move(list)}};
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<void> hub_service::show_discussion(hub_call& call) {
    const kept_discussion thing = discussion_of(call);
    nlohmann::json answer = shown_discussion(call, thing);
    if (thing.is_pull_request()) co_await add_commits_and_diff(call, thing, answer);
    co_await call.exchange.answer(json_reply(answer));
}

inline nlohmann::json commit_event(const git_log_entry& commit) {
    return {{"id", commit.id().substr(0, 24)},
            {"type", "commit"},
            {"createdAt", iso_date(commit.author().date())},
            {"author", {{"name", commit.author().name()}}},
            {"data", {{"subject", commit.title()}, {"oid", commit.id()}}}};
}

HUBPUSH_DECL task<void> hub_service::add_commits_and_diff(hub_call& call, kept_discussion thing,
                                                          nlohmann::json& answer) {
    static constexpr std::size_t most_commits = 1000;
    static constexpr std::size_t longest_diff = 1024 * 1024;
    const std::string head = co_await commit_of(call, thing.ref());
    const git_log_page log = co_await call.git().log(head, most_commits, 0, thing.base);
    nlohmann::json& events = answer["events"];
    const auto by_date = [](const nlohmann::json& left, const nlohmann::json& right) {
        return left["createdAt"] < right["createdAt"];
    };
    for (auto commit = log.commits().rbegin(); commit != log.commits().rend(); ++commit) {
        const nlohmann::json event = commit_event(*commit);
        events.insert(std::upper_bound(events.begin(), events.end(), event, by_date), event);
    }
    answer["filesWithConflicts"] = nlohmann::json::array();
    if (thing.is_open()) {
        const std::optional<std::string> target = co_await call.git().resolve(thing.target);
        const git_merge merged = co_await call.git().merge(target.value_or(thing.base), head);
        answer["filesWithConflicts"] = merged.conflicts();
    }
    if (!call.query.flag("diff")) co_return;
    try {
        answer["diff"] = co_await call.git().diff(thing.base, head, longest_diff);
    } catch (const error& failed) {
        if (failed.kind() != errc::limit_exceeded) throw;
        answer["diff"] = "";
    }
}

HUBPUSH_DECL task<void> hub_service::write_discussions(hub_call& call) {
    if (call.segment(call.verb + 2) == "merge" && !call.caller().may_write()) refuse_writer();
    const nlohmann::json body = co_await read_object(call.exchange);
    served_reply reply = co_await apply_to_discussions(call, body);
    co_await call.exchange.answer(std::move(reply));
}

HUBPUSH_DECL task<served_reply> hub_service::apply_to_discussions(hub_call& call, const nlohmann::json& body) {
    if (call.rest().empty()) co_return co_await start_discussion(call, body);
    const std::string_view what = call.segment(call.verb + 2);
    const bool changes_comment = what == "comment" && call.segments.size() == call.verb + 5;
    const git_repository::lock_type lock = co_await lock_repository(call);
    kept_discussion thing = discussion_of(call);
    if (changes_comment) co_return co_await change_comment(call, std::move(thing), body);
    if (what == "comment") co_return co_await comment_discussion(call, std::move(thing), body);
    if (what == "title") co_return co_await rename_discussion(call, std::move(thing), body);
    if (what == "status") co_return co_await change_status(call, std::move(thing), body);
    if (what == "merge") co_return co_await merge_pull_request(call, lock, std::move(thing), body);
    refuse_unknown_address();
}

inline std::string text_without_margins(std::string_view text) {
    static constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

/// `text` comes out of JSON and is well-formed.
inline std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(utf8_length(text));
    return count;
}

/// spec/hub-http-api.md §14.6. A title becomes the first line of a commit: it is one line.
inline std::string title_member(const nlohmann::json& body) {
    std::string title = text_without_margins(text_member(body, "title").value_or(""));
    const std::size_t length = count_characters(title);
    if (length < 3 || length > 200) throw refusal(400, "", "A title has 3 to 200 characters");
    const auto is_control = [](char each) { return static_cast<unsigned char>(each) < ' ' || each == '\x7f'; };
    if (std::any_of(title.begin(), title.end(), is_control))
        throw refusal(400, "", "A title holds no control characters");
    return title;
}

inline std::string said(const nlohmann::json& body, const char* name) {
    std::string text = text_member(body, name).value_or("");
    if (text_without_margins(text).empty()) throw refusal(400, "", std::string(name) + " must not be empty");
    return text;
}

HUBPUSH_DECL task<served_reply> hub_service::start_discussion(hub_call& call, const nlohmann::json& body) {
    const std::string title = title_member(body);
    const std::string description = text_member(body, "description").value_or("");
    const git_repository::lock_type lock = co_await lock_repository(call);
    discussion_book& book = call.repository->discussions;
    kept_discussion thing(book.next_number(), title, call.caller().user(), today());
    thing.add(discussion_event(discussion_event::kind::comment, thing.author, thing.date, description));
    const bool pull_request = true_member(body, "pullRequest");
    const nlohmann::json answer{{"num", thing.number}, {"pullRequest", pull_request}};
    if (pull_request) {
        const git_ref target = co_await branch_of(call, "main");
        thing.status = "draft";
        thing.target = target.name();
        thing.base = target.commit();
        task<void> make_ref = call.git().create_ref(lock, thing.ref(), thing.base);
        co_await book.open(*pool_, std::move(thing), std::move(make_ref));
    } else {
        co_await book.store(*pool_, std::move(thing));
    }
    co_return json_reply(answer);
}

HUBPUSH_DECL task<served_reply> hub_service::keep_event(hub_call& call, const char* name, kept_discussion thing,
                                                        discussion_event event) {
    co_await call.repository->discussions.store(*pool_, std::move(thing));
    nlohmann::json answer = nlohmann::json::object();
    answer[name] = event_json(event);
    co_return json_reply(answer);
}

HUBPUSH_DECL task<served_reply> hub_service::comment_discussion(hub_call& call, kept_discussion thing,
                                                                const nlohmann::json& body) {
    discussion_event comment(discussion_event::kind::comment, call.caller().user(), today(), said(body, "comment"));
    comment = thing.add(std::move(comment));
    co_return co_await keep_event(call, "newMessage", std::move(thing), std::move(comment));
}

/// Only who began it, or who may write to the repository.
inline void require_author(const hub_call& call, const std::string& author) {
    if (!call.caller().may_write() && call.caller().user() != author) {
        throw refusal(403, "", "Only the author may do this, or somebody who may write to the repository");
    }
}

HUBPUSH_DECL task<served_reply> hub_service::change_comment(hub_call& call, kept_discussion thing,
                                                            const nlohmann::json& body) {
    discussion_event* const comment = thing.comment(call.segment(call.verb + 3));
    if (comment == nullptr) throw refusal(404, "", "There is no such comment");
    require_author(call, comment->author);
    const std::string_view how = call.segment(call.verb + 4);
    if (how == "edit") {
        comment->text = said(body, "content");
        comment->edited = true;
    } else if (how == "hide") {
        comment->text = "This comment has been hidden";  // for good: the text is gone
        comment->hidden = true;
    } else {
        refuse_unknown_address();
    }
    discussion_event changed = *comment;
    co_return co_await keep_event(call, "updatedComment", std::move(thing), std::move(changed));
}

HUBPUSH_DECL task<served_reply> hub_service::rename_discussion(hub_call& call, kept_discussion thing,
                                                               const nlohmann::json& body) {
    require_author(call, thing.author);
    discussion_event change(discussion_event::kind::title_change, call.caller().user(), today(), title_member(body));
    change.before = thing.title;
    thing.title = change.text;
    change = thing.add(std::move(change));
    co_return co_await keep_event(call, "newTitle", std::move(thing), std::move(change));
}

/// What is said while something else is done.
inline void add_remark(kept_discussion& thing, const nlohmann::json& body, const std::string& user,
                       std::chrono::sys_seconds date) {
    const std::string remark = text_without_margins(text_member(body, "comment").value_or(""));
    if (!remark.empty()) thing.add(discussion_event(discussion_event::kind::comment, user, date, remark));
}

HUBPUSH_DECL task<served_reply> hub_service::change_status(hub_call& call, kept_discussion thing,
                                                           const nlohmann::json& body) {
    require_author(call, thing.author);
    const std::string status = text_member(body, "status").value_or("");
    if (status != "open" && status != "closed") throw refusal(400, "", "The status is neither open nor closed");
    if (thing.status == "merged") throw refusal(400, "", "The pull request is merged");
    add_remark(thing, body, call.caller().user(), today());
    discussion_event change(discussion_event::kind::status_change, call.caller().user(), today(), status);
    thing.status = status;
    change = thing.add(std::move(change));
    co_return co_await keep_event(call, "newStatus", std::move(thing), std::move(change));
}

/// A server that dies between the commit and the note of it leaves the pull request open; merging it again finds that
/// nothing is left to merge.
HUBPUSH_DECL task<served_reply> hub_service::merge_pull_request(hub_call& call, const git_repository::lock_type& lock,
                                                                kept_discussion thing, const nlohmann::json& body) {
    if (!thing.is_pull_request() || !thing.is_open()) throw refusal(400, "", "There is no open pull request to merge");
    const git_ref target = co_await branch_of(call, thing.target);
    const git_ref source = co_await branch_of(call, thing.ref());
    const git_merge merged = co_await call.git().merge(target.commit(), source.commit());
    if (!merged.conflicts().empty()) throw refusal(400, "", "The pull request conflicts with its target");
    if (merged.unchanged()) throw refusal(400, "", "The pull request has no associated changes");
    const std::string title = thing.title + " (#" + std::to_string(thing.number) + ")";
    thing.merge_commit = co_await call.git().commit_tree(lock, merged.tree(), target.commit(), title, author_of(call));
    co_await call.git().move_ref(lock, target.name(), target.commit(), thing.merge_commit);
    add_remark(thing, body, call.caller().user(), today());
    thing.status = "merged";
    thing.add(discussion_event(discussion_event::kind::status_change, call.caller().user(), today(), thing.status));
    co_await call.repository->discussions.store(*pool_, std::move(thing));
    co_return served_reply::json("{}");
}

}  // namespace hubpush::inline v0::detail
