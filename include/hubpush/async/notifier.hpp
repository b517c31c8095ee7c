#pragma once

/// \file
/// A condition variable for coroutines of one strand: an Asio timer at the end of time, cancelled to wake its waiters.
/// It behaves the same on every Asio release, which the experimental channels do not (style/anchors.md §3.1).

#include <hubpush/core/asio.hpp>

#include <memory>

namespace hubpush::inline v0 {

/// Not thread-safe: waiters and notifications belong to one strand.
class notifier {
public:
    explicit notifier(asio::any_io_executor executor)
        : timer_(std::make_unique<asio::steady_timer>(std::move(executor), asio::steady_timer::time_point::max())) {}

    /// Wakes everyone who waits now.
    void notify_all() { timer_->cancel(); }

    /// Waits for the next notification. It also returns, without an exception, when the coroutine is cancelled: callers
    /// loop on their condition and ask `throw_if_cancelled()`. Cancellation: all types that the coroutine accepts.
    task<void> wait() {
        std::error_code woken;
        co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }

private:
    std::unique_ptr<asio::steady_timer> timer_;  // on the heap, so that a notifier can be moved while nobody waits
};

}  // namespace hubpush::inline v0
