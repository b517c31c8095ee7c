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

/// `queue_options().limit(100).give_up_after(1h)`.
class queue_options {
public:
    /// Asked on the queue's executor, never under a lock, whether a retryable failure may be waited out.
    using wait_out_rule = std::function<bool(const error&)>;

    /// How many jobs may be unfinished at once, the running one included; more are refused. Without it there is no
    /// limit.
    queue_options& limit(std::size_t jobs) {
        limit_ = jobs;
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
    std::chrono::milliseconds give_up_after() const noexcept { return give_up_after_; }
    const hubpush::seams& seams() const noexcept { return seams_; }
    bool may_be_waited_out(const error& failure) const {
        return failure.retryable() && (!may_wait_out_ || may_wait_out_(failure));
    }

private:
    std::optional<std::size_t> limit_;
    std::chrono::milliseconds give_up_after_ = std::chrono::hours(6);
    wait_out_rule may_wait_out_;
    hubpush::seams seams_;
};

}  // namespace hubpush::inline v0
