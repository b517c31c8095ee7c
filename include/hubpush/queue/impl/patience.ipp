#pragma once

#include <hubpush/queue/patience.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL std::optional<std::chrono::milliseconds> patience::next_pause(
    steady_time now, std::optional<std::chrono::milliseconds> server_asks, std::uint64_t random) {
    using std::chrono::milliseconds;
    if (!first_failure_) first_failure_ = now;
    const milliseconds left = give_up_after_ - std::chrono::floor<milliseconds>(now - *first_failure_);
    const milliseconds asked = std::max(server_asks.value_or(milliseconds(0)), milliseconds(0));
    if (left <= milliseconds(0) || asked > left) return std::nullopt;
    const auto choices = static_cast<std::uint64_t>(bound_.count()) + 1;
    const milliseconds jitter(static_cast<milliseconds::rep>(random % choices));
    bound_ = std::min(bound_ * 2, longest_bound);
    return std::min(asked + jitter, left);
}

}  // namespace hubpush::inline v0::detail
