#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // g++ 12 comes without its header
#endif

namespace {

std::atomic<std::size_t> live{0};
thread_local std::size_t counted = 0;
thread_local std::size_t failing = 0;
thread_local int exempt = 0;

constexpr std::size_t least_to_fail = 256;

bool fails(std::size_t size) noexcept { return size >= least_to_fail && exempt == 0 && ++counted == failing; }

void* allocate(std::size_t alignment, std::size_t size) {
    void* memory = nullptr;
    if (fails(size) || ::posix_memalign(&memory, alignment, size) != 0) throw std::bad_alloc();
    live.fetch_add(1, std::memory_order_relaxed);
    return memory;
}

void release(void* memory) noexcept {
    if (memory == nullptr) return;
    live.fetch_sub(1, std::memory_order_relaxed);
    std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return allocate(alignof(std::max_align_t), size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(static_cast<std::size_t>(alignment), size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    try {
        return ::operator new(size);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { release(memory); }

/// Pages of the budget, which may fail, and Asio's memory, which may not.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    void* memory = nullptr;
    const bool pages = alignment >= 4096;
    if ((pages && fails(size)) || ::posix_memalign(&memory, alignment, size) != 0) return nullptr;
    return memory;
}

/// Hundreds of millions of allocations: each remembers less of where it came from. ASAN_OPTIONS overrides it.
extern "C" const char* __asan_default_options() { return "malloc_context_size=3"; }

namespace hubpush_test {

std::size_t memory_in_use() noexcept {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    return live.load(std::memory_order_relaxed);
#endif
}

void fail_allocation(std::size_t n) noexcept {
    counted = 0;
    failing = n;
}

allocations_succeed::allocations_succeed() noexcept { ++exempt; }
allocations_succeed::~allocations_succeed() { --exempt; }

std::size_t allocations_counted() noexcept { return counted; }

}  // namespace hubpush_test
