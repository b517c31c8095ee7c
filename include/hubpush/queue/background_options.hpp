#pragma once

/// \file
/// What a `background` adds to a client, as named values.

#include <hubpush/core/options.hpp>
#include <hubpush/queue/queue_options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace hubpush::inline v0 {

/// How many jobs may be unfinished at once, the running one included: one at least. Default: any number.
class queue_limit {
public:
    explicit queue_limit(std::size_t jobs) : jobs_(jobs) {}
    std::size_t jobs() const noexcept { return jobs_; }

private:
    std::size_t jobs_;
};

/// What happens to a call at the limit: `when_full(full_queue::replace_oldest)`. Default: `full_queue::reject`.
class when_full {
public:
    /// `longest_wait` is for `full_queue::wait`: the call that has waited so long throws `queue_full`. Without it
    /// a call waits for ever.
    explicit when_full(full_queue policy, std::optional<std::chrono::milliseconds> longest_wait = std::nullopt)
        : policy_(policy), longest_wait_(longest_wait) {}
    full_queue policy() const noexcept { return policy_; }
    std::optional<std::chrono::milliseconds> longest_wait() const noexcept { return longest_wait_; }

private:
    full_queue policy_;
    std::optional<std::chrono::milliseconds> longest_wait_;
};

/// What happens to the jobs behind one that failed: `after_failure(failed_job::cancel_the_rest)`. Default:
/// `failed_job::go_on`.
class after_failure {
public:
    explicit after_failure(failed_job policy) : policy_(policy) {}
    failed_job policy() const noexcept { return policy_; }

private:
    failed_job policy_;
};

/// How long after its first failure a job that may still succeed is tried again. Default: 6 hours.
class give_up_after {
public:
    give_up_after() = default;
    explicit give_up_after(std::chrono::milliseconds time) : time_(time) {}
    std::chrono::milliseconds time() const noexcept { return time_; }

private:
    std::chrono::milliseconds time_ = std::chrono::hours(6);
};

/// How long the destructor of `background` waits for what is queued. Default: 5 minutes.
class close_within {
public:
    close_within() = default;
    explicit close_within(std::chrono::milliseconds time) : time_(time) {}
    std::chrono::milliseconds time() const noexcept { return time_; }

private:
    std::chrono::milliseconds time_ = std::chrono::minutes(5);
};

namespace detail {

/// The options of a client and those of the queue beside it.
template <class ClientOptions>
struct background_options;

template <class... ClientOptions>
struct background_options<option_set<ClientOptions...>> {
    using all = option_set<ClientOptions..., queue_limit, when_full, after_failure, give_up_after, close_within>;
};

}  // namespace detail

}  // namespace hubpush::inline v0
