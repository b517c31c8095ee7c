#pragma once

/// \file
/// Blocking work (reading, hashing, walking a folder) on threads that somebody owns, awaited from a strand.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/process.hpp>

#include <cstddef>
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

    /// True in a child process, where the threads are not: then awaiting work throws `forked`.
    bool forked() const noexcept { return birthplace_.forked(); }
    bool runs_inline() const noexcept { return threads_.empty(); }
    asio::io_context::executor_type executor() noexcept { return context_.get_executor(); }

private:
    HUBPUSH_DECL void stop();

    const detail::birthplace birthplace_;
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

namespace detail {

/// A function for the pool, whatever its type.
class unit_of_work {
public:
    virtual void run() = 0;

protected:
    unit_of_work() = default;
    unit_of_work(const unit_of_work&) = default;
    unit_of_work& operator=(const unit_of_work&) = default;
    ~unit_of_work() = default;
};

template <class Function, class Result>
class kept_call final : public unit_of_work {
public:
    explicit kept_call(Function& function) : function_(function) {}
    void run() override { result_.emplace(function_()); }
    Result take() { return std::move(*result_); }

private:
    Function& function_;
    std::optional<Result> result_;
};

/// Completes when `unit` has run, and throws what it threw. Whoever destroys the coroutine waits for a unit that runs.
HUBPUSH_DECL task<void> run_on_pool(worker_pool& pool, unit_of_work& unit);

}  // namespace detail

/// Runs `function()` on the pool and completes on the awaiting coroutine's executor with its result, or throws what it
/// threw; `cancelled` when the pool ends before, `forked` in a child of the process that made the pool. The result type
/// must be movable and not void. Not cancellable: a unit of work is short, and the coroutine goes on, or is destroyed
/// with its io_context, only when it has ended, so that `function` may refer to the coroutine's own variables.
template <class Function, class Result = std::invoke_result_t<Function&>>
task<Result> offload(worker_pool& pool, Function function) {
    static_assert(!std::is_void_v<Result>, "hubpush: give offloaded work a result, for example a bool");
    if (pool.runs_inline()) co_return function();
    detail::kept_call<Function, Result> call(function);
    co_await detail::run_on_pool(pool, call);
    co_return call.take();
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/offload.ipp>
#endif
