#pragma once

#include <hubpush/hub/server_warnings.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <string_view>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::vector<std::string> server_warnings::take_new(const http_response& reply) {
    std::vector<std::string> messages;
    for (const header_list::field& each : reply.headers()) {
        if (!detail::equal_without_case(each.first, "X-HF-Warning")) continue;
        const std::string_view field = each.second;  // `topic; message`, or a message alone
        const std::size_t end = field.find(';');
        const std::string_view topic = end == std::string_view::npos ? std::string_view() : field.substr(0, end);
        const std::string_view message = detail::trimmed(field.substr(end + 1));
        if (message.empty() || shown_.size() == most_topics) continue;
        const bool is_new = shown_.emplace(detail::trimmed(topic)).second;
        if (is_new) messages.push_back(printable(message));
    }
    return messages;
}

}  // namespace hubpush::inline v0
