#pragma once

#include <hubpush/hash/impl/blake3_kernel.ipp>

#if defined(__x86_64__)

#include <immintrin.h>

#include <array>
#include <cstring>

namespace hubpush::inline v0 {

namespace detail {

/// How `pshufb` rotates words to the right.
struct alignas(32) blake3_rotation {
    std::array<std::uint8_t, 32> places;
};

constexpr blake3_rotation make_blake3_rotation(std::size_t bytes) {
    blake3_rotation rotation{};
    for (std::size_t i = 0; i < 32; ++i) {
        rotation.places[i] = static_cast<std::uint8_t>(i % 16 / 4 * 4 + (i + bytes) % 4);
    }
    return rotation;
}

inline constexpr blake3_rotation blake3_rotation_16 = make_blake3_rotation(2);
inline constexpr blake3_rotation blake3_rotation_8 = make_blake3_rotation(1);

// The functions carry the instruction set as an attribute, so that nobody needs a compiler flag; lambdas would not
// inherit it.

[[gnu::target("sse4.1"), gnu::always_inline]] inline __m128i blake3_shuffle_sse41(
    __m128i words, const blake3_rotation& rotation) noexcept {
    return _mm_shuffle_epi8(words, _mm_load_si128(reinterpret_cast<const __m128i*>(&rotation)));
}

/// The sum with `b`, which is known last, stays last: without the empty assembly g++ would put it first.
[[gnu::target("sse4.1"), gnu::always_inline]] inline __m128i blake3_add_sse41(__m128i a, __m128i message,
                                                                              __m128i b) noexcept {
    a = _mm_add_epi32(a, message);
    asm("" : "+x"(a));
    return _mm_add_epi32(a, b);
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_quarter_sse41(__m128i& a, __m128i& b, __m128i& c,
                                                                               __m128i& d, __m128i x,
                                                                               __m128i y) noexcept {
    a = blake3_add_sse41(a, x, b);
    d = blake3_shuffle_sse41(_mm_xor_si128(d, a), blake3_rotation_16);
    c = _mm_add_epi32(c, d);
    b = _mm_xor_si128(b, c);
    b = _mm_or_si128(_mm_srli_epi32(b, 12), _mm_slli_epi32(b, 20));
    a = blake3_add_sse41(a, y, b);
    d = blake3_shuffle_sse41(_mm_xor_si128(d, a), blake3_rotation_8);
    c = _mm_add_epi32(c, d);
    b = _mm_xor_si128(b, c);
    b = _mm_or_si128(_mm_srli_epi32(b, 7), _mm_slli_epi32(b, 25));
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline __m128i blake3_load_sse41(const void* bytes) noexcept {
    return _mm_loadu_si128(static_cast<const __m128i*>(bytes));
}

// One lane: the state is a square of words, vector i is its row i. A round works on the four columns at once, then
// turns the rows until the diagonals are columns, and back.

/// The message words in the places `first`, `first + 2`, `first + 4` and `first + 6` of a round.
template <std::size_t round, std::size_t first>
[[gnu::target("sse4.1"), gnu::always_inline]] inline __m128i blake3_column_words(
    const std::uint32_t (&message)[16]) noexcept {
    constexpr auto& word = blake3_schedule[round];
    return _mm_set_epi32(static_cast<int>(message[word[first + 6]]), static_cast<int>(message[word[first + 4]]),
                         static_cast<int>(message[word[first + 2]]), static_cast<int>(message[word[first]]));
}

template <std::size_t round>
[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_square_round(
    __m128i (&row)[4], const std::uint32_t (&message)[16]) noexcept {
    blake3_quarter_sse41(row[0], row[1], row[2], row[3], blake3_column_words<round, 0>(message),
                         blake3_column_words<round, 1>(message));
    row[1] = _mm_shuffle_epi32(row[1], _MM_SHUFFLE(0, 3, 2, 1));
    row[2] = _mm_shuffle_epi32(row[2], _MM_SHUFFLE(1, 0, 3, 2));
    row[3] = _mm_shuffle_epi32(row[3], _MM_SHUFFLE(2, 1, 0, 3));
    blake3_quarter_sse41(row[0], row[1], row[2], row[3], blake3_column_words<round, 8>(message),
                         blake3_column_words<round, 9>(message));
    row[1] = _mm_shuffle_epi32(row[1], _MM_SHUFFLE(2, 1, 0, 3));
    row[2] = _mm_shuffle_epi32(row[2], _MM_SHUFFLE(1, 0, 3, 2));
    row[3] = _mm_shuffle_epi32(row[3], _MM_SHUFFLE(0, 3, 2, 1));
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_compress_square(__m128i (&value)[2],
                                                                                 const std::byte* block,
                                                                                 __m128i last_row) noexcept {
    std::uint32_t message[16];
    std::memcpy(message, block, blake3_block_size);
    __m128i row[4] = {value[0], value[1], blake3_load_sse41(blake3_iv.data()), last_row};
    blake3_square_round<0>(row, message);
    blake3_square_round<1>(row, message);
    blake3_square_round<2>(row, message);
    blake3_square_round<3>(row, message);
    blake3_square_round<4>(row, message);
    blake3_square_round<5>(row, message);
    blake3_square_round<6>(row, message);
    value[0] = _mm_xor_si128(row[0], row[2]);
    value[1] = _mm_xor_si128(row[1], row[3]);
}

/// For the wider paths too: one lane has nothing to gain from wider vectors.
[[gnu::target("sse4.1")]] inline void run_one_blake3_sse41(const blake3_work& work, const blake3_lane* lane) noexcept {
    __m128i value[2] = {blake3_load_sse41(work.key_words->data()), blake3_load_sse41(work.key_words->data() + 4)};
    const __m128i last_row = blake3_load_sse41(&lane->last_row);
    __m128i row = _mm_insert_epi32(last_row, blake3_block_size, 2);
    row = _mm_insert_epi32(row, static_cast<int>(work.first_flags), 3);
    for (std::size_t block = 0; block + 1 < work.blocks; ++block) {
        blake3_compress_square(value, lane->blocks + block * blake3_block_size, row);
        row = _mm_insert_epi32(row, static_cast<int>(work.flags), 3);
    }
    blake3_compress_square(value, lane->last, last_row);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lane->value), value[0]);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lane->value + 16), value[1]);
}

// Four lanes: vector i holds word i of all of them.

template <std::size_t round>
[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_round_sse41(__m128i (&v)[16],
                                                                             const __m128i (&message)[16]) noexcept {
    constexpr auto& word = blake3_schedule[round];
    blake3_quarter_sse41(v[0], v[4], v[8], v[12], message[word[0]], message[word[1]]);
    blake3_quarter_sse41(v[1], v[5], v[9], v[13], message[word[2]], message[word[3]]);
    blake3_quarter_sse41(v[2], v[6], v[10], v[14], message[word[4]], message[word[5]]);
    blake3_quarter_sse41(v[3], v[7], v[11], v[15], message[word[6]], message[word[7]]);
    blake3_quarter_sse41(v[0], v[5], v[10], v[15], message[word[8]], message[word[9]]);
    blake3_quarter_sse41(v[1], v[6], v[11], v[12], message[word[10]], message[word[11]]);
    blake3_quarter_sse41(v[2], v[7], v[8], v[13], message[word[12]], message[word[13]]);
    blake3_quarter_sse41(v[3], v[4], v[9], v[14], message[word[14]], message[word[15]]);
}

/// Rows become columns.
[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_transpose_sse41(__m128i& a, __m128i& b, __m128i& c,
                                                                                 __m128i& d) noexcept {
    const __m128i ab_low = _mm_unpacklo_epi32(a, b);
    const __m128i cd_low = _mm_unpacklo_epi32(c, d);
    const __m128i ab_high = _mm_unpackhi_epi32(a, b);
    const __m128i cd_high = _mm_unpackhi_epi32(c, d);
    a = _mm_unpacklo_epi64(ab_low, cd_low);
    b = _mm_unpackhi_epi64(ab_low, cd_low);
    c = _mm_unpacklo_epi64(ab_high, cd_high);
    d = _mm_unpackhi_epi64(ab_high, cd_high);
}

/// Four words of every lane.
[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_words_sse41(__m128i* words,
                                                                             const std::byte* const (&at)[4],
                                                                             std::size_t offset) noexcept {
    __m128i a = blake3_load_sse41(at[0] + offset);
    __m128i b = blake3_load_sse41(at[1] + offset);
    __m128i c = blake3_load_sse41(at[2] + offset);
    __m128i d = blake3_load_sse41(at[3] + offset);
    blake3_transpose_sse41(a, b, c, d);
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_message_sse41(
    __m128i (&message)[16], const std::byte* const (&at)[4]) noexcept {
    blake3_words_sse41(message + 0, at, 0);
    blake3_words_sse41(message + 4, at, 16);
    blake3_words_sse41(message + 8, at, 32);
    blake3_words_sse41(message + 12, at, 48);
}

/// Everything is spelled out: g++ -O2 does not unroll loops, and an array with a changing index is not in registers.
[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_compress_sse41(__m128i (&value)[8],
                                                                                const __m128i (&message)[16],
                                                                                const __m128i (&last_row)[4]) noexcept {
    __m128i v[16] = {value[0],
                     value[1],
                     value[2],
                     value[3],
                     value[4],
                     value[5],
                     value[6],
                     value[7],
                     _mm_set1_epi32(static_cast<int>(blake3_iv[0])),
                     _mm_set1_epi32(static_cast<int>(blake3_iv[1])),
                     _mm_set1_epi32(static_cast<int>(blake3_iv[2])),
                     _mm_set1_epi32(static_cast<int>(blake3_iv[3])),
                     last_row[0],
                     last_row[1],
                     last_row[2],
                     last_row[3]};
    blake3_round_sse41<0>(v, message);
    blake3_round_sse41<1>(v, message);
    blake3_round_sse41<2>(v, message);
    blake3_round_sse41<3>(v, message);
    blake3_round_sse41<4>(v, message);
    blake3_round_sse41<5>(v, message);
    blake3_round_sse41<6>(v, message);
    value[0] = _mm_xor_si128(v[0], v[8]);
    value[1] = _mm_xor_si128(v[1], v[9]);
    value[2] = _mm_xor_si128(v[2], v[10]);
    value[3] = _mm_xor_si128(v[3], v[11]);
    value[4] = _mm_xor_si128(v[4], v[12]);
    value[5] = _mm_xor_si128(v[5], v[13]);
    value[6] = _mm_xor_si128(v[6], v[14]);
    value[7] = _mm_xor_si128(v[7], v[15]);
}

[[gnu::target("sse4.1"), gnu::always_inline]] inline void blake3_store_sse41(__m128i (&value)[8],
                                                                             const blake3_lane* lanes) noexcept {
    for (std::size_t i = 0; i < 8; i += 4) {
        blake3_transpose_sse41(value[i], value[i + 1], value[i + 2], value[i + 3]);
        for (std::size_t lane = 0; lane < 4; ++lane) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes[lane].value + 4 * i), value[i + lane]);
        }
    }
}

[[gnu::target("sse4.1")]] inline void run_all_blake3_sse41(const blake3_work& work, const blake3_lane* lanes) noexcept {
    const blake3_words& key = *work.key_words;
    __m128i value[8] = {_mm_set1_epi32(static_cast<int>(key[0])), _mm_set1_epi32(static_cast<int>(key[1])),
                        _mm_set1_epi32(static_cast<int>(key[2])), _mm_set1_epi32(static_cast<int>(key[3])),
                        _mm_set1_epi32(static_cast<int>(key[4])), _mm_set1_epi32(static_cast<int>(key[5])),
                        _mm_set1_epi32(static_cast<int>(key[6])), _mm_set1_epi32(static_cast<int>(key[7]))};
    __m128i last_row[4] = {blake3_load_sse41(&lanes[0].last_row), blake3_load_sse41(&lanes[1].last_row),
                           blake3_load_sse41(&lanes[2].last_row), blake3_load_sse41(&lanes[3].last_row)};
    blake3_transpose_sse41(last_row[0], last_row[1], last_row[2], last_row[3]);
    __m128i row[4] = {last_row[0], last_row[1], _mm_set1_epi32(blake3_block_size),
                      _mm_set1_epi32(static_cast<int>(work.first_flags))};
    const std::byte* at[4];
    for (std::size_t i = 0; i < 4; ++i) at[i] = lanes[i].blocks;
    __m128i message[16];
    for (std::size_t block = 0; block + 1 < work.blocks; ++block) {
        blake3_message_sse41(message, at);
        blake3_compress_sse41(value, message, row);
        row[3] = _mm_set1_epi32(static_cast<int>(work.flags));
        for (auto& bytes : at) bytes += blake3_block_size;
    }
    for (std::size_t i = 0; i < 4; ++i) at[i] = lanes[i].last;
    blake3_message_sse41(message, at);
    blake3_compress_sse41(value, message, last_row);
    blake3_store_sse41(value, lanes);
}

inline constexpr blake3_kernel blake3_sse41 = {4, &run_all_blake3_sse41, &run_one_blake3_sse41};

}  // namespace detail

}  // namespace hubpush::inline v0

#endif
