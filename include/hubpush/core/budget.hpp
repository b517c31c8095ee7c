#pragma once

/// \file
/// Memory as a budget in bytes, given once and drawn on by every I/O buffer (design.md §1.6 and §7).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace hubpush::inline v0 {

/// A number of bytes with a unit in its name: `32_MiB` in `hubpush::literals`, or `mebibytes(32)`.
constexpr std::uint64_t kibibytes(std::uint64_t n) noexcept { return n << 10; }
constexpr std::uint64_t mebibytes(std::uint64_t n) noexcept { return n << 20; }
constexpr std::uint64_t gibibytes(std::uint64_t n) noexcept { return n << 30; }

namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long n) noexcept { return kibibytes(n); }
constexpr std::uint64_t operator""_MiB(unsigned long long n) noexcept { return mebibytes(n); }
constexpr std::uint64_t operator""_GiB(unsigned long long n) noexcept { return gibibytes(n); }
}  // namespace literals

namespace detail {
class budget_state;
}

/// A page-aligned buffer drawn from a budget; gives its bytes back when it ends. Movable, not copyable. It may end on
/// any thread and may outlive the budget. I/O into memory that is not page-aligned costs five times as much (design.md
/// §7), so nothing else in hubpush hands out I/O buffers.
class lease {
public:
    lease() = default;
    lease(lease&& other) noexcept
        : state_(std::move(other.state_)),
          data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)) {}
    lease& operator=(lease other) noexcept {
        std::swap(state_, other.state_);
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    HUBPUSH_DECL ~lease();

    std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
    std::size_t size() const noexcept { return size_; }
    explicit operator bool() const noexcept { return data_ != nullptr; }

private:
    friend class memory_budget;
    lease(std::shared_ptr<detail::budget_state> state, std::byte* data, std::size_t size) noexcept
        : state_(std::move(state)), data_(data), size_(size) {}

    std::shared_ptr<detail::budget_state> state_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

/// The budget itself. Leases are granted first come, first served; whoever does not fit waits. To stay free of deadlock
/// an operation takes everything it needs in one lease and never waits for a second one while it holds the first.
/// Thread-safe.
class memory_budget {
public:
    static constexpr std::uint64_t default_limit = mebibytes(32);
    /// Less than this cannot hold one request and its answer; smaller limits are raised to it.
    static constexpr std::uint64_t least_limit = mebibytes(1);

    HUBPUSH_DECL explicit memory_budget(std::uint64_t limit = default_limit);

    /// Waits until `size` bytes (rounded up to whole pages) are free. Throws `errc::limit_exceeded` when `size` exceeds
    /// the whole budget. Cancellation: all types; nothing is taken.
    HUBPUSH_DECL task<lease> acquire(std::size_t size);

    HUBPUSH_DECL std::uint64_t limit() const noexcept;
    HUBPUSH_DECL std::uint64_t used() const noexcept;
    HUBPUSH_DECL std::uint64_t peak() const noexcept;  ///< the most that was ever in use at once

private:
    std::shared_ptr<detail::budget_state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/budget.ipp>
#endif
