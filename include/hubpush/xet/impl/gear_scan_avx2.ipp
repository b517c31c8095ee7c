#pragma once

#include <hubpush/xet/impl/gear_scan.ipp>

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstring>

namespace hubpush::inline v0::detail {

/// Bytes of one lane. Four of them side by side are a block of 8 KiB: longer lanes waste more behind a boundary,
/// shorter ones spend more on warming up.
inline constexpr std::size_t gear_lane = 2048;
inline constexpr std::size_t gear_lanes = 4;
/// Bytes of a lane between two looks at what it has met: so much is looked at again to find a boundary.
inline constexpr std::size_t gear_strip = 256;

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

    /// The first lane that has met a boundary since the last look; `gear_lanes` if there is none.
    [[gnu::target("avx2"), gnu::always_inline]] std::size_t look() noexcept {
        const __m256i zero_tops = _mm256_cmpeq_epi32(_mm256_srli_epi32(least_, 16), _mm256_setzero_si256());
        const auto odd = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(zero_tops))) & 0b1010'1010U;
        least_ = _mm256_set1_epi32(-1);
        return odd == 0 ? gear_lanes : static_cast<std::size_t>(std::countr_zero(odd)) / 2;
    }

    [[gnu::target("avx2"), gnu::always_inline]] std::array<std::uint64_t, gear_lanes> values() const noexcept {
        std::array<std::uint64_t, gear_lanes> hashes;
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(hashes.data()), hash_);
        return hashes;
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

/// Rolls the next strip of each lane; `at` is where the first lane's begins.
[[gnu::target("avx2"), gnu::always_inline]] inline void roll_strip(gear_lane_hashes& hashes,
                                                                   const std::byte* at) noexcept {
    const auto word = [at](std::size_t offset) {
        std::uint32_t four_bytes = 0;
        std::memcpy(&four_bytes, at + offset, sizeof(four_bytes));
        return four_bytes;
    };
    for (std::size_t i = 0; i != gear_strip; i += sizeof(std::uint32_t)) {
        const std::uint32_t a = word(i);
        const std::uint32_t b = word(gear_lane + i);
        const std::uint32_t c = word(2 * gear_lane + i);
        const std::uint32_t d = word(3 * gear_lane + i);
        hashes.roll(a, b, c, d);
        hashes.roll(a >> 8U, b >> 8U, c >> 8U, d >> 8U);
        hashes.roll(a >> 16U, b >> 16U, c >> 16U, d >> 16U);
        hashes.roll(a >> 24U, b >> 24U, c >> 24U, d >> 24U);
    }
}

/// A strip that has a boundary: where it begins in its block, and the hash before it.
struct gear_hit {
    std::size_t lane = gear_lanes;
    std::size_t offset = 0;
    std::uint64_t hash = 0;
};

/// Rolls all four lanes that begin at `block` from the hashes they start with. Gives the first strip with a boundary;
/// without one, `starts[0]` is what the next block starts with.
[[gnu::target("avx2")]] inline gear_hit roll_lanes(const std::byte* block,
                                                   std::array<std::uint64_t, gear_lanes>& starts) noexcept {
    gear_lane_hashes hashes(starts);
    gear_hit first;
    for (std::size_t i = 0; i != gear_lane && first.lane != 0; i += gear_strip) {
        const std::array<std::uint64_t, gear_lanes> before = hashes.values();
        roll_strip(hashes, block + i);
        const std::size_t lane = hashes.look();
        if (lane < first.lane) first = {lane, lane * gear_lane + i, before[lane]};
    }
    starts[0] = hashes.values().back();
    return first;
}

/// Blocks of four lanes, each lane warmed up with the end of the one before; only a strip that is known to have a
/// boundary is looked at again to find it.
inline std::optional<std::size_t> scan_avx2(std::uint64_t& hash, std::span<const std::byte> bytes) noexcept {
    std::size_t done = 0;
    std::array<std::uint64_t, gear_lanes> starts{hash};
    for (; bytes.size() - done >= gear_lanes * gear_lane; done += gear_lanes * gear_lane) {
        warm_up_lanes(bytes.data() + done, starts);
        gear_hit hit = roll_lanes(bytes.data() + done, starts);
        if (hit.lane == gear_lanes) continue;
        const std::size_t begin = done + hit.offset;
        return begin + scan_two_bytes(hit.hash, bytes.subspan(begin, gear_strip)).value();
    }
    hash = starts[0];
    const std::optional<std::size_t> end = scan_two_bytes(hash, bytes.subspan(done));
    return end ? std::optional(done + *end) : std::nullopt;
}

}  // namespace hubpush::inline v0::detail

#endif
