#pragma once

#include <hubpush/queue/wait_list.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/auto_reset_event.hpp>
#include <hubpush/core/process.hpp>

namespace hubpush::inline v0::detail {

/// A coroutine that waits, on its frame. Wakers set the event under the mutex and this leaves the list under it, so
/// nobody sets one that is gone.
class wait_list::parked {
public:
    parked(std::shared_ptr<wait_list> list, condition met, const asio::any_io_executor& executor)
        : list_(std::move(list)), met_(std::move(met)), changed_(executor) {
        const std::lock_guard lock(list_->mutex_);
        list_->parked_.push_back(this);
    }
    parked(const parked&) = delete;
    parked& operator=(const parked&) = delete;
    ~parked() {
        if (birthplace_.forked()) {
            leave_to_parent(std::move(list_));
            return;
        }
        const std::lock_guard lock(list_->mutex_);
        list_->parked_.remove(this);
    }

    bool met() const {
        const std::lock_guard lock(list_->mutex_);
        return met_();
    }
    task<void> wait() { return changed_.wait(); }
    void wake() { changed_.set(); }
    void wake_if_met() {  // under the mutex
        if (met_()) wake();
    }

private:
    const birthplace birthplace_;
    std::shared_ptr<wait_list> list_;
    const condition met_;
    auto_reset_event changed_;
};

HUBPUSH_DECL void wait_list::notify() {
    if (birthplace_.forked()) return;  // whoever waited there may be gone here
    changed_.notify_all();
    for (parked* const waiter : parked_) waiter->wake_if_met();
}

HUBPUSH_DECL bool wait_list::wait(std::unique_lock<std::mutex>& lock, const condition& met,
                                  std::optional<steady_time> deadline) {
    if (deadline) return changed_.wait_until(lock, *deadline, met);
    changed_.wait(lock, met);
    return true;
}

HUBPUSH_DECL task<bool> wait_list::async_wait(std::shared_ptr<wait_list> list, clock& time, condition met,
                                              std::optional<steady_time> deadline) {
    // On a strand of its own the alarm cannot ring while it is taken down, whatever executor the caller is on.
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_return co_await run_on(asio::make_strand(executor), wait_parked(list, time, met, deadline));
}

HUBPUSH_DECL task<bool> wait_list::wait_parked(std::shared_ptr<wait_list> list, clock& time, condition met,
                                               std::optional<steady_time> deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    parked waiter(list, met, executor);
    const std::unique_ptr<timer> alarm = time.make_timer(executor);
    if (deadline) alarm->start(*deadline, [&waiter] { waiter.wake(); });
    while (!waiter.met()) {
        co_await throw_if_cancelled();
        if (deadline && time.now() >= *deadline) co_return false;
        co_await waiter.wait();
    }
    co_return true;
}

}  // namespace hubpush::inline v0::detail
