#pragma once

/// \file
/// Helpers around `task<T>`: cancellation checks, and starting a coroutine with any completion token.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/error.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

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

template <class Type>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

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

template <class T>
struct completion_signature_of {
    using type = void(std::exception_ptr, T);
};
template <>
struct completion_signature_of<void> {
    using type = void(std::exception_ptr);
};

/// How the end of a `task<T>` is told to a completion handler.
template <class T>
using completion_signature = typename completion_signature_of<T>::type;

/// Emits on the executor of the work what arrives on the executor of whoever waits for it. Asio 1.22 emits wherever the
/// caller happens to be, and newer releases do as this does (style/anchors.md §3.1).
class forwarded_cancellation {
public:
    explicit forwarded_cancellation(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    const asio::any_io_executor& executor() const noexcept { return executor_; }
    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    /// Always terminal too: before the first line of the work has run, Asio lets no other type through, and it would be
    /// lost.
    static void emit(std::shared_ptr<forwarded_cancellation> self, asio::cancellation_type type) {
        asio::dispatch(self->executor_, [self, type] { self->signal_.emit(type | asio::cancellation_type::terminal); });
    }

private:
    asio::any_io_executor executor_;
    asio::cancellation_signal signal_;
};

/// The completion handler of somebody who waits elsewhere: the same, but for its cancellation slot.
template <class Handler>
class waiting_elsewhere {
public:
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
    using allocator_type = asio::associated_allocator_t<Handler>;
    using cancellation_slot_type = asio::cancellation_slot;

    waiting_elsewhere(Handler handler, std::shared_ptr<forwarded_cancellation> cancellation)
        : handler_(std::move(handler)), cancellation_(std::move(cancellation)) {
        asio::cancellation_slot outer = asio::get_associated_cancellation_slot(handler_);
        if (!outer.is_connected()) return;
        // The signal may outlive the handler and the executor, and what it holds with it.
        outer.assign([cancellation = std::weak_ptr(cancellation_)](asio::cancellation_type type) {
            if (auto waiting = cancellation.lock()) forwarded_cancellation::emit(std::move(waiting), type);
        });
    }

    executor_type get_executor() const noexcept {
        return asio::get_associated_executor(handler_, cancellation_->executor());
    }
    allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler_); }
    cancellation_slot_type get_cancellation_slot() const noexcept { return cancellation_->slot(); }

    template <class... Result>
    void operator()(std::exception_ptr failure, Result... result) {
        asio::cancellation_slot outer = asio::get_associated_cancellation_slot(handler_);
        if (outer.is_connected()) outer.clear();
        std::move(handler_)(std::move(failure), std::move(result)...);
    }

private:
    Handler handler_;
    std::shared_ptr<forwarded_cancellation> cancellation_;
};

/// Starts work when the token says so.
struct initiation {
    template <class Handler, class T>
    void operator()(Handler&& handler, asio::any_io_executor executor, task<T> work) const {
        auto cancellation = std::make_shared<forwarded_cancellation>(executor);
        waiting_elsewhere<std::decay_t<Handler>> on_end(std::forward<Handler>(handler), std::move(cancellation));
        asio::co_spawn(executor, root(std::move(work)), std::move(on_end));
    }
};

}  // namespace detail

/// Starts `work` on `executor` and completes `token` with `void(std::exception_ptr, T)`. The completion handler runs on
/// its associated executor, by default `executor`, and never inside this call. With `use_awaitable` the work starts
/// when it is awaited, on any executor. Cancellation through the token's slot: all types; emit where the handler runs,
/// which for a coroutine is where it awaits.
template <class T, class Token>
auto initiate(asio::any_io_executor executor, task<T> work, Token&& token) {
    return asio::async_initiate<Token, detail::completion_signature<T>>(detail::initiation(), token,
                                                                        std::move(executor), std::move(work));
}

namespace detail {

/// What a task gives, as a value: `std::monostate` for nothing.
template <class T>
using value_of = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// The same work, with its result where others find it.
template <class T>
task<void> keep_result(task<T> work, std::optional<value_of<T>>& result) {
    if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        result.emplace();
    } else {
        result.emplace(co_await std::move(work));
    }
}

/// Runs `work` on `executor` for whoever awaits it on another one. The compiler sees `co_spawn` once, whatever `T` is.
template <class T>
task<T> run_on(asio::any_io_executor executor, task<T> work) {
    co_await throw_if_cancelled();  // the work would not know of a cancellation that came before it
    std::optional<value_of<T>> result;
    co_await initiate(std::move(executor), keep_result(std::move(work), result), asio::use_awaitable);
    if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

/// Runs work whose parts share a strand, for whoever awaits it on any executor.
template <class T>
task<T> on_own_strand(task<T> work) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_return co_await run_on(asio::make_strand(executor), std::move(work));
}

}  // namespace detail

}  // namespace hubpush::inline v0
