#pragma once

/// \file
/// Blocking work (reading, hashing, walking a folder) on threads that somebody owns, awaited from a strand.

#include <hubpush/async/notifier.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

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
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

namespace detail {

class offload_waiter;

/// What the coroutine that waits for a unit of work and the thread that does it share. The coroutine may be destroyed
/// meanwhile, and its io_context with it: a unit that has not begun is dropped then, and one that runs is waited for,
/// because it works on the coroutine's own variables.
struct unit_of_work {
    std::mutex mutex;
    std::condition_variable stopped;
    bool running = false;
    offload_waiter* waiter = nullptr;  // null when the coroutine has gone
};

/// The coroutine's end of it, in its frame.
class offload_waiter {
public:
    explicit offload_waiter(const asio::any_io_executor& home)
        : home_(home), ended_(home), unit_(std::make_shared<unit_of_work>()) {
        unit_->waiter = this;
    }
    offload_waiter(const offload_waiter&) = delete;
    offload_waiter& operator=(const offload_waiter&) = delete;
    HUBPUSH_DECL ~offload_waiter();

    /// Does `work` on the pool and waits for its end. A cancellation does not shorten that.
    template <class Work>
    task<void> run(worker_pool& pool, Work& work) {
        asio::post(pool.executor(), [unit = unit_, &work] {
            if (!begin(*unit)) return;
            work();
            end(unit);
        });
        while (!has_ended_) co_await ended_.wait();
    }

private:
    HUBPUSH_DECL static bool begin(unit_of_work& unit);
    HUBPUSH_DECL static void end(const std::shared_ptr<unit_of_work>& unit);

    asio::any_io_executor home_;
    notifier ended_;
    std::shared_ptr<unit_of_work> unit_;
    bool has_ended_ = false;
};

}  // namespace detail

/// Runs `function()` on the pool and completes on the awaiting coroutine's executor with its result, or throws what it
/// threw. The result type must not be void. Not cancellable: a unit of work is short, and the coroutine goes on, or is
/// destroyed, only when it has ended, so that `function` may refer to the coroutine's own variables.
template <class Function, class Result = std::invoke_result_t<Function&>>
task<Result> offload(worker_pool& pool, Function function) {
    static_assert(!std::is_void_v<Result>, "hubpush: give offloaded work a result, for example a bool");
    if (pool.runs_inline()) co_return function();
    std::optional<Result> result;
    std::exception_ptr failure;
    auto work = [&]() noexcept {
        try {
            result.emplace(function());
        } catch (...) {
            failure = std::current_exception();
        }
    };
    detail::offload_waiter waiter(co_await asio::this_coro::executor);
    co_await waiter.run(pool, work);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*result);
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/offload.ipp>
#endif
