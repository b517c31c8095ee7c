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
/// bounded streams; neighbours that hand one value on as a whole run one after the other in one coroutine.

#include <hubpush/async/group.hpp>
#include <hubpush/async/stages.hpp>
#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>

#include <concepts>
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

template <class... LeftSteps, class Right>
auto join_steps(pipeline<LeftSteps...> left, Right right) {
    using last = std::tuple_element_t<sizeof...(LeftSteps) - 1, std::tuple<LeftSteps...>>;
    if constexpr (adapting_step<Right, item_given_by<last>>) {
        return std::move(left).append(std::move(right).template behind<item_given_by<last>>());
    } else if constexpr (!steps_fit<last, Right>) {
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
    using plan = detail::stage_plan<Head, Tail...>;
    static constexpr bool streams_at_the_end = detail::call_of<last_step>::streaming;

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

    /// The same with any completion token for `void(std::exception_ptr, result_type)`. With `use_awaitable` it starts
    /// when it is awaited, with any other token at once. A handler runs on its associated executor, by default on
    /// `host.get_executor()`, and never inside of this call. Everything that goes wrong arrives through the token, also
    /// a malformed `repo_id`. The run owns copies of the pipeline and of `host`.
    template <class Host,
              asio::completion_token_for<detail::completion_signature<result_type>> Token = asio::use_awaitable_t<>>
    auto async_run(const Host& host, std::string repo_id, Token&& token = Token()) const {
        return initiate(host.get_executor(), start_on(*this, host, std::move(repo_id)), std::forward<Token>(token));
    }

    /// What is left: a mistake.
    template <class Host, class Wrong, class... Rest>
    detail::poisoned async_run(const Host&, std::string, Wrong&&, Rest&&...) const {
        static_assert(detail::IS_A_COMPLETION_TOKEN<detail::ARGUMENT<Wrong>, detail::ARGUMENT<Rest>...>,
                      "hubpush: async_run takes a client, a repository id, and a completion token or handler for "
                      "void(std::exception_ptr, Result)");
        return detail::poisoned();
    }

    /// The same inside a context that exists already; both must outlive the awaitable.
    template <class Context>
    task<result_type> run(Context& context) const {
        if constexpr (plan::size == 1 && !streams_at_the_end) {
            return plan::template stage<0>(steps_)(context);
        } else {
            return run_stages(context, std::make_index_sequence<plan::size>(),
                              std::make_index_sequence<plan::size - (streams_at_the_end ? 0 : 1)>());
        }
    }

    template <class Next>
    pipeline<Head, Tail..., Next> append(Next next) && {
        return std::apply(
            [&](auto&&... steps) { return pipeline<Head, Tail..., Next>(std::move(steps)..., std::move(next)); },
            std::move(steps_));
    }

private:
    template <class Host>
    static task<result_type> start_on(pipeline self, Host host, std::string repo_id) {
        task<result_type> work = self(host, std::move(repo_id));
        co_return co_await std::move(work);
    }

    template <class Context>
    static task<result_type> start(pipeline self, Context context) {
        co_return co_await self.run(context);
    }

    /// Cancellation reaches one stage after the other, the first that still runs, so that a commit has its real outcome
    /// before the steps behind it end.
    template <class Context, std::size_t... Stage, std::size_t... Joint>
    task<result_type> run_stages(Context& context, std::index_sequence<Stage...>, std::index_sequence<Joint...>) const {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        std::tuple<stream<typename plan::template item<Joint>>...> joints((static_cast<void>(Joint), executor)...);
        const std::tuple<decltype(plan::template stage<Stage>(steps_))...> stages(
            plan::template stage<Stage>(steps_)...);
        task_group group(executor);
        std::optional<result_type> result;
        // In a plain `co_spawn` Asio's own check would end this while the stages run.
        const bool asio_checks = co_await asio::this_coro::throw_if_cancelled();
        co_await asio::this_coro::throw_if_cancelled(false);
        (group.spawn(run_stage<Stage>(std::get<Stage>(stages), context, joints, result)), ...);
        if constexpr (streams_at_the_end) group.spawn(detail::collect(std::get<plan::size - 1>(joints), result));
        std::exception_ptr failure;
        try {
            co_await group.join(cancel_order::in_turn);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await asio::this_coro::throw_if_cancelled(asio_checks);
        // A run that was cancelled when its last step had done its work is done: a commit that exists is not
        // "cancelled".
        if (!result) std::rethrow_exception(failure);
        co_return std::move(*result);
    }

    template <std::size_t Index, class Stage, class Context, class Joints>
    static task<void> run_stage(const Stage& stage, Context& context, Joints& joints,
                                std::optional<result_type>& result) {
        constexpr bool gives_the_result = Index + 1 == plan::size && !streams_at_the_end;
        if constexpr (Index == 0) {
            return detail::run_source(stage, context, std::get<0>(joints));
        } else if constexpr (gives_the_result) {
            return detail::run_last(stage, context, std::get<Index - 1>(joints), result);
        } else {
            return detail::run_step(stage, context, std::get<Index - 1>(joints), std::get<Index>(joints));
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
    } else if constexpr (!detail::source_step<Left>) {
        static_assert(
            detail::DOES_NOT_BEGIN_WITH_A_SOURCE<detail::LEFT<Left>>,
            "hubpush: a pipeline begins with a source such as hubpush::scan(...); the left-hand step takes input");
        return detail::poisoned();
    } else {
        return detail::join_steps(pipeline<Left>(std::move(left)), std::move(right));
    }
}

}  // namespace hubpush::inline v0
