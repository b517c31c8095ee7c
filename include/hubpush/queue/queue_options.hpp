#pragma once

/// \file
/// How a queue behaves; every value has a default.

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

namespace hubpush::inline v0 {

/// What becomes of a job that is submitted to a queue which has reached its limit (spec/reliability.md §3.8, P13).
enum class full_queue {
    reject,  ///< the call throws `queue_full`: the caller is never held up
    wait,    ///< the call waits for a place, first come, first served
    /// The oldest waiting job gives way: it ends as cancelled, with a message that says for which job, and its outcome
    /// is kept. The job at the head is never replaced; when none waits behind it the call throws `queue_full`.
    replace_oldest
};

/// What becomes of the jobs behind one that has failed for good. A cancelled job is not a failed one.
enum class failed_job {
    go_on,  ///< they run
    /// They are cancelled, and so is what is submitted before the failure has been drained: whether a job runs does not
    /// depend on when it was submitted. `drain()`, which tells of the failure, lets the queue go on.
    cancel_the_rest
};

/// `queue_options().limit(100).give_up_after(1h)`.
class queue_options {
public:
    /// Asked on the queue's executor, never under a lock, whether a retryable failure may be waited out.
    using wait_out_rule = std::function<bool(const error&)>;

    /// How many jobs may be unfinished at once, the running one included: one at least. Without it there is no limit.
    queue_options& limit(std::size_t jobs) {
        limit_ = jobs;
        return *this;
    }
    /// What happens at the limit. `longest_wait` is for `full_queue::wait`: the call that has waited so long
    /// throws `queue_full`. Without it a call waits for ever.
    queue_options& when_full(full_queue policy, std::optional<std::chrono::milliseconds> longest_wait = std::nullopt) {
        when_full_ = policy;
        longest_wait_ = longest_wait;
        return *this;
    }
    /// What happens to the others when a job has failed.
    queue_options& after_failure(failed_job policy) {
        after_failure_ = policy;
        return *this;
    }
    /// How long after its first failure a job is still tried again.
    queue_options& give_up_after(std::chrono::milliseconds time) {
        give_up_after_ = time;
        return *this;
    }
    /// A retryable failure for which `rule` says no is final. Without it every retryable failure is waited out.
    queue_options& may_wait_out(wait_out_rule rule) {
        may_wait_out_ = std::move(rule);
        return *this;
    }
    /// Clock for the pauses, random numbers for their jitter, log for what nobody else is told.
    queue_options& use(hubpush::seams value) {
        seams_ = std::move(value);
        return *this;
    }

    std::optional<std::size_t> limit() const noexcept { return limit_; }
    full_queue when_full() const noexcept { return when_full_; }
    std::optional<std::chrono::milliseconds> longest_wait() const noexcept { return longest_wait_; }
    failed_job after_failure() const noexcept { return after_failure_; }
    std::chrono::milliseconds give_up_after() const noexcept { return give_up_after_; }
    const hubpush::seams& seams() const noexcept { return seams_; }
    bool may_be_waited_out(const error& failure) const {
        return failure.retryable() && (!may_wait_out_ || may_wait_out_(failure));
    }

private:
    std::optional<std::size_t> limit_;
    full_queue when_full_ = full_queue::reject;
    std::optional<std::chrono::milliseconds> longest_wait_;
    failed_job after_failure_ = failed_job::go_on;
    std::chrono::milliseconds give_up_after_ = std::chrono::hours(6);
    wait_out_rule may_wait_out_;
    hubpush::seams seams_;
};

}  // namespace hubpush::inline v0
