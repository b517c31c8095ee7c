#pragma once

/// \file
/// `timeout`: a limit on how long a task or a step may take.

#include <hubpush/async/group.hpp>
#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// Runs `work` on the strand that awaits this. After `limit` it is cancelled; nothing when it has ended because of
/// that.
template <class T>
task<std::optional<value_of<T>>> within(clock& clock, std::chrono::nanoseconds limit, task<T> work) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    deadline watch(clock, executor, [&group] { group.cancel(); });
    watch.expires_after(limit);
    std::optional<value_of<T>> result;
    group.spawn(keep_result(std::move(work), result));
    std::exception_ptr failure;
    try {
        co_await group.join();
    } catch (...) {
        failure = std::current_exception();
    }
    const bool out_of_time = watch.expired() && failure && kind_of(failure) == errc::cancelled;
    if (!result && !out_of_time) std::rethrow_exception(failure);
    co_return result;
}

/// The same, where nothing is an error.
template <class T>
task<T> in_time(clock& clock, std::chrono::nanoseconds limit, task<T> work) {
    std::optional<value_of<T>> result = co_await within(clock, limit, std::move(work));
    if (!result) {
        const auto shown = std::chrono::duration_cast<std::chrono::milliseconds>(limit);
        throw_error(errc::timed_out, "the operation took longer than " + std::to_string(shown.count()) + " ms",
                    error_details().retryable(true));
    }
    if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

/// The same for whoever awaits it anywhere.
template <class T>
task<T> in_time(std::shared_ptr<clock> clock, std::chrono::nanoseconds limit, task<T> work) {
    co_return co_await on_own_strand(in_time(*clock, limit, std::move(work)));
}

}  // namespace detail

/// A step with a time limit; see `timeout`.
template <class Step>
class timeout_step : public step_base {
public:
    using call = detail::call_of<Step>;

    timeout_step(Step step, std::chrono::nanoseconds limit) : step_(std::move(step)), limit_(limit) {}

    template <class Context, class... Arguments>
    auto operator()(Context& context, Arguments&&... arguments) const {
        return detail::in_time(context.seams().clock(), limit_, step_(context, std::forward<Arguments>(arguments)...));
    }

private:
    Step step_;
    std::chrono::nanoseconds limit_;
};

/// `co_await timeout(hub.upload_folder(...), 10min)`: runs a task and, after `limit`, cancels it (terminal), waits for
/// its end and throws `errc::timed_out`, which compares equal to `std::errc::timed_out`. What the task has to say goes
/// first: its value if it had one in the end, and any failure but `cancelled`. So a push whose commit may have been
/// made gives the commit or `outcome_unknown`, if need be somewhat later than `limit`. The clock runs from the moment
/// in which the result is awaited, on any executor; the task runs on a strand of that executor. `clock` replaces the
/// steady clock.
///
/// `timeout(my_step(), 10s)` is the step with that limit on each of its runs, on the clock of the pipeline's context.
template <class Work>
auto timeout(Work&& work, std::chrono::nanoseconds limit, std::shared_ptr<clock> clock = steady_clock()) {
    using plain = std::remove_cvref_t<Work>;
    if constexpr (std::same_as<plain, detail::poisoned>) {
        return detail::poisoned();
    } else if constexpr (detail::is_task<Work>) {
        return detail::in_time(std::move(clock), limit, std::move(work));
    } else if constexpr (detail::callable_step<plain>) {
        return timeout_step<plain>(std::forward<Work>(work), limit);
    } else {
        static_assert(detail::IS_A_TASK_OR_ONE_STEP<detail::ARGUMENT<Work>>,
                      "hubpush: timeout takes a task, as a call gives it or moved, or one step; a pipeline becomes a "
                      "task when it is called");
        return detail::poisoned();
    }
}

}  // namespace hubpush::inline v0
