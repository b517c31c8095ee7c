#pragma once

#include <hubpush/xet/impl/gear_scan.ipp>

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstring>

namespace hubpush::inline v0::detail {

/// Bytes of one lane. Four of them side by side are a block of 6 KiB: longer lanes waste more behind a boundary,
/// shorter ones spend more on warming up.
inline constexpr std::size_t gear_lane = 1536;
inline constexpr std::size_t gear_lanes = 4;

/// The rolling hashes of four lanes, and the least each has been since the last look, in its upper 32 bits.
class gear_lane_hashes {
public:
    [[gnu::target("avx2"),
      gnu::always_inline]] explicit gear_lane_hashes(const std::array<std::uint64_t, gear_lanes>& hashes) noexcept
        : hash_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes.data()))), least_(_mm256_set1_epi32(-1)) {}

    /// Rolls one byte into each lane: the lowest of each word. Four loads are cheaper here than a gather instruction.
    [[gnu::target("avx2"), gnu::always_inline]] void roll(std::uint32_t a, std::uint32_t b, std::uint32_t c,
                                                          std::uint32_t d) noexcept {
        const __m256i gears = _mm256_set_m128i(gears_of(c, d), gears_of(a, b));
        hash_ = _mm256_add_epi64(_mm256_add_epi64(hash_, hash_), gears);
        least_ = _mm256_min_epu32(least_, hash_);
    }

    /// The first lane that has met a boundary; `gear_lanes` if there is none.
    [[gnu::target("avx2"), gnu::always_inline]] std::size_t first_hit() const noexcept {
        const __m256i zero_tops = _mm256_cmpeq_epi32(_mm256_srli_epi32(least_, 16), _mm256_setzero_si256());
        const auto odd = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(zero_tops))) & 0b1010'1010U;
        return odd == 0 ? gear_lanes : static_cast<std::size_t>(std::countr_zero(odd)) / 2;
    }

    [[gnu::target("avx2"), gnu::always_inline]] std::uint64_t last() const noexcept {
        return static_cast<std::uint64_t>(_mm256_extract_epi64(hash_, 3));
    }

private:
    [[gnu::target("avx2"), gnu::always_inline]] static __m128i gears_of(std::uint32_t low,
                                                                        std::uint32_t high) noexcept {
        const __m128i one = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(&gear_table[low & 255U]));
        const auto* const other = reinterpret_cast<const __m64*>(&gear_table[high & 255U]);
        return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(one), other));
    }

    __m256i hash_;
    __m256i least_;
};

/// What the lanes behind the first start with comes from the last bytes of the lane before.
inline void warm_up_lanes(const std::byte* block, std::array<std::uint64_t, gear_lanes>& starts) noexcept {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    std::uint64_t fourth = 0;
    for (std::size_t i = gear_lane - gear_window; i != gear_lane; ++i) {
        second = 2 * second + gear_of(block[i]);
        third = 2 * third + gear_of(block[gear_lane + i]);
        fourth = 2 * fourth + gear_of(block[2 * gear_lane + i]);
    }
    starts = {starts[0], second, third, fourth};
}

/// Rolls all four lanes that begin at `block` from the hashes they start with. True without a boundary, and then
/// `starts[0]` is what the next block starts with; otherwise `lane` is the first that has one.
[[gnu::target("avx2")]] inline bool roll_lanes(const std::byte* block, std::array<std::uint64_t, gear_lanes>& starts,
                                               std::size_t& lane) noexcept {
    gear_lane_hashes hashes(starts);
    const auto word = [block](std::size_t at) {
        std::uint32_t four_bytes = 0;
        std::memcpy(&four_bytes, block + at, sizeof(four_bytes));
        return four_bytes;
    };
    for (std::size_t i = 0; i != gear_lane; i += sizeof(std::uint32_t)) {
        const std::uint32_t a = word(i);
        const std::uint32_t b = word(gear_lane + i);
        const std::uint32_t c = word(2 * gear_lane + i);
        const std::uint32_t d = word(3 * gear_lane + i);
        hashes.roll(a, b, c, d);
        hashes.roll(a >> 8U, b >> 8U, c >> 8U, d >> 8U);
        hashes.roll(a >> 16U, b >> 16U, c >> 16U, d >> 16U);
        hashes.roll(a >> 24U, b >> 24U, c >> 24U, d >> 24U);
    }
    lane = hashes.first_hit();
    if (lane == gear_lanes) starts[0] = hashes.last();
    return lane == gear_lanes;
}

/// Blocks of four lanes, each lane warmed up with the end of the one before; only a lane that is known to have a
/// boundary is looked at again to find it.
inline std::optional<std::size_t> scan_avx2(std::uint64_t& hash, std::span<const std::byte> bytes) noexcept {
    std::size_t done = 0;
    std::array<std::uint64_t, gear_lanes> starts{hash};
    for (; bytes.size() - done >= gear_lanes * gear_lane; done += gear_lanes * gear_lane) {
        warm_up_lanes(bytes.data() + done, starts);
        std::size_t lane = 0;
        if (roll_lanes(bytes.data() + done, starts, lane)) continue;
        const std::size_t begin = done + lane * gear_lane;
        return begin + scan_two_bytes(starts[lane], bytes.subspan(begin, gear_lane)).value();
    }
    hash = starts[0];
    const std::optional<std::size_t> end = scan_two_bytes(hash, bytes.subspan(done));
    return end ? std::optional(done + *end) : std::nullopt;
}

}  // namespace hubpush::inline v0::detail

#endif
