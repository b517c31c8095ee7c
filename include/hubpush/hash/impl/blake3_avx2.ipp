#pragma once

#include <hubpush/hash/impl/blake3_kernel.ipp>
#include <hubpush/hash/impl/blake3_sse41.ipp>

#if defined(__x86_64__)

#include <immintrin.h>

namespace hubpush::inline v0 {

namespace detail {

// Eight lanes: vector i holds word i of all of them. As blake3_sse41.ipp, where it is explained, with twice the width.

/// The state fills all sixteen registers: the rotation is read from memory every time, where g++ 12 would keep it in a
/// register and be 10 % slower.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i blake3_shuffle_avx2(
    __m256i words, const blake3_rotation& rotation) noexcept {
    asm("vpshufb {%1, %0, %0|%0, %0, %1}" : "+x"(words) : "m"(rotation));
    return words;
}

[[gnu::target("avx2"), gnu::always_inline]] inline __m256i blake3_add_avx2(__m256i a, __m256i message,
                                                                           __m256i b) noexcept {
    a = _mm256_add_epi32(a, message);
    asm("" : "+x"(a));
    return _mm256_add_epi32(a, b);
}

[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_quarter_avx2(__m256i& a, __m256i& b, __m256i& c,
                                                                            __m256i& d, __m256i x, __m256i y) noexcept {
    a = blake3_add_avx2(a, x, b);
    d = blake3_shuffle_avx2(_mm256_xor_si256(d, a), blake3_rotation_16);
    c = _mm256_add_epi32(c, d);
    b = _mm256_xor_si256(b, c);
    b = _mm256_or_si256(_mm256_srli_epi32(b, 12), _mm256_slli_epi32(b, 20));
    a = blake3_add_avx2(a, y, b);
    d = blake3_shuffle_avx2(_mm256_xor_si256(d, a), blake3_rotation_8);
    c = _mm256_add_epi32(c, d);
    b = _mm256_xor_si256(b, c);
    b = _mm256_or_si256(_mm256_srli_epi32(b, 7), _mm256_slli_epi32(b, 25));
}

template <std::size_t round>
[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_round_avx2(__m256i (&v)[16],
                                                                          const __m256i (&message)[16]) noexcept {
    constexpr auto& word = blake3_schedule[round];
    blake3_quarter_avx2(v[0], v[4], v[8], v[12], message[word[0]], message[word[1]]);
    blake3_quarter_avx2(v[1], v[5], v[9], v[13], message[word[2]], message[word[3]]);
    blake3_quarter_avx2(v[2], v[6], v[10], v[14], message[word[4]], message[word[5]]);
    blake3_quarter_avx2(v[3], v[7], v[11], v[15], message[word[6]], message[word[7]]);
    blake3_quarter_avx2(v[0], v[5], v[10], v[15], message[word[8]], message[word[9]]);
    blake3_quarter_avx2(v[1], v[6], v[11], v[12], message[word[10]], message[word[11]]);
    blake3_quarter_avx2(v[2], v[7], v[8], v[13], message[word[12]], message[word[13]]);
    blake3_quarter_avx2(v[3], v[4], v[9], v[14], message[word[14]], message[word[15]]);
}

/// Rows become columns, in each half of the vectors.
[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_transpose_avx2(__m256i& a, __m256i& b, __m256i& c,
                                                                              __m256i& d) noexcept {
    const __m256i ab_low = _mm256_unpacklo_epi32(a, b);
    const __m256i cd_low = _mm256_unpacklo_epi32(c, d);
    const __m256i ab_high = _mm256_unpackhi_epi32(a, b);
    const __m256i cd_high = _mm256_unpackhi_epi32(c, d);
    a = _mm256_unpacklo_epi64(ab_low, cd_low);
    b = _mm256_unpackhi_epi64(ab_low, cd_low);
    c = _mm256_unpacklo_epi64(ab_high, cd_high);
    d = _mm256_unpackhi_epi64(ab_high, cd_high);
}

/// 16 bytes of two lanes.
[[gnu::target("avx2"), gnu::always_inline]] inline __m256i blake3_load_avx2(const void* low,
                                                                            const void* high) noexcept {
    const __m256i low_half = _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(low)));
    return _mm256_inserti128_si256(low_half, _mm_loadu_si128(static_cast<const __m128i*>(high)), 1);
}

/// Four words of every lane.
[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_words_avx2(__m256i* words,
                                                                          const std::byte* const (&at)[8],
                                                                          std::size_t offset) noexcept {
    __m256i a = blake3_load_avx2(at[0] + offset, at[4] + offset);
    __m256i b = blake3_load_avx2(at[1] + offset, at[5] + offset);
    __m256i c = blake3_load_avx2(at[2] + offset, at[6] + offset);
    __m256i d = blake3_load_avx2(at[3] + offset, at[7] + offset);
    blake3_transpose_avx2(a, b, c, d);
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
}

[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_message_avx2(__m256i (&message)[16],
                                                                            const std::byte* const (&at)[8]) noexcept {
    blake3_words_avx2(message + 0, at, 0);
    blake3_words_avx2(message + 4, at, 16);
    blake3_words_avx2(message + 8, at, 32);
    blake3_words_avx2(message + 12, at, 48);
}

/// Everything is spelled out: g++ -O2 does not unroll loops, and an array with a changing index is not in registers.
[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_compress_avx2(__m256i (&value)[8],
                                                                             const __m256i (&message)[16],
                                                                             const __m256i (&last_row)[4]) noexcept {
    __m256i v[16] = {value[0],
                     value[1],
                     value[2],
                     value[3],
                     value[4],
                     value[5],
                     value[6],
                     value[7],
                     _mm256_set1_epi32(static_cast<int>(blake3_iv[0])),
                     _mm256_set1_epi32(static_cast<int>(blake3_iv[1])),
                     _mm256_set1_epi32(static_cast<int>(blake3_iv[2])),
                     _mm256_set1_epi32(static_cast<int>(blake3_iv[3])),
                     last_row[0],
                     last_row[1],
                     last_row[2],
                     last_row[3]};
    blake3_round_avx2<0>(v, message);
    blake3_round_avx2<1>(v, message);
    blake3_round_avx2<2>(v, message);
    blake3_round_avx2<3>(v, message);
    blake3_round_avx2<4>(v, message);
    blake3_round_avx2<5>(v, message);
    blake3_round_avx2<6>(v, message);
    value[0] = _mm256_xor_si256(v[0], v[8]);
    value[1] = _mm256_xor_si256(v[1], v[9]);
    value[2] = _mm256_xor_si256(v[2], v[10]);
    value[3] = _mm256_xor_si256(v[3], v[11]);
    value[4] = _mm256_xor_si256(v[4], v[12]);
    value[5] = _mm256_xor_si256(v[5], v[13]);
    value[6] = _mm256_xor_si256(v[6], v[14]);
    value[7] = _mm256_xor_si256(v[7], v[15]);
}

[[gnu::target("avx2"), gnu::always_inline]] inline void blake3_store_avx2(__m256i (&value)[8],
                                                                          const blake3_lane* lanes) noexcept {
    for (std::size_t i = 0; i < 8; i += 4) {
        blake3_transpose_avx2(value[i], value[i + 1], value[i + 2], value[i + 3]);
        for (std::size_t lane = 0; lane < 4; ++lane) {
            auto* const low = reinterpret_cast<__m128i*>(lanes[lane].value + 4 * i);
            auto* const high = reinterpret_cast<__m128i*>(lanes[lane + 4].value + 4 * i);
            _mm_storeu_si128(low, _mm256_castsi256_si128(value[i + lane]));
            _mm_storeu_si128(high, _mm256_extracti128_si256(value[i + lane], 1));
        }
    }
}

[[gnu::target("avx2")]] inline void run_all_blake3_avx2(const blake3_work& work, const blake3_lane* lanes) noexcept {
    const blake3_words& key = *work.key_words;
    __m256i value[8] = {_mm256_set1_epi32(static_cast<int>(key[0])), _mm256_set1_epi32(static_cast<int>(key[1])),
                        _mm256_set1_epi32(static_cast<int>(key[2])), _mm256_set1_epi32(static_cast<int>(key[3])),
                        _mm256_set1_epi32(static_cast<int>(key[4])), _mm256_set1_epi32(static_cast<int>(key[5])),
                        _mm256_set1_epi32(static_cast<int>(key[6])), _mm256_set1_epi32(static_cast<int>(key[7]))};
    __m256i last_row[4] = {blake3_load_avx2(&lanes[0].last_row, &lanes[4].last_row),
                           blake3_load_avx2(&lanes[1].last_row, &lanes[5].last_row),
                           blake3_load_avx2(&lanes[2].last_row, &lanes[6].last_row),
                           blake3_load_avx2(&lanes[3].last_row, &lanes[7].last_row)};
    blake3_transpose_avx2(last_row[0], last_row[1], last_row[2], last_row[3]);
    __m256i row[4] = {last_row[0], last_row[1], _mm256_set1_epi32(blake3_block_size),
                      _mm256_set1_epi32(static_cast<int>(work.first_flags))};
    const std::byte* at[8];
    for (std::size_t i = 0; i < 8; ++i) at[i] = lanes[i].blocks;
    __m256i message[16];
    for (std::size_t block = 0; block + 1 < work.blocks; ++block) {
        // Eight streams at once are more than the processor fetches ahead by itself.
        for (const std::byte* bytes : at) _mm_prefetch(bytes + 4 * blake3_block_size, _MM_HINT_T0);
        blake3_message_avx2(message, at);
        blake3_compress_avx2(value, message, row);
        row[3] = _mm256_set1_epi32(static_cast<int>(work.flags));
        for (auto& bytes : at) bytes += blake3_block_size;
    }
    for (std::size_t i = 0; i < 8; ++i) at[i] = lanes[i].last;
    blake3_message_avx2(message, at);
    blake3_compress_avx2(value, message, last_row);
    blake3_store_avx2(value, lanes);
}

inline constexpr blake3_kernel blake3_avx2 = {8, &run_all_blake3_avx2, &run_one_blake3_sse41};

}  // namespace detail

}  // namespace hubpush::inline v0

#endif
