#pragma once

#include <cstddef>

namespace hubpush_test {

/// How much memory is in use: under the address sanitizer every byte of the heap, elsewhere the number of blocks that
/// `operator new` gave. What is left behind (coroutine frames, handlers, timers, buffers) shows as a number that did
/// not return to what it was.
std::size_t memory_in_use() noexcept;

/// From here on the n-th allocation of this thread (from 1), `operator new` or page-aligned memory of the budget, fails
/// once; 0: none.
void fail_allocation(std::size_t n) noexcept;

/// How many allocations this thread has asked for since the last `fail_allocation`.
std::size_t allocations_counted() noexcept;

}  // namespace hubpush_test
