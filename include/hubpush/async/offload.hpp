#pragma once

/// \file
/// Blocking work (reading, hashing, walking a folder) on threads that somebody owns, awaited from a strand.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <exception>
#include <memory>
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

/// Work that has left for the pool. The coroutine waits for the handler; its executor is kept busy until it comes back.
template <class Result, class Function, class Handler>
struct offloaded {
    offloaded(Function work, Handler on_done)
        : function(std::move(work)), handler(std::move(on_done)), home(asio::make_work_guard(handler)) {}

    void operator()() {
        std::exception_ptr failure;
        std::optional<Result> result;
        try {
            result.emplace(function());
        } catch (...) {
            failure = std::current_exception();
        }
        const auto executor = home.get_executor();
        asio::post(executor, [handler = std::move(handler), failure, result = std::move(result)]() mutable {
            std::move(handler)(failure, result ? std::move(*result) : Result());
        });
        home.reset();
    }

    Function function;
    Handler handler;
    asio::executor_work_guard<asio::associated_executor_t<Handler>> home;
};

}  // namespace detail

/// Runs `function()` on the pool and completes on the awaiting coroutine's executor with its result, or throws what it
/// threw. The result type must be default-constructible and not void. Not cancellable: a unit of work is short, and the
/// coroutine goes on only when it has ended, so that `function` may refer to the coroutine's own variables.
template <class Function, class Result = std::invoke_result_t<Function&>>
task<Result> offload(worker_pool& pool, Function function) {
    static_assert(!std::is_void_v<Result>, "hubpush: give offloaded work a result, for example a bool");
    if (pool.runs_inline()) co_return function();
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Result)>(
        [](auto handler, worker_pool* where, Function* work) {
            using handler_type = decltype(handler);
            asio::post(where->executor(),
                       detail::offloaded<Result, Function, handler_type>(std::move(*work), std::move(handler)));
        },
        asio::use_awaitable, &pool, &function);
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/offload.ipp>
#endif
