#pragma once

/// \file
/// `tap`: a look at what flows by.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/config.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

/// A step that shows every item to a function; see `tap`.
template <class Function>
class tap_step : public step_base {
    using item_type = typename detail::function_of<Function>::input;

public:
    using call = detail::streaming_call<item_type, item_type>;

    explicit tap_step(Function function) : function_(std::move(function)) {}

    template <class Context>
    task<void> operator()(Context&, stream<item_type>& in, stream<item_type>& out) const {
        while (std::optional<item_type> item = co_await in.pop()) {
            if constexpr (detail::function_of<Function>::asynchronous) {
                co_await function_(std::as_const(*item));
            } else {
                function_(std::as_const(*item));
            }
            if (!co_await out.push(std::move(*item))) co_return;
        }
    }

private:
    Function function_;
};

/// Calls `function` with every item by const reference, in order, and passes the item on unchanged: to count, to print,
/// to check. `function` gives nothing, or a `task` that is awaited before the item goes on; any other result is
/// dropped. It runs on the client's strand. What it throws ends the pipeline.
template <class Function>
auto tap(Function&& function) {
    using plain = std::decay_t<Function>;
    static_assert(detail::callable_is_safe<Function>,
                  "hubpush: on g++ 12 give this lambda a name first and pass the name");
    static_assert(detail::TAKES_ONE_ITEM_BY_CONST_REFERENCE<detail::FUNCTION<plain>>,
                  "hubpush: tap needs a function with one parameter, by const reference, whose type is written out");
    if constexpr (detail::TAKES_ONE_ITEM_BY_CONST_REFERENCE<detail::FUNCTION<plain>>) {
        return tap_step<plain>(std::forward<Function>(function));
    } else {
        return detail::poisoned();
    }
}

}  // namespace hubpush::inline v0
