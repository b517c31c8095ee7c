#pragma once

#include <hubpush/hub/readme.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/hub/failure.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t most_readme_messages = 20;

/// What a list of the answer says, its first items if it has too many. An item without a text counts all the same.
inline std::vector<std::string> messages_of(const json_value& list) {
    std::vector<std::string> messages;
    for (const json_value& item : list.items()) {
        if (messages.size() == most_readme_messages) break;
        const json_value* const message = item.find("message");
        const std::string& text = message != nullptr ? message->text() : item.text();
        messages.push_back(text.empty() ? std::string("(without a text)") : text);
    }
    return messages;
}

/// At most `readme_question_limit` bytes, cut between two characters.
inline std::string_view readme_question(std::string_view text) {
    if (text.size() <= readme_question_limit) return text;
    std::size_t end = readme_question_limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return text.substr(0, end);
}

[[noreturn]] inline void throw_readme_errors(const http_response& reply, const readme_verdict& verdict) {
    std::string text = "the metadata of README.md is not valid:";
    for (const std::string& message : verdict.errors()) text += " - " + message;
    throw_error(errc::bad_request, text,
                error_details()
                    .status(reply.status())
                    .file("README.md")
                    .hint("correct the lines between the two '---' at the top of README.md, or leave the file out"));
}

}  // namespace detail

HUBPUSH_DECL std::optional<readme_verdict> read_readme_verdict(const http_response& reply) {
    const std::optional<json_value> body = json_value::parse(reply.body());
    if (!body || (!reply.ok() && reply.status() != 400)) return std::nullopt;
    const json_value* const warnings = body->find("warnings");
    const json_value* const errors = body->find("errors");
    if (warnings == nullptr && errors == nullptr) return std::nullopt;
    readme_verdict verdict(warnings != nullptr ? detail::messages_of(*warnings) : std::vector<std::string>(),
                           errors != nullptr ? detail::messages_of(*errors) : std::vector<std::string>());
    if (!reply.ok() && verdict.errors().empty()) return std::nullopt;
    return verdict;
}

HUBPUSH_DECL task<void> check_readme(hub_session& session, std::string text, repo_type type) {
    log_sink& log = session.seams().log();
    const std::string_view question = detail::readme_question(text);
    if (!is_utf8(question)) {
        log.write(log_level::warning, "README.md is not UTF-8, so its metadata was not checked");
        co_return;
    }
    json_object body;
    body.text("content", question).text("repoType", singular(type));
    http_request request = session.request("POST", "/api/validate-yaml", request_class::safe);
    request.body(body.str(), "application/json");
    http_response reply = co_await session.exchange(std::move(request), "cannot check README.md");
    reply.hide(session.settings().token());  // all of it is for the user's eyes
    const std::optional<readme_verdict> verdict = read_readme_verdict(reply);
    if (!verdict) {
        log.write(log_level::warning, "the metadata of README.md was not checked: " + session.settings().endpoint() +
                                          " answers HTTP " + std::to_string(reply.status()) + " without a judgement");
        co_return;
    }
    for (const std::string& message : verdict->warnings()) {
        log.write(log_level::warning, "README.md: - " + printable(message));
    }
    if (!verdict->errors().empty()) detail::throw_readme_errors(reply, *verdict);
}

}  // namespace hubpush::inline v0
