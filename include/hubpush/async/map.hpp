#pragma once

/// \file
/// Steps made of ordinary functions: `map` works on one item after the other, `each` on several at once.

#include <hubpush/async/group.hpp>
#include <hubpush/async/step.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

/// A step made of an ordinary function of one item; see `map`.
template <class Function>
class map_step : public step_base {
    using result_type = typename detail::function_of<Function>::output;

public:
    using input_type = typename detail::function_of<Function>::input;
    using output_type = typename detail::item_of<result_type>::type;
    using call = detail::streaming_call<input_type, output_type>;

    explicit map_step(Function function) : function_(std::move(function)) {}

    template <class Context>
    task<void> operator()(Context&, stream<input_type>& in, stream<output_type>& out) const {
        while (std::optional<input_type> item = co_await in.pop()) {
            if constexpr (detail::function_of<Function>::asynchronous) {
                result_type result = co_await function_(std::move(*item));
                if (!co_await detail::spread(std::move(result), out)) co_return;
            } else {
                result_type result = function_(std::move(*item));
                if (!co_await detail::spread(std::move(result), out)) co_return;
            }
        }
    }

private:
    Function function_;
};

/// Calls `function` for one item after the other, in order: `Out function(In)` or `task<Out> function(In)`. A function
/// that gives a `set_of<Out>` turns one item into any number of them, none included. It runs on the client's strand, so
/// long computations belong into `offload`. What it throws ends the pipeline.
template <class Function>
auto map(Function&& function) {
    static_assert(detail::callable_is_safe<Function>,
                  "hubpush: on g++ 12 give this lambda a name first and pass the name");
    static_assert(
        detail::HAS_ONE_PLAIN_PARAMETER<detail::FUNCTION<std::decay_t<Function>>>,
        "hubpush: map and each need a function with one parameter whose type is written out, a result, and no "
        "'mutable'");
    if constexpr (detail::HAS_ONE_PLAIN_PARAMETER<detail::FUNCTION<std::decay_t<Function>>>) {
        return map_step<std::decay_t<Function>>(std::forward<Function>(function));
    } else {
        return detail::poisoned();
    }
}

/// How many items a step works on at the same time.
class in_flight {
public:
    constexpr explicit in_flight(std::size_t limit) : limit_(limit == 0 ? 1 : limit) {}
    constexpr std::size_t limit() const noexcept { return limit_; }

private:
    std::size_t limit_;
};

/// A step that works on several items at once; see `each`.
template <class Function>
class each_step : public step_base {
    using result_type = typename detail::function_of<Function>::output;

public:
    using input_type = typename detail::function_of<Function>::input;
    using output_type = typename detail::item_of<result_type>::type;
    using call = detail::streaming_call<input_type, output_type>;

    each_step(Function function, in_flight limit) : function_(std::move(function)), limit_(limit) {}

    template <class Context>
    task<void> operator()(Context&, stream<input_type>& in, stream<output_type>& out) const {
        task_group group(co_await asio::this_coro::executor);
        bool wanted = true;
        std::exception_ptr failure;
        try {
            while (std::optional<input_type> item = co_await in.pop()) {
                group.spawn(one(std::move(*item), out, wanted));
                co_await group.wait_for_room(limit_.limit());
                co_await throw_if_cancelled();
                if (group.failed() || !wanted) break;
            }
        } catch (...) {
            failure = std::current_exception();
        }
        co_await group.join(failure);
    }

private:
    /// `wanted` becomes false when nobody takes results any more.
    task<void> one(input_type item, stream<output_type>& out, bool& wanted) const {
        result_type result = co_await function_(std::move(item));
        if (!co_await detail::spread(std::move(result), out)) wanted = false;
    }

    Function function_;
    in_flight limit_;
};

/// Calls `task<Out> function(In)` for up to `limit` items at the same time. Results come in the order in which they are
/// ready; a `set_of<Out>` is any number of them. The first exception cancels the others and ends the pipeline.
template <class Function>
auto each(Function&& function, in_flight limit = in_flight(4)) {
    static_assert(detail::callable_is_safe<Function>,
                  "hubpush: on g++ 12 give this lambda a name first and pass the name");
    static_assert(detail::RETURNS_A_TASK<detail::FUNCTION<std::decay_t<Function>>>,
                  "hubpush: each needs a coroutine task<Out>(In); for an ordinary function use hubpush::map(...)");
    if constexpr (detail::RETURNS_A_TASK<detail::FUNCTION<std::decay_t<Function>>>) {
        return each_step<std::decay_t<Function>>(std::forward<Function>(function), limit);
    } else {
        return detail::poisoned();
    }
}

}  // namespace hubpush::inline v0
