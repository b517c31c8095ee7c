#pragma once

/// \file
/// When a job at the head of the queue is tried again: the decision alone, without a clock or a wait.

#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace hubpush::inline v0::detail {

/// The pauses of one job: full jitter below a bound that doubles from one second to a minute, on top of what the server
/// asks for, until `give_up_after` has passed since the job's first failure.
class patience {
public:
    static constexpr std::chrono::milliseconds first_bound = std::chrono::seconds(1);
    static constexpr std::chrono::milliseconds longest_bound = std::chrono::seconds(60);

    explicit patience(std::chrono::milliseconds give_up_after) : give_up_after_(give_up_after) {}

    /// The pause before the next attempt, or nothing when it is time to give up: the time is over, or the server asks
    /// for more than is left of it. `random` is any 64 random bits. The last pause ends exactly when the time is over.
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> next_pause(
        steady_time now, std::optional<std::chrono::milliseconds> server_asks, std::uint64_t random);

private:
    std::chrono::milliseconds give_up_after_;
    std::optional<steady_time> first_failure_;
    std::chrono::milliseconds bound_ = first_bound;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/patience.ipp>
#endif
