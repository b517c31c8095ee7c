#pragma once

#include <cstddef>

namespace hubpush_test {

/// How much memory is in use: under the address sanitizer every byte of the heap, elsewhere the number of blocks that
/// `operator new` gave. What is left behind (coroutine frames, handlers, timers, buffers) shows as a number that did
/// not return to what it was.
std::size_t memory_in_use() noexcept;

/// From here on the n-th allocation of this thread (from 1) fails once: pages of the budget, or at least 256 bytes by
/// `operator new`. Smaller ones, and Asio's own, do not: where a coroutine cannot be started Asio ends the program. 0:
/// none fails.
void fail_allocation(std::size_t n) noexcept;

/// While one exists, allocations are neither counted nor do they fail.
class allocations_succeed {
public:
    allocations_succeed() noexcept;
    allocations_succeed(const allocations_succeed&) = delete;
    allocations_succeed& operator=(const allocations_succeed&) = delete;
    ~allocations_succeed();
};

/// How many allocations this thread has asked for since the last `fail_allocation`.
std::size_t allocations_counted() noexcept;

}  // namespace hubpush_test
