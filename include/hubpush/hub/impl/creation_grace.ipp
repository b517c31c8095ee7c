#pragma once

#include <hubpush/hub/creation_grace.hpp>

#include <hubpush/net/http_message.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

/// Does `path` begin with `place`, in whatever case (§2.1), and go on below it or end there?
inline bool is_below(std::string_view path, std::string_view place) {
    if (!equal_without_case(path.substr(0, place.size()), place)) return false;
    const std::string_view rest = path.substr(place.size());
    return rest.empty() || rest.front() == '/' || rest.front() == '?';
}

}  // namespace detail

HUBPUSH_DECL void creation_grace::created(repository where, steady_time now) {
    if (created_.size() == most) created_.pop_front();
    created_.emplace_back(std::move(where), now);
}

HUBPUSH_DECL bool creation_grace::covers(std::string_view path, steady_time now) const {
    return std::any_of(created_.begin(), created_.end(), [&](const auto& entry) {
        const auto& [where, since] = entry;
        return now - since < length &&
               (detail::is_below(path, where.api_path()) || detail::is_below(path, where.git_path()));
    });
}

}  // namespace hubpush::inline v0
