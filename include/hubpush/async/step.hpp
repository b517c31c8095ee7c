#pragma once

/// \file
/// Steps, and `operator|` that joins them into a pipeline (design.md §1.1).
///
/// A step is a class derived from `step_base` with one of these call operators, `Context` being whatever runs the
/// pipeline:
///
///     task<Out>  operator()(Context&, In) const;                            // one value in, one value out
///     task<void> operator()(Context&, stream<In>&, stream<Out>&) const;     // items as they come
///
/// and a source is one without the `In`. A step that takes or gives a `set_of<T>` works on a stream of `T` as well:
/// taking a set makes it a barrier that waits for the last item. All steps of a running pipeline overlap, joined by
/// bounded streams.

#include <hubpush/async/group.hpp>
#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

template <class Head, class... Tail>
class pipeline;

namespace detail {

/// Takes what waits in `in` as the value that a whole-value step wants: all items of a set, or the one item there is.
template <class Value, class Item>
task<Value> gather(stream<Item>& in) {
    Value value{};
    while (std::optional<Item> item = co_await in.pop()) {
        if constexpr (is_set<Value>) {
            value.files.push_back(std::move(*item));
        } else {
            value = std::move(*item);
        }
    }
    co_return value;
}

template <class Value, class Item>
task<void> spread(Value value, stream<Item>& out) {
    if constexpr (is_set<Value>) {
        for (Item& item : value.files) {
            if (!co_await out.push(std::move(item))) co_return;
        }
    } else {
        co_await out.push(std::move(value));
    }
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

/// What a wrong joint gives: it swallows every further `|` and call, so that one mistake is one error.
class poisoned : public step_base {
public:
    template <class... Arguments>
    task<poisoned> operator()(Arguments&&...) const;
};

template <class... LeftSteps, class Right>
auto join_steps(pipeline<LeftSteps...> left, Right right) {
    using last = std::tuple_element_t<sizeof...(LeftSteps) - 1, std::tuple<LeftSteps...>>;
    if constexpr (!steps_fit<last, Right>) {
        static_assert(STEPS_DO_NOT_FIT<LEFT<last>, GIVES<given_by<last>>, RIGHT<Right>, TAKES<taken_by<Right>>>,
                      "hubpush: the right-hand step does not take what the left-hand step gives");
        return poisoned();
    } else {
        return std::move(left).append(std::move(right));
    }
}

}  // namespace detail

/// Steps joined in one flat type. Copyable when its steps are. Running it copies it first, so that a pipeline may be a
/// temporary of the statement that starts it.
template <class Head, class... Tail>
class pipeline : public step_base {
    using last_step = std::tuple_element_t<sizeof...(Tail), std::tuple<Head, Tail...>>;

public:
    /// What awaiting a run gives: the last step's value, or a set of all items it streams.
    using result_type = typename detail::call_of<last_step>::gathered;

    explicit pipeline(Head head, Tail... tail) : steps_(std::move(head), std::move(tail)...) {}

    /// Runs all steps against `host` (a `client`) for one repository. Throws what the first failing step threw, after
    /// all others have been cancelled and have ended. Cancellation: as its steps; the commit step decides when it is
    /// too late.
    template <class Host, class... Options>
    task<result_type> operator()(Host& host, std::string repo_id, Options... options) const {
        return host.run(start(*this, host.make_context(std::move(repo_id), std::move(options)...)));
    }

    /// The same inside a context that exists already; both must outlive the awaitable.
    template <class Context>
    task<result_type> run(Context& context) const {
        return run_steps(context, std::index_sequence_for<Tail...>());
    }

    template <class Next>
    pipeline<Head, Tail..., Next> append(Next next) && {
        return std::apply(
            [&](auto&&... steps) { return pipeline<Head, Tail..., Next>(std::move(steps)..., std::move(next)); },
            std::move(steps_));
    }

private:
    template <class Context>
    static task<result_type> start(pipeline self, Context context) {
        co_return co_await self.run(context);
    }

    template <class Context, std::size_t... Joint>
    task<result_type> run_steps(Context& context, std::index_sequence<Joint...>) const {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        std::tuple<stream<detail::item_given_by<Head>>, stream<detail::item_given_by<Tail>>...> joints(
            executor, (static_cast<void>(Joint), executor)...);
        task_group group(executor);
        std::optional<result_type> result;
        group.spawn(detail::run_source(std::get<0>(steps_), context, std::get<0>(joints)));
        (group.spawn(run_stage<Joint>(context, joints, result)), ...);
        if constexpr (detail::call_of<last_step>::streaming) {
            group.spawn(detail::collect(std::get<sizeof...(Tail)>(joints), result));
        }
        std::exception_ptr failure;
        try {
            co_await group.join();
        } catch (...) {
            failure = std::current_exception();
        }
        // A run that was cancelled when its last step had done its work is done: a commit that exists is not
        // "cancelled".
        if (!result) std::rethrow_exception(failure);
        co_return std::move(*result);
    }

    /// The step behind the given joint.
    template <std::size_t Joint, class Context, class Joints>
    task<void> run_stage(Context& context, Joints& joints, std::optional<result_type>& result) const {
        constexpr bool gives_the_result = Joint + 1 == sizeof...(Tail) && !detail::call_of<last_step>::streaming;
        if constexpr (gives_the_result) {
            return detail::run_last(std::get<Joint + 1>(steps_), context, std::get<Joint>(joints), result);
        } else {
            return detail::run_step(std::get<Joint + 1>(steps_), context, std::get<Joint>(joints),
                                    std::get<Joint + 1>(joints));
        }
    }

    std::tuple<Head, Tail...> steps_;
};

/// Joins a source, or a pipeline, with a step. Each mistake is exactly one error that says what is wrong.
template <class Left, class Right>
    requires(step<Left> || step<Right>)
auto operator|(Left left, Right right) {
    if constexpr (std::same_as<Left, detail::poisoned> || std::same_as<Right, detail::poisoned>) {
        return detail::poisoned();
    } else if constexpr (!step<Left>) {
        static_assert(detail::NOT_A_STEP<detail::LEFT<Left>>,
                      "hubpush: the left-hand side of '|' is not a step; a pipeline begins with a source such as "
                      "hubpush::scan(...)");
        return detail::poisoned();
    } else if constexpr (!step<Right>) {
        static_assert(detail::NOT_A_STEP<detail::RIGHT<Right>>,
                      "hubpush: the right-hand side of '|' is not a step; wrap a function object in hubpush::map(...)");
        return detail::poisoned();
    } else if constexpr (detail::is_pipeline<Right>) {
        static_assert(
            detail::PIPELINE_ON_THE_RIGHT<detail::RIGHT<Right>>,
            "hubpush: a pipeline can only stand on the left-hand side of '|', because it begins with a source");
        return detail::poisoned();
    } else if constexpr (detail::is_pipeline<Left>) {
        return detail::join_steps(std::move(left), std::move(right));
    } else if constexpr (!detail::callable_step<Left> || !detail::call_of<Left>::source) {
        static_assert(
            detail::DOES_NOT_BEGIN_WITH_A_SOURCE<detail::LEFT<Left>>,
            "hubpush: a pipeline begins with a source such as hubpush::scan(...); the left-hand step takes input");
        return detail::poisoned();
    } else {
        return detail::join_steps(pipeline<Left>(std::move(left)), std::move(right));
    }
}

}  // namespace hubpush::inline v0
