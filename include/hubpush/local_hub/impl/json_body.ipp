#pragma once

// JSON in requests and answers of the embedded Hub. For the other .ipp files of this folder only.

#include <hubpush/async/task.hpp>
#include <hubpush/local_hub/reply.hpp>
#include <hubpush/local_hub/server_exchange.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0::detail {

/// The largest JSON body the Hub's own calls need: 256 files with a sample each, and the texts of two git files.
inline constexpr std::size_t json_body_limit = 2 * 1024 * 1024;

/// Parses an object from outside. The depth is limited while parsing, because nlohmann's documents of deep texts crash
/// when they end (spec/reliability.md §2.2).
inline nlohmann::json parse_object(std::string_view text) {
    const auto limit_depth = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        if (depth > 64) throw refusal(400, "", "The JSON of the request is nested too deeply");
        return true;
    };
    nlohmann::json object = nlohmann::json::parse(text, limit_depth, false);
    if (!object.is_object()) throw refusal(400, "", "The body of the request is not a JSON object");
    return object;
}

/// The body as an object; an empty body counts as one without members.
inline task<nlohmann::json> read_object(server_exchange& exchange) {
    const std::string text = co_await exchange.read_text(json_body_limit);
    if (text.empty()) co_return nlohmann::json::object();
    co_return parse_object(text);
}

/// A text member; nothing when it is absent or null. Refuses any other type.
inline std::optional<std::string> text_member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    if (!found->is_string()) throw refusal(400, "", std::string(name) + " must be a string");
    return found->get<std::string>();
}

/// True or false; nothing when it is absent or null. Refuses any other type.
inline std::optional<bool> flag_member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    if (!found->is_boolean()) throw refusal(400, "", std::string(name) + " must be true or false");
    return found->get<bool>();
}

/// Nothing but `true` is true.
inline bool true_member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && *found == true;
}

/// A size: only a non-negative integer, because nlohmann converts everything else silently.
inline std::uint64_t size_member(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_unsigned())
        throw refusal(400, "", std::string(name) + " must be a size");
    return found->get<std::uint64_t>();
}

/// A list of objects of at most `limit` elements.
inline const nlohmann::json& list_member(const nlohmann::json& object, const char* name, std::size_t limit) {
    const auto found = object.find(name);
    const auto is_object = [](const nlohmann::json& each) { return each.is_object(); };
    if (found == object.end() || !found->is_array() || !std::all_of(found->begin(), found->end(), is_object)) {
        throw refusal(400, "", std::string(name) + " must be a list of objects");
    }
    if (found->size() > limit)
        throw refusal(400, "", std::string(name) + " has more than " + std::to_string(limit) + " elements");
    return *found;
}

/// Names in git need not be UTF-8; JSON has to be.
inline std::string json_text(const nlohmann::json& value) {
    return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline served_reply json_reply(const nlohmann::json& value) { return served_reply::json(json_text(value)); }

}  // namespace hubpush::inline v0::detail
