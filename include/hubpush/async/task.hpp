#pragma once

/// \file
/// Helpers around `task<T>`: cancellation checks, and starting a coroutine with any completion token.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/error.hpp>

#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

/// Throws `hubpush::cancelled` when the running coroutine was cancelled. Asio's own check is switched off while
/// hubpush runs (`accept_cancellation`), so that code decides where cancellation may surface.
inline task<void> throw_if_cancelled() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) throw_error(errc::cancelled, "the operation was cancelled");
}

/// True when the running coroutine was cancelled.
inline task<bool> is_cancelled() {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
}

/// For the first line of a coroutine that was started with `co_spawn`: total and partial cancellation reach it too
/// (Asio lets only terminal through by default), and no `co_await` throws on its own because of it.
inline task<void> accept_cancellation() {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
}

namespace detail {

/// The root of everything started from outside: widens cancellation once and translates foreign cancellation errors.
template <class T>
task<T> root(task<T> work) {
    std::exception_ptr failure;
    try {
        co_await accept_cancellation();  // throws Asio's own error when it was cancelled before it began
        co_return co_await std::move(work);
    } catch (...) {
        failure = translate(std::current_exception());
    }
    std::rethrow_exception(failure);
}

}  // namespace detail

/// Starts `work` on `executor` and completes `token` with `void(std::exception_ptr, T)`. The completion handler runs on
/// its associated executor, never inside this call. Cancellation through the token's slot: all types; emit on
/// `executor`.
template <class T, class Token>
auto initiate(asio::any_io_executor executor, task<T> work, Token&& token) {
    return asio::co_spawn(std::move(executor), detail::root(std::move(work)), std::forward<Token>(token));
}

}  // namespace hubpush::inline v0
