#pragma once

/// \file
/// Whether and when a failed request is sent again (spec/reliability.md §3.4). Decides; does not wait.

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/http_message.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

/// How often a request is sent at most, the first time included.
class attempts {
public:
    constexpr explicit attempts(int most) noexcept : most_(std::max(most, 1)) {}
    constexpr int most() const noexcept { return most_; }

private:
    int most_;
};

/// Waits between attempts: a random time up to `base`, doubled each time, never more than `cap`.
class backoff {
public:
    constexpr backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap) noexcept
        : base_(base), cap_(cap) {}
    constexpr std::chrono::milliseconds base() const noexcept { return base_; }
    constexpr std::chrono::milliseconds cap() const noexcept { return cap_; }

private:
    std::chrono::milliseconds base_;
    std::chrono::milliseconds cap_;
};

/// What is known about an attempt that did not succeed: a reply, or the code of a failure.
class failed_attempt {
public:
    /// `number` counts from 1. `since_first_failure`: time since the first attempt failed.
    failed_attempt(int number, std::chrono::milliseconds since_first_failure, errc code) noexcept
        : number_(number), since_first_failure_(since_first_failure), code_(code) {}
    /// `wait`: what `requested_wait` found in the reply.
    failed_attempt(int number, std::chrono::milliseconds since_first_failure, int status,
                   std::optional<std::chrono::milliseconds> wait) noexcept
        : number_(number), since_first_failure_(since_first_failure), status_(status), requested_wait_(wait) {}

    int number() const noexcept { return number_; }
    std::chrono::milliseconds since_first_failure() const noexcept { return since_first_failure_; }
    errc code() const noexcept { return code_; }     ///< meaningful when there is no status
    int status() const noexcept { return status_; }  ///< 0 without a reply
    std::optional<std::chrono::milliseconds> requested_wait() const noexcept { return requested_wait_; }

private:
    int number_;
    std::chrono::milliseconds since_first_failure_;
    errc code_ = errc::server_error;
    int status_ = 0;
    std::optional<std::chrono::milliseconds> requested_wait_;
};

/// How stubborn a client is: `retry_policy(attempts(8), backoff(500ms, 30s))`, in any order; without arguments 6
/// attempts, 0.5 s doubling up to 30 s. All retries of one request end 5 minutes after its first failure. They do not
/// count from the first byte, so that an upload that took an hour before it broke is repeated too. It is also the
/// policy of the step `retry(step, policy)`.
class retry_policy {
public:
    static constexpr std::chrono::seconds total_limit{300};
    /// The longest wait that a server may ask for; whoever asks for more is not asked again.
    static constexpr std::chrono::seconds requested_wait_limit{300};

    retry_policy() = default;
    template <class... Options>
        requires(sizeof...(Options) > 0 &&
                 ((std::same_as<Options, hubpush::attempts> || std::same_as<Options, hubpush::backoff>) && ...))
    explicit retry_policy(Options... options) noexcept {
        (set(options), ...);
    }

    /// `retry_policy(...).when([](const error& e) { return e.status() != 503; })`: of what may be sent again at all,
    /// only failures for which `predicate` returns true are. It can forbid and never allow: a request that may have
    /// worked, or that cannot, is not repeated whatever it says. Called on the client's strand; what it throws is the
    /// outcome.
    template <class Predicate>
    retry_policy when(Predicate&& predicate) const {
        static_assert(detail::callable_is_safe<Predicate>,
                      "hubpush: on g++ 12 give this lambda a name first and pass the name");
        static_assert(std::predicate<std::decay_t<Predicate>&, const error&>,
                      "hubpush: when needs a function that takes a const hubpush::error& and returns whether to retry");
        retry_policy result = *this;
        if constexpr (std::predicate<std::decay_t<Predicate>&, const error&>) {
            result.predicate_ =
                std::make_shared<const std::function<bool(const error&)>>(std::forward<Predicate>(predicate));
        }
        return result;
    }

    int attempts() const noexcept { return attempts_.most(); }
    hubpush::backoff backoff() const noexcept { return backoff_; }

    /// How long to wait before the next attempt, or nothing to give up. `random` decides the jitter. A wait that the
    /// server asked for is kept and spread by up to `base`, so that not everyone comes back in the same instant.
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> next_wait(const failed_attempt& failed,
                                                                    std::uint64_t random) const;
    /// The same for a failure of anything but a single request, which says itself whether it is `retryable()` and how
    /// long the server asked to wait.
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> next_wait(const error& failure, int number,
                                                                    std::chrono::milliseconds since_first_failure,
                                                                    std::uint64_t random) const;

    /// What the predicate given to `when` says; true without one.
    bool allows(const error& failure) const { return !predicate_ || (*predicate_)(failure); }

private:
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> wait_after(int number, int most,
                                                                     std::chrono::milliseconds since_first_failure,
                                                                     std::optional<std::chrono::milliseconds> requested,
                                                                     std::uint64_t random) const;

    void set(hubpush::attempts value) noexcept { attempts_ = value; }
    void set(hubpush::backoff value) noexcept { backoff_ = value; }

    hubpush::attempts attempts_{6};
    hubpush::backoff backoff_{std::chrono::milliseconds(500), std::chrono::seconds(30)};
    std::shared_ptr<const std::function<bool(const error&)>> predicate_;
};

/// A bound on the retries of all requests to one origin together: a broken server is not asked six times as often as a
/// healthy one (spec/reliability.md §3.4). Not thread-safe.
class retry_budget {
public:
    static constexpr int capacity = 500;
    static constexpr int transport_cost = 10;  ///< after a failure without an answer
    static constexpr int server_cost = 5;      ///< after a retryable status

    /// Pays for one retry; false when there is not enough left.
    bool take(int cost) noexcept {
        if (left_ < cost) return false;
        left_ -= cost;
        return true;
    }
    /// A request has succeeded.
    void refund() noexcept { left_ = std::min(left_ + 1, capacity); }

private:
    int left_ = capacity;
};

/// One budget for each origin, so that a broken storage does not use up what the Hub's requests may need. Servers name
/// origins: of those beyond `most` the one that was asked for longest ago is forgotten. Not thread-safe.
class retry_budgets {
public:
    static constexpr std::size_t most = 32;

    HUBPUSH_DECL retry_budget& of(const origin& where);

private:
    std::list<std::pair<origin, retry_budget>> used_;  // the last one asked for stands first
};

/// 408, 425, 429, 500, 502, 503 and 504.
HUBPUSH_DECL bool retryable_status(int status) noexcept;

/// Failures without an answer that may pass: no connection, a broken one, a deadline, a name server, too many open
/// files.
HUBPUSH_DECL bool retryable_failure(errc code) noexcept;

/// How long the server asks to wait: `Retry-After` in seconds or as a date (against `wall`), and for 429 a `RateLimit`
/// field with nothing remaining (spec/hub-http-api.md §11.3); the longer of both. Dates that have passed, negative
/// numbers and everything unreadable count as nothing.
HUBPUSH_DECL std::optional<std::chrono::milliseconds> requested_wait(const http_response& reply,
                                                                     std::chrono::system_clock::time_point wall);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/retry_policy.ipp>
#endif
