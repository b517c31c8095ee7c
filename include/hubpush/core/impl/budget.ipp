#pragma once

#include <hubpush/core/auto_reset_event.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <new>
#include <optional>
#include <string>

namespace hubpush::inline v0::detail {

inline constexpr std::size_t page_size = 4096;

class budget_waiter;

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

    /// Takes `size` bytes now, or nothing when somebody waits already or they are not free.
    bool take(std::size_t size) {
        const std::lock_guard lock(mutex_);
        const bool fits = waiting_.empty() && used_ + size <= limit_;
        if (fits) add(size);
        return fits;
    }

    void release(std::size_t size) {
        const std::lock_guard lock(mutex_);
        used_ -= size;
        grant();
    }

private:
    friend class budget_waiter;

    void add(std::size_t size) {
        used_ += size;
        peak_ = std::max(peak_, used_);
    }

    void grant();

    mutable std::mutex mutex_;
    const std::uint64_t limit_;
    std::uint64_t used_ = 0;
    std::uint64_t peak_ = 0;
    std::deque<budget_waiter*> waiting_;
};

/// Someone who waits for bytes, on the coroutine's frame. What was granted goes back unless it became a lease: also
/// when the coroutine is destroyed while it waits.
class budget_waiter {
public:
    budget_waiter(budget_state& state, const asio::any_io_executor& executor, std::size_t size)
        : state_(state), granted_event_(executor), size_(size) {
        const std::lock_guard lock(state_.mutex_);
        state_.waiting_.push_back(this);
        state_.grant();
    }
    budget_waiter(const budget_waiter&) = delete;
    budget_waiter& operator=(const budget_waiter&) = delete;
    ~budget_waiter() {
        const std::lock_guard lock(state_.mutex_);
        if (!granted_) {
            std::erase(state_.waiting_, this);
        } else if (!kept_) {
            state_.used_ -= size_;
        }
        state_.grant();
    }

    bool granted() const {
        const std::lock_guard lock(state_.mutex_);
        return granted_;
    }
    task<void> wait() { return granted_event_.wait(); }
    void keep() noexcept { kept_ = true; }

private:
    friend class budget_state;

    budget_state& state_;
    auto_reset_event granted_event_;
    const std::size_t size_;
    bool granted_ = false;
    bool kept_ = false;
};

inline void budget_state::grant() {
    while (!waiting_.empty() && used_ + waiting_.front()->size_ <= limit_) {
        budget_waiter& next = *waiting_.front();
        waiting_.pop_front();
        add(next.size_);
        next.granted_ = true;
        next.granted_event_.set();
    }
}

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
    std::optional<detail::budget_waiter> waiter;
    if (!state->take(rounded)) waiter.emplace(*state, executor, rounded);
    while (waiter && !waiter->granted()) {
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) {
            throw_error(errc::cancelled, "cancelled while waiting for memory");
        }
        co_await waiter->wait();
    }
    void* const data = std::aligned_alloc(detail::page_size, rounded);
    if (data == nullptr) {
        if (!waiter) state->release(rounded);
        throw std::bad_alloc();
    }
    if (waiter) waiter->keep();
    co_return lease(state, static_cast<std::byte*>(data), rounded);
}

HUBPUSH_DECL std::uint64_t memory_budget::limit() const noexcept { return state_->limit(); }
HUBPUSH_DECL std::uint64_t memory_budget::used() const noexcept { return state_->used(); }
HUBPUSH_DECL std::uint64_t memory_budget::peak() const noexcept { return state_->peak(); }

}  // namespace hubpush::inline v0
