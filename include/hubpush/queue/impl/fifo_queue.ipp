#pragma once

#include <hubpush/queue/fifo_queue.hpp>

namespace hubpush::inline v0 {

namespace detail {

/// The blocking calls keep the queue's inside themselves: the queue may end while a thread waits in one.
inline bool wait_for_all(std::shared_ptr<queue_core> core, std::optional<steady_time> deadline) {
    return core->wait(core->everything(), deadline);
}

inline drain_result drain_all(std::shared_ptr<queue_core> core, std::optional<steady_time> deadline) {
    wait_for_all(core, deadline);
    return core->take_outcomes();
}

inline task<drain_result> drained(std::shared_ptr<queue_core> core, std::optional<steady_time> deadline) {
    const milestone all = core->everything();
    co_await core->async_wait(all, deadline);
    co_return core->take_outcomes();
}

inline task<void> stopped(std::shared_ptr<queue_core> core) {
    core->stop();
    const milestone all = core->everything();
    co_await core->async_wait(all, std::nullopt);
}

}  // namespace detail

HUBPUSH_DECL fifo_queue::fifo_queue(asio::any_io_executor executor, queue_options options)
    : core_(std::make_shared<detail::queue_core>(std::move(executor), std::move(options))) {}

HUBPUSH_DECL fifo_queue::~fifo_queue() {
    if (core_->forked()) {
        detail::leave_to_parent(std::move(core_));
    } else {
        core_->retire();
    }
}

HUBPUSH_DECL drain_result fifo_queue::drain() { return detail::drain_all(core_, std::nullopt); }

HUBPUSH_DECL drain_result fifo_queue::drain_until(steady_time deadline) { return detail::drain_all(core_, deadline); }

HUBPUSH_DECL task<drain_result> fifo_queue::async_drain() { return detail::drained(core_, std::nullopt); }

HUBPUSH_DECL task<drain_result> fifo_queue::async_drain_until(steady_time deadline) {
    return detail::drained(core_, deadline);
}

HUBPUSH_DECL bool fifo_queue::wait_until(std::optional<steady_time> deadline) {
    return detail::wait_for_all(core_, deadline);
}

HUBPUSH_DECL void fifo_queue::cancel_all() { core_->cancel_all(); }

HUBPUSH_DECL void fifo_queue::refuse_new() { core_->refuse_new(); }

HUBPUSH_DECL void fifo_queue::stop() { core_->stop(); }

HUBPUSH_DECL task<void> fifo_queue::close() { return detail::stopped(core_); }

HUBPUSH_DECL bool fifo_queue::forked() const noexcept { return core_->forked(); }

}  // namespace hubpush::inline v0
