#pragma once

/// \file
/// Threads and coroutines that wait for the same state: a condition variable for both.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/process.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

namespace hubpush::inline v0::detail {

/// Waits for conditions on what `mutex` guards. The conditions are asked under it and must not throw.
class wait_list {
public:
    using condition = std::function<bool()>;

    explicit wait_list(std::mutex& mutex) : mutex_(mutex) {}

    /// Wakes those whose condition holds now. Under the mutex.
    HUBPUSH_DECL void notify();

    /// Blocks until the condition holds (true) or the deadline (false). `lock` holds the mutex before and after.
    HUBPUSH_DECL bool wait(std::unique_lock<std::mutex>& lock, const condition& met,
                           std::optional<steady_time> deadline);

    /// The same for a coroutine of any executor, with the deadline on `time`. `list` keeps alive what the condition
    /// refers to, the mutex and the clock. Cancellation: all types; throws `cancelled`.
    HUBPUSH_DECL static task<bool> async_wait(std::shared_ptr<wait_list> list, clock& time, condition met,
                                              std::optional<steady_time> deadline);

private:
    class parked;

    HUBPUSH_DECL static task<bool> wait_parked(std::shared_ptr<wait_list> list, clock& time, condition met,
                                               std::optional<steady_time> deadline);

    const birthplace birthplace_;
    std::mutex& mutex_;
    std::condition_variable changed_;
    std::list<parked*> parked_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/wait_list.ipp>
#endif
