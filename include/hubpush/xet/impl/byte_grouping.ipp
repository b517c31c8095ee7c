#pragma once

#include <hubpush/xet/byte_grouping.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t byte_groups = 4;

/// Where each group begins in the grouped form of `size` bytes.
inline std::array<std::size_t, byte_groups> group_starts(std::size_t size) {
    std::array<std::size_t, byte_groups> starts{};
    for (std::size_t g = 1; g != byte_groups; ++g) starts[g] = starts[g - 1] + (size + byte_groups - g) / byte_groups;
    return starts;
}

inline void require_equal_sizes(std::size_t from, std::size_t to) {
    if (from != to) throw_error(errc::invalid_argument, "byte grouping does not change the length");
}

}  // namespace detail

HUBPUSH_DECL void group_bytes(std::span<const std::byte> raw, std::span<std::byte> grouped) {
    detail::require_equal_sizes(raw.size(), grouped.size());
    const auto starts = detail::group_starts(raw.size());
    const std::size_t numbers = raw.size() / detail::byte_groups;
    std::byte* const to = grouped.data();
    for (std::size_t n = 0; n != numbers; ++n) {
        const std::byte* const number = raw.data() + n * detail::byte_groups;
        to[n] = number[0];
        to[starts[1] + n] = number[1];
        to[starts[2] + n] = number[2];
        to[starts[3] + n] = number[3];
    }
    for (std::size_t i = numbers * detail::byte_groups; i != raw.size(); ++i) {
        to[starts[i % detail::byte_groups] + numbers] = raw[i];
    }
}

HUBPUSH_DECL void ungroup_bytes(std::span<const std::byte> grouped, std::span<std::byte> raw) {
    detail::require_equal_sizes(grouped.size(), raw.size());
    const auto starts = detail::group_starts(raw.size());
    const std::size_t numbers = raw.size() / detail::byte_groups;
    const std::byte* const from = grouped.data();
    for (std::size_t n = 0; n != numbers; ++n) {
        std::byte* const number = raw.data() + n * detail::byte_groups;
        number[0] = from[n];
        number[1] = from[starts[1] + n];
        number[2] = from[starts[2] + n];
        number[3] = from[starts[3] + n];
    }
    for (std::size_t i = numbers * detail::byte_groups; i != raw.size(); ++i) {
        raw[i] = from[starts[i % detail::byte_groups] + numbers];
    }
}

namespace detail {

/// How many bytes of each group have so many one-bits.
using one_bit_counts = std::array<std::array<std::uint32_t, 9>, byte_groups>;

/// Counts values first, because counting bits for every byte would take several times as long.
inline one_bit_counts count_one_bits(std::span<const std::byte> raw) {
    std::array<std::array<std::uint32_t, 256>, byte_groups> values{};
    for (std::size_t i = 0; i != raw.size(); ++i) ++values[i % byte_groups][std::to_integer<std::size_t>(raw[i])];
    one_bit_counts counts{};
    for (std::size_t group = 0; group != byte_groups; ++group) {
        for (unsigned value = 0; value != 256; ++value) {
            counts[group][static_cast<std::size_t>(std::popcount(value))] += values[group][value];
        }
    }
    return counts;
}

}  // namespace detail

HUBPUSH_DECL bool grouping_pays(std::span<const std::byte> raw) {
    const detail::one_bit_counts counts = detail::count_one_bits(raw);
    const auto divergence = [&](std::size_t g) {
        const auto size = static_cast<double>((raw.size() + detail::byte_groups - 1 - g) / detail::byte_groups);
        double sum = 0;
        for (std::size_t bin = 0; bin != counts[g].size(); ++bin) {
            // The reference multiplies zero by minus infinity here and so ignores a group with an empty bin.
            if (counts[g][bin] == 0) return 0.0;
            const double in_group = counts[g][bin] / size;
            double total = 1;
            for (const auto& group : counts) total += group[bin];
            sum += in_group * std::log(in_group * static_cast<double>(raw.size()) / total);
        }
        return sum;
    };
    constexpr double enough = 0.02;
    for (std::size_t g = 0; g != detail::byte_groups; ++g) {
        if (divergence(g) > enough) return true;
    }
    return false;
}

}  // namespace hubpush::inline v0
