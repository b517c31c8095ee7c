#pragma once

/// \file
/// How the steps of a pipeline run: neighbours that hand whole values to each other in one coroutine, everything else
/// joined by bounded streams.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

namespace hubpush::inline v0::detail {

/// Takes what waits in `in` as the value that a whole-value step wants: all items of a set, or the one item there is.
template <class Value, class Item>
    requires is_set<Value>
task<Value> gather(stream<Item>& in) {
    Value value;
    while (std::optional<Item> item = co_await in.pop()) value.files.push_back(std::move(*item));
    co_return value;
}
template <class Value>
task<Value> gather(stream<Value>& in) {
    std::optional<Value> only = co_await in.pop();
    if (!only) throw_error(errc::invalid_argument, "a step that takes one item stands behind one that gave none");
    const std::optional<Value> second = co_await in.pop();
    if (second) {
        throw_error(errc::invalid_argument, "a step that takes one item stands behind one that gave several",
                    error_details().hint("map and each call it for every item; one that takes a set_of gets them all"));
    }
    co_return std::move(*only);
}

/// Hands on the items of a set, or the one value. False when nobody takes any more.
template <class Item>
task<bool> spread(set_of<Item> value, stream<Item>& out) {
    for (Item& item : value.files) {
        if (!co_await out.push(std::move(item))) co_return false;
    }
    co_return true;
}
template <class Item>
task<bool> spread(Item value, stream<Item>& out) {
    return out.push(std::move(value));
}

/// Runs one source between nothing and its outgoing stream.
template <class Step, class Context, class Out>
task<void> run_source(const Step& step, Context& context, stream<Out>& out) {
    if constexpr (call_of<Step>::streaming) {
        co_await step(context, out);
    } else {
        typename call_of<Step>::gives value = co_await step(context);
        co_await spread(std::move(value), out);
    }
    out.close();
}

/// Runs any other step between its two streams.
template <class Step, class Context, class In, class Out>
task<void> run_step(const Step& step, Context& context, stream<In>& in, stream<Out>& out) {
    if constexpr (call_of<Step>::streaming) {
        co_await step(context, in, out);
    } else {
        typename call_of<Step>::takes input = co_await gather<typename call_of<Step>::takes>(in);
        typename call_of<Step>::gives value = co_await step(context, std::move(input));
        co_await spread(std::move(value), out);
    }
    in.abandon();
    out.close();
}

/// Runs the last step when it gives one value. No stream stands between it and the result: what it has done is kept
/// even if the run is cancelled in the same moment.
template <class Step, class Context, class In, class Value>
task<void> run_last(const Step& step, Context& context, stream<In>& in, std::optional<Value>& result) {
    typename call_of<Step>::takes input = co_await gather<typename call_of<Step>::takes>(in);
    Value value = co_await step(context, std::move(input));
    result.emplace(std::move(value));
    in.abandon();
}

template <class Value, class Item>
task<void> collect(stream<Item>& in, std::optional<Value>& result) {
    Value value = co_await gather<Value>(in);
    result.emplace(std::move(value));
}

/// The values between the steps of one coroutine, put in their order. Only their number is kept: a flag for each, as
/// `std::optional` has, costs instructions in every step.
template <class... Values>
class value_row {
public:
    value_row() = default;
    ~value_row() { destroy(std::index_sequence_for<Values...>()); }
    value_row(const value_row&) = delete;
    value_row& operator=(const value_row&) = delete;

    template <std::size_t Index, class T>
    void put(T&& value) {
        std::construct_at(&std::get<Index>(places_).value, std::move(value));
        size_ = Index + 1;
    }
    template <std::size_t Index>
    auto&& take() noexcept {
        return std::move(std::get<Index>(places_).value);
    }

private:
    template <class T>
    union place {
        place() {}
        ~place() {}
        T value;
    };

    template <std::size_t... Index>
    void destroy(std::index_sequence<Index...>) noexcept {
        ((Index < size_ ? std::destroy_at(&std::get<Index>(places_).value) : void()), ...);
    }

    std::tuple<place<Values>...> places_;
    std::size_t size_ = 0;
};

/// Neighbouring steps that hand whole values to each other are one step in one coroutine: no stream, no group and no
/// coroutine of their own between them. `Middle` counts the steps between the first and the last.
template <std::size_t First, class Steps, class Middle>
class fused_steps;

template <std::size_t First, class Steps, std::size_t... Middle>
class fused_steps<First, Steps, std::index_sequence<Middle...>> {
    static constexpr std::size_t last = First + sizeof...(Middle) + 1;
    template <std::size_t Index>
    using gives = typename call_of<std::tuple_element_t<Index, Steps>>::gives;

public:
    using call = whole_call<typename call_of<std::tuple_element_t<First, Steps>>::takes, gives<last>>;

    explicit fused_steps(const Steps& steps) : steps_(steps) {}

    template <class Context, class... Input>
    task<gives<last>> operator()(Context& context, Input... input) const {
        return run(steps_, context, std::move(input)...);
    }

private:
    template <class Context, class... Input>
    static task<gives<last>> run(const Steps& steps, Context& context, Input... input) {
        try {
            value_row<gives<First>, gives<First + Middle + 1>...> values;
            values.template put<0>(co_await std::get<First>(steps)(context, std::move(input)...));
            (values.template put<Middle + 1>(
                 co_await std::get<First + Middle + 1>(steps)(context, values.template take<Middle>())),
             ...);
            co_return co_await std::get<last>(steps)(context, values.template take<sizeof...(Middle)>());
        } catch (...) {
            std::rethrow_exception(translate(std::current_exception()));
        }
    }

    const Steps& steps_;
};

/// Where the stages of a pipeline begin: the steps [bounds[i], bounds[i + 1]) are stage i.
template <class... Steps>
class stage_plan {
    using all = std::tuple<Steps...>;

    /// Whether the step with this index continues the stage of the one before it.
    template <std::size_t Index>
    static constexpr bool continues() {
        if constexpr (Index == 0) {
            return false;
        } else {
            using left = call_of<std::tuple_element_t<Index - 1, all>>;
            using right = call_of<std::tuple_element_t<Index, all>>;
            return !left::streaming && !right::streaming && std::same_as<typename left::gives, typename right::takes>;
        }
    }

    template <std::size_t... Index>
    static constexpr auto find_bounds(std::index_sequence<Index...>) {
        constexpr std::size_t stages = (std::size_t{0} + ... + (continues<Index>() ? 0 : 1));
        std::array<std::size_t, stages + 1> result{};
        std::size_t next = 0;
        ((continues<Index>() ? void() : void(result[next++] = Index)), ...);
        result[stages] = sizeof...(Index);
        return result;
    }

public:
    static constexpr auto bounds = find_bounds(std::index_sequence_for<Steps...>());
    static constexpr std::size_t size = bounds.size() - 1;

    /// One stage of `steps`, as a step.
    template <std::size_t Stage>
    static decltype(auto) stage(const all& steps) {
        constexpr std::size_t length = bounds[Stage + 1] - bounds[Stage];
        if constexpr (length == 1) {
            return std::get<bounds[Stage]>(steps);
        } else {
            return fused_steps<bounds[Stage], all, std::make_index_sequence<length - 2>>(steps);
        }
    }

    /// What flows out of a stage.
    template <std::size_t Stage>
    using item = item_given_by<std::tuple_element_t<bounds[Stage + 1] - 1, all>>;
};

}  // namespace hubpush::inline v0::detail
