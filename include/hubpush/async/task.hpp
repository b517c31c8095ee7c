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
HUBPUSH_DECL task<void> root(task<void> work);

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
class forwarded_cancellation;

/// Somebody who waits elsewhere for the end of started work.
class waiting_elsewhere {
public:
    /// \param outer where cancellations arrive
    HUBPUSH_DECL waiting_elsewhere(asio::any_io_executor of_work, asio::any_io_executor of_handler,
                                   asio::cancellation_slot outer);
    waiting_elsewhere(const waiting_elsewhere&) = delete;
    waiting_elsewhere& operator=(const waiting_elsewhere&) = delete;
    virtual ~waiting_elsewhere() = default;

    /// Starts the work that `self` waits for. The compiler sees `co_spawn` here, whatever the work gives and whoever
    /// waits for it.
    HUBPUSH_DECL static void start(task<void> work, std::shared_ptr<waiting_elsewhere> self);

protected:
    /// The first thing when the work has ended, where cancellations arrive.
    HUBPUSH_DECL void stop_listening() noexcept;

private:
    friend class end_of_work;

    /// Called once, on the executor of the handler. `self` is this.
    virtual void complete(std::shared_ptr<waiting_elsewhere> self, std::exception_ptr failure) = 0;

    asio::any_io_executor of_work_;
    asio::any_io_executor of_handler_;
    asio::cancellation_slot outer_;
    std::shared_ptr<forwarded_cancellation> cancellation_;  // nothing when none can arrive
};

template <class Handler, class T>
class waiting_handler final : public waiting_elsewhere {
public:
    waiting_handler(Handler handler, const asio::any_io_executor& of_work)
        : waiting_elsewhere(of_work, home_of(handler, of_work), asio::get_associated_cancellation_slot(handler)),
          busy_(keep_busy(handler)),
          handler_(std::move(handler)) {}

    std::optional<value_of<T>>& result() noexcept { return result_; }

private:
    using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
    /// False for that of `use_future`, which keeps what the handler throws.
    static constexpr bool home_is_any = std::is_convertible_v<executor_type, asio::any_io_executor>;

    /// The executor of the work where that of the handler is of a foreign kind: the handler is dispatched from there.
    static asio::any_io_executor home_of(const Handler& handler, const asio::any_io_executor& of_work) {
        if constexpr (home_is_any) {
            return asio::get_associated_executor(handler, of_work);
        } else {
            return of_work;
        }
    }

    /// `co_spawn` does it for an executor that it sees.
    static auto keep_busy(const Handler& handler) {
        if constexpr (home_is_any) {
            return std::monostate();
        } else {
            return asio::make_work_guard(asio::get_associated_executor(handler));
        }
    }
    using busy_type = std::conditional_t<home_is_any, std::monostate, asio::executor_work_guard<executor_type>>;

    void complete(std::shared_ptr<waiting_elsewhere> self, std::exception_ptr failure) override {
        if constexpr (home_is_any) {
            call(std::move(failure));
        } else {
            const auto home = asio::get_associated_executor(handler_);
            asio::dispatch(home, [self = std::move(self), this, failure] { call(failure); });
        }
    }

    void call(std::exception_ptr failure) {
        stop_listening();
        Handler handler(std::move(handler_));
        if constexpr (std::is_void_v<T>) {
            std::move(handler)(std::move(failure));
        } else {
            std::move(handler)(std::move(failure), result_ ? std::move(*result_) : T());
        }
    }

    [[no_unique_address]] busy_type busy_;
    Handler handler_;
    std::optional<value_of<T>> result_;
};

/// Starts work when the token says so.
struct initiation {
    template <class Handler, class T>
    void operator()(Handler&& handler, asio::any_io_executor executor, task<T> work) const {
        using waiting_type = waiting_handler<std::decay_t<Handler>, T>;
        const auto waiting = std::make_shared<waiting_type>(std::forward<Handler>(handler), executor);
        if constexpr (std::is_void_v<T>) {
            waiting_elsewhere::start(std::move(work), waiting);
        } else {
            waiting_elsewhere::start(keep_result(std::move(work), waiting->result()), waiting);
        }
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

/// Runs `work` on `executor` for whoever awaits it on another one.
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

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/task.ipp>
#endif
