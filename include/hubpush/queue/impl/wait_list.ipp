#pragma once

#include <hubpush/queue/wait_list.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/queue/process.hpp>

namespace hubpush::inline v0::detail {

/// The timer never expires; it is cancelled to wake the coroutine, on the coroutine's own strand.
struct wait_list::parked {
    parked(condition awaited, const asio::any_io_executor& executor)
        : met(std::move(awaited)), wake(executor, asio::steady_timer::time_point::max()) {}

    const condition met;
    asio::steady_timer wake;
};

/// Wakers post under the mutex and this leaves the list under it, so nobody posts to an executor that is gone.
class wait_list::parking_space {
public:
    parking_space(std::shared_ptr<wait_list> list, condition met, const asio::any_io_executor& executor)
        : list_(std::move(list)), parked_(std::make_shared<parked>(std::move(met), executor)) {
        const std::lock_guard lock(list_->mutex_);
        list_->parked_.push_back(parked_);
    }
    parking_space(const parking_space&) = delete;
    parking_space& operator=(const parking_space&) = delete;
    ~parking_space() {
        if (birthplace_.forked()) {
            leave_to_parent(std::move(list_));
            return;
        }
        const std::lock_guard lock(list_->mutex_);
        list_->parked_.remove(parked_);
    }

    bool met() const {
        const std::lock_guard lock(list_->mutex_);
        return parked_->met();
    }
    const std::shared_ptr<parked>& waiter() const noexcept { return parked_; }

private:
    const birthplace birthplace_;
    std::shared_ptr<wait_list> list_;
    std::shared_ptr<parked> parked_;
};

HUBPUSH_DECL void wait_list::notify() {
    changed_.notify_all();
    for (const std::shared_ptr<parked>& waiter : parked_) {
        if (!waiter->met()) continue;
        asio::post(waiter->wake.get_executor(), [waiter] { waiter->wake.cancel(); });
    }
}

HUBPUSH_DECL bool wait_list::wait(std::unique_lock<std::mutex>& lock, const condition& met,
                                  std::optional<steady_time> deadline) {
    if (deadline) return changed_.wait_until(lock, *deadline, met);
    changed_.wait(lock, met);
    return true;
}

HUBPUSH_DECL task<bool> wait_list::async_wait(std::shared_ptr<wait_list> list, clock& time, condition met,
                                              std::optional<steady_time> deadline) {
    // On a strand of its own the wake-up cannot overtake the wait, whatever executor the caller is on.
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_return co_await run_on(asio::make_strand(executor), wait_parked(list, time, met, deadline));
}

HUBPUSH_DECL task<bool> wait_list::wait_parked(std::shared_ptr<wait_list> list, clock& time, condition met,
                                               std::optional<steady_time> deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const parking_space space(list, met, executor);
    const std::shared_ptr<parked> waiter = space.waiter();
    const std::unique_ptr<timer> alarm = time.make_timer(executor);
    if (deadline) alarm->start(*deadline, [waiter] { waiter->wake.cancel(); });
    while (!space.met()) {
        co_await throw_if_cancelled();
        if (deadline && time.now() >= *deadline) co_return false;
        std::error_code woken;
        co_await waiter->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return true;
}

}  // namespace hubpush::inline v0::detail
