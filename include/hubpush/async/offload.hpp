#pragma once

/// \file
/// Blocking work (reading, hashing, walking a folder) on threads that somebody owns, awaited from a strand.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// Threads for blocking work, at lowered priority so that a training loop keeps its cores. The destructor waits for the
/// units that run; units that have not begun are dropped. With zero threads work runs inline, which simulations use.
class worker_pool {
public:
    HUBPUSH_DECL explicit worker_pool(std::size_t threads);
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    HUBPUSH_DECL ~worker_pool();

    bool runs_inline() const noexcept { return threads_.empty(); }
    asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

private:
    HUBPUSH_DECL void stop();

    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

namespace detail {

/// A unit of work that has left for the pool, shared by the pool and by the coroutine that waits. Function and timer
/// belong to the coroutine: whoever destroys it, for example with its io_context, calls `abandon`, which waits for a
/// function that runs, and after that the pool touches nothing of it any more.
template <class Function, class Result>
class offloaded {
public:
    offloaded(Function& function, asio::steady_timer& wake) : function_(function), wake_(wake) {}

    /// On the pool.
    void run() {
        if (!begin()) return;
        std::optional<Result> result;
        std::exception_ptr failure;
        try {
            result.emplace(function_());
        } catch (...) {
            failure = std::current_exception();
        }
        end(std::move(result), std::move(failure));
    }
    void end(std::optional<Result> result, std::exception_ptr failure) {
        const std::lock_guard lock(mutex_);
        now_ = state::ended;
        stopped_.notify_all();
        if (abandoned_) return;
        result_ = std::move(result);
        failure_ = std::move(failure);
        wake_.expires_at(asio::steady_timer::time_point::min());
    }

    // On the coroutine's executor.

    /// Under the lock, as the waking is: on an executor with several threads the two may meet.
    template <class Handler>
    void wait(Handler handler) {
        const std::lock_guard lock(mutex_);
        wake_.async_wait(std::move(handler));
    }
    bool ended() {
        const std::lock_guard lock(mutex_);
        return now_ == state::ended;
    }
    Result take() {
        if (failure_) std::rethrow_exception(failure_);
        return std::move(*result_);
    }
    void abandon() {
        std::unique_lock lock(mutex_);
        abandoned_ = true;
        stopped_.wait(lock, [this] { return now_ != state::running; });
    }

private:
    enum class state { waiting, running, ended };

    bool begin() {
        const std::lock_guard lock(mutex_);
        if (!abandoned_) now_ = state::running;
        return !abandoned_;
    }

    Function& function_;
    asio::steady_timer& wake_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    state now_ = state::waiting;
    bool abandoned_ = false;
    std::optional<Result> result_;
    std::exception_ptr failure_;
};

/// What the pool holds. A pool that ends drops it, and the coroutine is told.
template <class Work>
class offload_ticket {
public:
    explicit offload_ticket(std::shared_ptr<Work> work) : work_(std::move(work)) {}
    offload_ticket(offload_ticket&&) noexcept = default;
    offload_ticket& operator=(offload_ticket&&) = delete;
    ~offload_ticket() {
        if (work_)
            work_->end(std::nullopt, make_exception(errc::cancelled, "the worker pool ended before the work began"));
    }
    void operator()() { std::exchange(work_, nullptr)->run(); }

private:
    std::shared_ptr<Work> work_;
};

template <class Work>
class abandoned_at_end {
public:
    explicit abandoned_at_end(Work& work) : work_(work) {}
    abandoned_at_end(const abandoned_at_end&) = delete;
    abandoned_at_end& operator=(const abandoned_at_end&) = delete;
    ~abandoned_at_end() { work_.abandon(); }

private:
    Work& work_;
};

}  // namespace detail

/// Runs `function()` on the pool and completes on the awaiting coroutine's executor with its result, or throws what it
/// threw; `cancelled` when the pool ends before. The result type must be movable and not void. Not cancellable: a unit
/// of work is short, and the coroutine goes on, or is destroyed with its io_context, only when it has ended, so that
/// `function` may refer to the coroutine's own variables.
template <class Function, class Result = std::invoke_result_t<Function&>>
task<Result> offload(worker_pool& pool, Function function) {
    static_assert(!std::is_void_v<Result>, "hubpush: give offloaded work a result, for example a bool");
    if (pool.runs_inline()) co_return function();
    using work_type = detail::offloaded<Function, Result>;
    asio::steady_timer wake(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    const auto work = std::make_shared<work_type>(function, wake);
    const detail::abandoned_at_end<work_type> guard(*work);
    asio::post(pool.executor(), detail::offload_ticket<work_type>(work));
    while (!work->ended()) {
        std::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await asio::async_initiate<decltype(token), void(std::error_code)>(
            [](auto handler, work_type* waited_for) { waited_for->wait(std::move(handler)); }, token, work.get());
    }
    co_return work->take();
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/offload.ipp>
#endif
