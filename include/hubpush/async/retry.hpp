#pragma once

/// \file
/// `retry`: a step that is repeated when it fails in a way that may pass.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// What decides, after attempt `number` (counted from 1) has failed, how long to wait before the next one, or nothing
/// to give up. `retry_policy` is one.
template <class Policy>
concept decides_retries =
    std::copy_constructible<Policy> && requires(const Policy& policy, const error& failure, int number,
                                                std::chrono::milliseconds since_first_failure, std::uint64_t random) {
        {
            policy.next_wait(failure, number, since_first_failure, random)
        } -> std::same_as<std::optional<std::chrono::milliseconds>>;
    };

/// A step that repeats another one; see `retry`.
template <class Step, class Policy>
class retry_step : public step_base {
public:
    using call = detail::call_of<Step>;

    retry_step(Step step, Policy policy) : step_(std::move(step)), policy_(std::move(policy)) {}

    template <class Context, class... Input>
    task<typename call::gives> operator()(Context& context, Input... input) const {
        const seams& outside = context.seams();
        std::optional<steady_time> first_failure;
        for (int number = 1;; ++number) {
            std::optional<std::chrono::milliseconds> wait;
            try {
                task<typename call::gives> attempt = step_(context, input...);
                co_return co_await std::move(attempt);
            } catch (const error& failure) {
                if (!first_failure) first_failure = outside.clock().now();
                wait = wait_after(failure, number, *first_failure, outside);
                if (!wait) throw;
                outside.log().write(log_level::info,
                                    "next try in " + std::to_string(wait->count()) + " ms: " + failure.what());
            }
            co_await sleep_for(outside.clock(), *wait);
        }
    }

private:
    /// Nothing that may have succeeded is repeated, whatever the policy says: `outcome_unknown` is not retryable.
    std::optional<std::chrono::milliseconds> wait_after(const error& failure, int number, steady_time first_failure,
                                                        const seams& outside) const {
        if (!failure.retryable()) return std::nullopt;
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(outside.clock().now() - first_failure);
        return policy_.next_wait(failure, number, since, outside.random().next());
    }

    Step step_;
    Policy policy_;
};

/// `retry(my_step(), retry_policy(attempts(3)))`: runs the step again, on a copy of its input, when it throws a
/// `hubpush::error` that is `retryable()` and `policy` allows it; any other exception ends the pipeline at once. Only a
/// step that takes and gives whole values can be repeated: one that streams has handed items on already. Waits on the
/// context's clock, with jitter from its random numbers, and writes a line about each to its log. Cancellation: as the
/// step, and at once while it waits.
///
/// `retry(commit(...), ...)` makes one commit: a commit whose outcome is not known is looked up by the step itself, and
/// what cannot be found out is `outcome_unknown`, which is not repeated.
template <class Step, class Policy>
auto retry(Step step, Policy policy) {
    if constexpr (std::same_as<Step, detail::poisoned>) {
        return detail::poisoned();
    } else if constexpr (!detail::whole_value_step<Step>) {
        static_assert(detail::TAKES_AND_GIVES_A_WHOLE_VALUE<detail::STEP<Step>>,
                      "hubpush: retry repeats one step that takes and gives whole values; a step that streams has "
                      "handed items on before it fails");
        return detail::poisoned();
    } else if constexpr (!decides_retries<Policy>) {
        static_assert(detail::DECIDES_ABOUT_RETRIES<detail::POLICY<Policy>>,
                      "hubpush: the second argument of retry decides how long to wait: pass a hubpush::retry_policy");
        return detail::poisoned();
    } else {
        return retry_step<Step, Policy>(std::move(step), std::move(policy));
    }
}

}  // namespace hubpush::inline v0
