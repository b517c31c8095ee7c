#pragma once

/// \file
/// How a thread wakes a coroutine that runs on somebody else's io_context.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

namespace hubpush::inline v0::detail {

class wake_gate;

/// An event that one coroutine waits for and any thread sets. It belongs to the coroutine: whoever keeps a reference in
/// order to set it does so under a lock of its own and forgets it, under that lock, before the coroutine ends; and the
/// coroutine looks at its condition under that lock when it has waited. The io_context may end at any time, also while
/// a thread sets the event.
class auto_reset_event {
public:
    /// \param executor where the coroutine runs
    HUBPUSH_DECL explicit auto_reset_event(const asio::any_io_executor& executor);
    auto_reset_event(const auto_reset_event&) = delete;
    auto_reset_event& operator=(const auto_reset_event&) = delete;

    /// Ends the wait, or the next one when nobody waits now. Thread-safe. Nothing happens in a
    /// child process that was forked without `notify_fork`.
    HUBPUSH_DECL void set();

    /// Waits until the event is set, and resets it. It also returns, without an exception, when the coroutine is
    /// cancelled: callers loop on their condition. Cancellation: all types that the coroutine accepts.
    HUBPUSH_DECL task<void> wait();

private:
    asio::steady_timer timer_;
    wake_gate& gate_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/auto_reset_event.ipp>
#endif
