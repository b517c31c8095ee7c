#pragma once

#include <hubpush/xet/fragmentation.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL bool fragmentation_control::allows(std::size_t chunks) {
    if (terms_ < window) return true;
    const std::size_t threshold = low_ ? low_threshold : high_threshold;
    if (sum_ >= threshold * window) {
        low_ = true;
        return true;
    }
    if (chunks * window >= sum_) return true;
    low_ = false;
    return false;
}

HUBPUSH_DECL void fragmentation_control::start_term(std::size_t chunks) {
    std::size_t& oldest = lengths_[terms_ % window];
    sum_ += chunks - oldest;
    oldest = chunks;
    ++terms_;
}

HUBPUSH_DECL void fragmentation_control::extend_term(std::size_t chunks) {
    lengths_[(terms_ - 1) % window] += chunks;
    sum_ += chunks;
}

}  // namespace hubpush::inline v0
