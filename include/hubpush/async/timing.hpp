#pragma once

/// \file
/// Waiting on the clock seam: sleep, and a deadline that guards an operation from outside.

#include <hubpush/async/task.hpp>
#include <hubpush/core/seams.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

namespace hubpush::inline v0 {

namespace detail {

/// `duration` after `now`; a hundred years stand for "for ever", which would overflow.
template <class Rep, class Period>
steady_time deadline_after(steady_time now, std::chrono::duration<Rep, Period> duration) {
    using unit = std::chrono::duration<Rep, Period>;
    constexpr auto for_ever = std::chrono::duration_cast<unit>(std::chrono::hours(24 * 365 * 100));
    return now + std::chrono::duration_cast<steady_time::duration>(std::clamp(duration, -for_ever, for_ever));
}

}  // namespace detail

/// Waits until `clock` reaches `at`. On a strand, or an executor with one thread: the clock's timer and the coroutine
/// share what they wait with. Cancellation: all types; throws `cancelled`.
HUBPUSH_DECL task<void> sleep_until(clock& clock, steady_time at);

/// The same for a duration from now.
HUBPUSH_DECL task<void> sleep_for(clock& clock, std::chrono::nanoseconds duration);

/// Calls `on_expiry` once unless it is moved on or ends before: the way a connection closes its stream when the peer is
/// silent. Moving the deadline is cheap (no timer is touched while it only moves later), so it may be done per read and
/// write. Belongs to the strand of its executor; `on_expiry` must outlive nothing but this object.
class deadline {
public:
    HUBPUSH_DECL deadline(clock& clock, asio::any_io_executor executor, std::function<void()> on_expiry);
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    HUBPUSH_DECL void expires_at(steady_time at);
    HUBPUSH_DECL void expires_after(std::chrono::nanoseconds duration);
    HUBPUSH_DECL void cancel();
    bool expired() const noexcept { return expired_; }

private:
    HUBPUSH_DECL void arm();

    clock& clock_;
    std::unique_ptr<timer> timer_;
    std::function<void()> on_expiry_;
    steady_time at_{};
    steady_time armed_for_{};
    bool armed_ = false;
    bool active_ = false;
    bool expired_ = false;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/timing.ipp>
#endif
