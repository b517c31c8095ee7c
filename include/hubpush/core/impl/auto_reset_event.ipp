#pragma once

#include <hubpush/core/auto_reset_event.hpp>
#include <hubpush/core/process.hpp>

#include <mutex>

namespace hubpush::inline v0::detail {

/// Where other threads pass to the timers of an execution context. It closes when the context ends. Services end in the
/// reverse order of their making, and this one is made after the timers, so nobody meets timers that end.
class wake_gate final : public asio::execution_context::service {
    using id_type = asio::execution_context::id;
    alignas(id_type) static constexpr char address_of_type[sizeof(id_type)] = {};

public:
    /// How Asio finds the service of a context: it compares addresses. An object of that class would have to be made at
    /// the start of the program.
    inline static const id_type& id = reinterpret_cast<const id_type&>(address_of_type);

    explicit wake_gate(asio::execution_context& context) : service(context) {}

    std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
    bool is_open() const noexcept { return open_; }  ///< under the lock
    /// In a child process that has not taken the context over (`notify_fork`). Whoever holds the lock is not here.
    bool left_behind() const noexcept { return birthplace_.forked(); }

private:
    void shutdown() noexcept override {
        if (left_behind()) return;
        const std::lock_guard lock(mutex_);
        open_ = false;
    }

    void notify_fork(asio::execution_context::fork_event event) override {
        if (event == asio::execution_context::fork_prepare) {
            mutex_.lock();
            return;
        }
        mutex_.unlock();
        if (event == asio::execution_context::fork_child) birthplace_ = birthplace();
    }

    birthplace birthplace_;
    std::mutex mutex_;
    bool open_ = true;
};

HUBPUSH_DECL auto_reset_event::auto_reset_event(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()),
      gate_(asio::use_service<wake_gate>(asio::query(executor, asio::execution::context))) {}

HUBPUSH_DECL void auto_reset_event::set() {
    if (gate_.left_behind()) return;
    const auto lock = gate_.lock();
    if (gate_.is_open()) timer_.expires_at(asio::steady_timer::time_point::min());
}

HUBPUSH_DECL task<void> auto_reset_event::wait() {
    std::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    // Under the lock too: on an executor with several threads the waiting and the setting may meet.
    co_await asio::async_initiate<decltype(token), void(std::error_code)>(
        [](auto handler, auto_reset_event* event) {
            const auto lock = event->gate_.lock();
            event->timer_.async_wait(std::move(handler));
        },
        token, this);
    const auto lock = gate_.lock();
    timer_.expires_at(asio::steady_timer::time_point::max());
}

}  // namespace hubpush::inline v0::detail
