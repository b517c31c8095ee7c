#pragma once

#include <hubpush/async/timing.hpp>
#include <hubpush/upload/progress.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL void progress_tracker::found(std::uint64_t files, std::uint64_t bytes) {
    files_ += files;
    found_bytes_ += bytes;
    report();
}

HUBPUSH_DECL void progress_tracker::hashed(std::uint64_t bytes) {
    hashed_bytes_ += bytes;
    enter(phase::hashing);
    report();
}

HUBPUSH_DECL void progress_tracker::to_send(std::uint64_t bytes) {
    send_total_ += bytes;
    report();
}

HUBPUSH_DECL void progress_tracker::sent(std::uint64_t bytes) {
    sent_bytes_ += bytes;
    enter(phase::sending);
    report();
}

HUBPUSH_DECL void progress_tracker::committing() {
    enter(phase::committing);
    report();
}

HUBPUSH_DECL task<void> progress_tracker::finish() {
    if (!callback_.callback()) co_return;
    enter(phase::committing);
    sent_bytes_ = send_total_;
    // The commit is made: nothing may turn that into "cancelled" any more.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_until(*clock_, next_report_);
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    callback_.callback()(view());
}

/// The steps overlap, so an earlier one may still report when a later one has begun: there is no way back.
HUBPUSH_DECL void progress_tracker::enter(phase next) {
    for (auto each = static_cast<std::size_t>(phase_) + 1; each <= static_cast<std::size_t>(next); ++each) {
        phase_began_[each] = clock_->now();
    }
    phase_ = std::max(phase_, next);
}

HUBPUSH_DECL void progress_tracker::report() {
    if (!callback_.callback()) return;
    const steady_time now = clock_->now();
    if (now < next_report_) return;
    next_report_ = now + interval;
    callback_.callback()(view());
}

HUBPUSH_DECL progress_view progress_tracker::view() const {
    progress_view result = counters();
    result.phase_began = phase_began_;
    return result;
}

HUBPUSH_DECL progress_view progress_tracker::counters() const {
    switch (phase_) {
        case phase::scanning:
            return {"scanning", files_, 0, found_bytes_};
        case phase::hashing:
            return {"hashing", files_, std::min(hashed_bytes_, found_bytes_), found_bytes_};
        case phase::sending:
            return {"sending", files_, sent_bytes_, send_total_};
        case phase::committing:
            break;
    }
    return {"committing", files_, sent_bytes_, send_total_};
}

}  // namespace hubpush::inline v0::detail
