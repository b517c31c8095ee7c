#pragma once

/// \file
/// The hash that names everything in Xet storage: chunks, xorbs, files (spec/xet-protocol.md §2.2).
///
///     raw   32 bytes, four groups of 8: what is stored and hashed
///     text  64 digits: each group as a little-endian integer, most significant digit first. Not a plain hex dump.
///
/// All zero bytes mean "no hash", and are the hash of an empty file.

#include <hubpush/core/config.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

/// Each group of 8 bytes in reverse order: from the raw form of a hash to the bytes its digits spell, and from a
/// SHA-256 to how a shard stores it (§2.2, §4.4.4); in both directions.
constexpr std::array<std::byte, 32> reverse_groups(const std::array<std::byte, 32>& bytes) noexcept {
    std::array<std::byte, 32> reversed{};
    for (std::size_t i = 0; i != bytes.size(); ++i) reversed[i ^ 7U] = bytes[i];
    return reversed;
}

}  // namespace detail

/// 32 bytes, as a value. Ordered as its text form is.
class xet_hash {
public:
    /// All bytes zero.
    constexpr xet_hash() = default;
    constexpr explicit xet_hash(const std::array<std::byte, 32>& bytes) noexcept : bytes_(bytes) {}

    /// Nothing unless `text` is exactly 64 hexadecimal digits.
    HUBPUSH_DECL static std::optional<xet_hash> parse(std::string_view text);
    HUBPUSH_DECL std::string text() const;

    constexpr const std::array<std::byte, 32>& bytes() const noexcept { return bytes_; }

    /// Group `index` (0 to 3) as a little-endian integer. Group 0 is the "truncated hash" of look-up tables, group 3
    /// what is tested for divisibility by 4 and by 1024 (§2.5, §2.8).
    constexpr std::uint64_t word(std::size_t index) const noexcept {
        std::uint64_t value = 0;
        for (std::size_t i = 8; i-- != 0;) value = value << 8U | std::to_integer<std::uint64_t>(bytes_[index * 8 + i]);
        return value;
    }

    friend constexpr bool operator==(const xet_hash&, const xet_hash&) noexcept = default;
    friend constexpr std::strong_ordering operator<=>(const xet_hash& a, const xet_hash& b) noexcept {
        for (std::size_t i = 0; i != 3; ++i) {
            if (a.word(i) != b.word(i)) return a.word(i) <=> b.word(i);
        }
        return a.word(3) <=> b.word(3);
    }

private:
    std::array<std::byte, 32> bytes_{};
};

}  // namespace hubpush::inline v0

template <>
struct std::hash<hubpush::xet_hash> {
    std::size_t operator()(const hubpush::xet_hash& name) const noexcept {
        return static_cast<std::size_t>(name.word(0));
    }
};

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/hash.ipp>
#endif
