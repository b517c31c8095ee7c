#pragma once

#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/accounts.hpp>

#include <optional>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL void hub_accounts::add(hub_token token) {
    const std::lock_guard lock(mutex_);
    tokens_.push_back(std::move(token));
}

HUBPUSH_DECL hub_caller hub_accounts::find(std::string_view token) const {
    const std::lock_guard lock(mutex_);
    for (const hub_token& each : tokens_) {
        if (each.text().equals(token)) return hub_caller(each.user(), each.role());
    }
    return hub_caller(token_state::unknown);
}

HUBPUSH_DECL hub_caller hub_accounts::identify(const request_head& request) const {
    const std::optional<std::string_view> field = request.find("authorization");
    if (!field) return hub_caller();
    const std::size_t space = field->find(' ');
    if (space == std::string_view::npos) return hub_caller(token_state::unknown);
    const std::string_view scheme = field->substr(0, space);
    const std::string_view credentials = field->substr(space + 1);
    if (equal_ignoring_case(scheme, "bearer")) return find(credentials);
    const auto decoded = equal_ignoring_case(scheme, "basic") ? from_base64(credentials) : std::nullopt;
    if (!decoded) return hub_caller(token_state::unknown);
    const std::string_view pair(reinterpret_cast<const char*>(decoded->data()), decoded->size());
    const std::size_t colon = pair.find(':');
    return colon == std::string_view::npos ? hub_caller(token_state::unknown) : find(pair.substr(colon + 1));
}

}  // namespace hubpush::inline v0::detail
