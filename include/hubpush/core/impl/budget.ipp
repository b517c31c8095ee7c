#pragma once

#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <string>

namespace hubpush::inline v0::detail {

inline constexpr std::size_t page_size = 4096;

/// Someone who waits for bytes. The timer expires when they are granted.
struct budget_waiter {
    budget_waiter(asio::any_io_executor executor, std::size_t wanted)
        : wake(std::move(executor), asio::steady_timer::time_point::max()), size(wanted) {}
    asio::steady_timer wake;
    std::size_t size;
    bool granted = false;
};

/// The counters, shared by the budget and its leases so that a lease may outlive the budget.
class budget_state {
public:
    explicit budget_state(std::uint64_t limit) : limit_(limit) {}

    std::uint64_t limit() const noexcept { return limit_; }
    std::uint64_t used() const {
        const std::lock_guard lock(mutex_);
        return used_;
    }
    std::uint64_t peak() const {
        const std::lock_guard lock(mutex_);
        return peak_;
    }

    /// Takes `size` bytes, or queues a waiter and gives it back.
    std::shared_ptr<budget_waiter> take_or_wait(std::size_t size, const asio::any_io_executor& executor) {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty() && used_ + size <= limit_) {
            add(size);
            return nullptr;
        }
        waiting_.push_back(std::make_shared<budget_waiter>(executor, size));
        return waiting_.back();
    }

    bool is_granted(const budget_waiter& waiter) const {
        const std::lock_guard lock(mutex_);
        return waiter.granted;
    }

    /// Under the lock, as the waking is: on an executor with several threads the two may meet.
    template <class Handler>
    void wait(budget_waiter& waiter, Handler handler) {
        const std::lock_guard lock(mutex_);
        waiter.wake.async_wait(std::move(handler));
    }

    /// A waiter gives up: it leaves the queue, or returns what it was granted in the meantime.
    void withdraw(const std::shared_ptr<budget_waiter>& waiter) {
        const std::lock_guard lock(mutex_);
        if (waiter->granted) {
            used_ -= waiter->size;
        } else {
            std::erase(waiting_, waiter);
        }
        grant();
    }

    void release(std::size_t size) {
        const std::lock_guard lock(mutex_);
        used_ -= size;
        grant();
    }

private:
    void add(std::size_t size) {
        used_ += size;
        peak_ = std::max(peak_, used_);
    }

    void grant() {
        while (!waiting_.empty() && used_ + waiting_.front()->size <= limit_) {
            const std::shared_ptr<budget_waiter> next = waiting_.front();
            waiting_.pop_front();
            add(next->size);
            next->granted = true;
            next->wake.expires_at(asio::steady_timer::time_point::min());
        }
    }

    mutable std::mutex mutex_;
    const std::uint64_t limit_;
    std::uint64_t used_ = 0;
    std::uint64_t peak_ = 0;
    std::deque<std::shared_ptr<budget_waiter>> waiting_;
};

/// Gives a granted reservation back unless it became a lease: also when the coroutine is destroyed while it waits.
class reservation {
public:
    reservation(std::shared_ptr<budget_state> state, std::shared_ptr<budget_waiter> waiter)
        : state_(std::move(state)), waiter_(std::move(waiter)) {}
    reservation(const reservation&) = delete;
    reservation& operator=(const reservation&) = delete;
    ~reservation() {
        if (waiter_) state_->withdraw(waiter_);
    }
    void keep() noexcept { waiter_.reset(); }

private:
    std::shared_ptr<budget_state> state_;
    std::shared_ptr<budget_waiter> waiter_;
};

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL lease::~lease() {
    if (data_ == nullptr) return;
    std::free(data_);
    state_->release(size_);
}

HUBPUSH_DECL memory_budget::memory_budget(std::uint64_t limit)
    : state_(std::make_shared<detail::budget_state>(std::max(limit, least_limit))) {}

HUBPUSH_DECL task<lease> memory_budget::acquire(std::size_t size) {
    const std::shared_ptr<detail::budget_state> state = state_;
    const std::size_t rounded =
        (std::max<std::size_t>(size, 1) + detail::page_size - 1) / detail::page_size * detail::page_size;
    if (rounded > state->limit()) {
        throw_error(errc::limit_exceeded, "a buffer of " + std::to_string(size) +
                                              " bytes does not fit into the memory budget of " +
                                              std::to_string(state->limit()) + " bytes");
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const std::shared_ptr<detail::budget_waiter> waiter = state->take_or_wait(rounded, executor);
    detail::reservation held(state, waiter);
    while (waiter && !state->is_granted(*waiter)) {
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            throw_error(errc::cancelled, "cancelled while waiting for memory");
        }
        std::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await asio::async_initiate<decltype(token), void(std::error_code)>(
            [](auto handler, detail::budget_state* granting, detail::budget_waiter* waiting) {
                granting->wait(*waiting, std::move(handler));
            },
            token, state.get(), waiter.get());
    }
    void* const data = std::aligned_alloc(detail::page_size, rounded);
    if (data == nullptr) {
        if (!waiter) state->release(rounded);
        throw std::bad_alloc();
    }
    held.keep();
    co_return lease(state, static_cast<std::byte*>(data), rounded);
}

HUBPUSH_DECL std::uint64_t memory_budget::limit() const noexcept { return state_->limit(); }
HUBPUSH_DECL std::uint64_t memory_budget::used() const noexcept { return state_->used(); }
HUBPUSH_DECL std::uint64_t memory_budget::peak() const noexcept { return state_->peak(); }

}  // namespace hubpush::inline v0
