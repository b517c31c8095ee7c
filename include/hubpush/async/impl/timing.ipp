#pragma once

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/timing.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL task<void> sleep_until(clock& clock, steady_time at) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    notifier expired(executor);
    const std::unique_ptr<timer> wake_up = clock.make_timer(executor);
    bool done = false;
    wake_up->start(at, [&done, &expired] {
        done = true;
        expired.notify_all();
    });
    while (!done) {
        co_await throw_if_cancelled();
        co_await expired.wait();
    }
}

HUBPUSH_DECL task<void> sleep_for(clock& clock, std::chrono::nanoseconds duration) {
    co_await sleep_until(clock, detail::deadline_after(clock.now(), duration));
}

HUBPUSH_DECL deadline::deadline(clock& clock, asio::any_io_executor executor, std::function<void()> on_expiry)
    : clock_(clock), timer_(clock.make_timer(std::move(executor))), on_expiry_(std::move(on_expiry)) {}

HUBPUSH_DECL void deadline::expires_at(steady_time at) {
    at_ = at;
    active_ = true;
    if (!armed_ || at < armed_for_) arm();
}

HUBPUSH_DECL void deadline::expires_after(std::chrono::nanoseconds duration) {
    expires_at(detail::deadline_after(clock_.now(), duration));
}

HUBPUSH_DECL void deadline::cancel() {
    active_ = false;
    armed_ = false;
    timer_->cancel();
}

/// The timer fires at the earliest deadline it was armed for and re-arms itself when the deadline has moved since.
HUBPUSH_DECL void deadline::arm() {
    armed_ = true;
    armed_for_ = at_;
    timer_->start(at_, [this] {
        armed_ = false;
        if (!active_) return;
        if (clock_.now() < at_) {
            arm();
            return;
        }
        active_ = false;
        expired_ = true;
        on_expiry_();
    });
}

}  // namespace hubpush::inline v0
