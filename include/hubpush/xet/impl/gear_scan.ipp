#pragma once

#include <hubpush/xet/impl/gear_table.ipp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hubpush::inline v0::detail {

inline constexpr std::uint64_t gear_mask = 0xFFFF'0000'0000'0000U;
/// So many bytes back, nothing is left of a byte in the rolling hash.
inline constexpr std::size_t gear_window = 64;

constexpr bool is_boundary(std::uint64_t hash) noexcept { return (hash & gear_mask) == 0; }

constexpr std::uint64_t gear_of(std::byte byte) noexcept { return gear_table[std::to_integer<std::size_t>(byte)]; }

/// Rolls `bytes` into `hash` without looking for boundaries.
inline void roll(std::uint64_t& hash, std::span<const std::byte> bytes) noexcept {
    for (const std::byte byte : bytes) hash = 2 * hash + gear_of(byte);
}

/// All scans: rolls `bytes` into `hash` up to the first boundary, and gives the number of bytes up to it, itself
/// included; nothing if there is none. After a boundary, `hash` is of no use.
using gear_scan = std::optional<std::size_t>(std::uint64_t& hash, std::span<const std::byte> bytes);

inline std::optional<std::size_t> scan_plain(std::uint64_t& hash, std::span<const std::byte> bytes) noexcept {
    for (std::size_t i = 0; i != bytes.size(); ++i) {
        hash = 2 * hash + gear_of(bytes[i]);
        if (is_boundary(hash)) return i + 1;
    }
    return std::nullopt;
}

/// Two bytes take one multiplication and one addition of the chain: what they add together does not wait for it.
inline std::optional<std::size_t> scan_two_bytes(std::uint64_t& hash, std::span<const std::byte> bytes) noexcept {
    const std::size_t even = bytes.size() & ~std::size_t{1};
    for (std::size_t i = 0; i != even; i += 2) {
        const std::uint64_t first = gear_of(bytes[i]);
        const std::uint64_t both = 2 * first + gear_of(bytes[i + 1]);
        if (is_boundary(2 * hash + first)) return i + 1;
        hash = 4 * hash + both;
        if (is_boundary(hash)) return i + 2;
    }
    const std::optional<std::size_t> end = scan_plain(hash, bytes.subspan(even));
    return end ? std::optional(even + *end) : std::nullopt;
}

}  // namespace hubpush::inline v0::detail
