#pragma once

#include <hubpush/hash/impl/blake3_kernel.ipp>
#include <hubpush/hash/impl/blake3_sse41.ipp>

#if defined(__x86_64__)

#include <cstring>

namespace hubpush::inline v0 {

namespace detail {

// Sixteen lanes, as blake3_avx2.ipp with twice the width: here rotations are instructions, and the 32 registers hold
// the state beside most of the message. In vectors of the compiler, because g++ 12 warns about its own intrinsics.

using blake3_vector [[gnu::vector_size(64)]] = std::uint32_t;
using blake3_piece [[gnu::vector_size(16)]] = std::uint32_t;

template <int count>
[[gnu::target("avx512f"), gnu::always_inline]] inline blake3_vector blake3_rotate_avx512(blake3_vector words) noexcept {
    return (words >> count) | (words << (32 - count));
}

[[gnu::target("avx512f"), gnu::always_inline]] inline blake3_vector blake3_add_avx512(blake3_vector a,
                                                                                      blake3_vector message,
                                                                                      blake3_vector b) noexcept {
    a += message;
    asm("" : "+v"(a));
    return a + b;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_quarter_avx512(blake3_vector& a, blake3_vector& b,
                                                                                 blake3_vector& c, blake3_vector& d,
                                                                                 blake3_vector x,
                                                                                 blake3_vector y) noexcept {
    a = blake3_add_avx512(a, x, b);
    d = blake3_rotate_avx512<16>(d ^ a);
    c += d;
    b = blake3_rotate_avx512<12>(b ^ c);
    a = blake3_add_avx512(a, y, b);
    d = blake3_rotate_avx512<8>(d ^ a);
    c += d;
    b = blake3_rotate_avx512<7>(b ^ c);
}

template <std::size_t round>
[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_round_avx512(
    blake3_vector (&v)[16], const blake3_vector (&message)[16]) noexcept {
    constexpr auto& word = blake3_schedule[round];
    blake3_quarter_avx512(v[0], v[4], v[8], v[12], message[word[0]], message[word[1]]);
    blake3_quarter_avx512(v[1], v[5], v[9], v[13], message[word[2]], message[word[3]]);
    blake3_quarter_avx512(v[2], v[6], v[10], v[14], message[word[4]], message[word[5]]);
    blake3_quarter_avx512(v[3], v[7], v[11], v[15], message[word[6]], message[word[7]]);
    blake3_quarter_avx512(v[0], v[5], v[10], v[15], message[word[8]], message[word[9]]);
    blake3_quarter_avx512(v[1], v[6], v[11], v[12], message[word[10]], message[word[11]]);
    blake3_quarter_avx512(v[2], v[7], v[8], v[13], message[word[12]], message[word[13]]);
    blake3_quarter_avx512(v[3], v[4], v[9], v[14], message[word[14]], message[word[15]]);
}

/// Rows become columns, in each quarter of the vectors.
[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_transpose_avx512(blake3_vector& a, blake3_vector& b,
                                                                                   blake3_vector& c,
                                                                                   blake3_vector& d) noexcept {
    const blake3_vector ab_low =
        __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    const blake3_vector cd_low =
        __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    const blake3_vector ab_high =
        __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    const blake3_vector cd_high =
        __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    a = __builtin_shufflevector(ab_low, cd_low, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    b = __builtin_shufflevector(ab_low, cd_low, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    c = __builtin_shufflevector(ab_high, cd_high, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    d = __builtin_shufflevector(ab_high, cd_high, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

[[gnu::target("avx512f"), gnu::always_inline]] inline blake3_piece blake3_piece_avx512(const void* place) noexcept {
    blake3_piece piece;
    std::memcpy(&piece, place, sizeof(piece));
    return piece;
}

/// 16 bytes of four lanes.
[[gnu::target("avx512f"), gnu::always_inline]] inline blake3_vector blake3_load_avx512(const void* first,
                                                                                       const void* second,
                                                                                       const void* third,
                                                                                       const void* fourth) noexcept {
    const auto low =
        __builtin_shufflevector(blake3_piece_avx512(first), blake3_piece_avx512(second), 0, 1, 2, 3, 4, 5, 6, 7);
    const auto high =
        __builtin_shufflevector(blake3_piece_avx512(third), blake3_piece_avx512(fourth), 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/// Four words of every lane.
[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_words_avx512(blake3_vector* words,
                                                                               const std::byte* const (&at)[16],
                                                                               std::size_t offset) noexcept {
    blake3_vector a = blake3_load_avx512(at[0] + offset, at[4] + offset, at[8] + offset, at[12] + offset);
    blake3_vector b = blake3_load_avx512(at[1] + offset, at[5] + offset, at[9] + offset, at[13] + offset);
    blake3_vector c = blake3_load_avx512(at[2] + offset, at[6] + offset, at[10] + offset, at[14] + offset);
    blake3_vector d = blake3_load_avx512(at[3] + offset, at[7] + offset, at[11] + offset, at[15] + offset);
    blake3_transpose_avx512(a, b, c, d);
    words[0] = a;
    words[1] = b;
    words[2] = c;
    words[3] = d;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_message_avx512(
    blake3_vector (&message)[16], const std::byte* const (&at)[16]) noexcept {
    blake3_words_avx512(message + 0, at, 0);
    blake3_words_avx512(message + 4, at, 16);
    blake3_words_avx512(message + 8, at, 32);
    blake3_words_avx512(message + 12, at, 48);
}

[[gnu::target("avx512f"), gnu::always_inline]] inline blake3_vector blake3_all_avx512(std::uint32_t word) noexcept {
    return blake3_vector{} + word;
}

[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_compress_avx512(
    blake3_vector (&value)[8], const blake3_vector (&message)[16], const blake3_vector (&last_row)[4]) noexcept {
    blake3_vector v[16] = {value[0],
                           value[1],
                           value[2],
                           value[3],
                           value[4],
                           value[5],
                           value[6],
                           value[7],
                           blake3_all_avx512(blake3_iv[0]),
                           blake3_all_avx512(blake3_iv[1]),
                           blake3_all_avx512(blake3_iv[2]),
                           blake3_all_avx512(blake3_iv[3]),
                           last_row[0],
                           last_row[1],
                           last_row[2],
                           last_row[3]};
    blake3_round_avx512<0>(v, message);
    blake3_round_avx512<1>(v, message);
    blake3_round_avx512<2>(v, message);
    blake3_round_avx512<3>(v, message);
    blake3_round_avx512<4>(v, message);
    blake3_round_avx512<5>(v, message);
    blake3_round_avx512<6>(v, message);
    value[0] = v[0] ^ v[8];
    value[1] = v[1] ^ v[9];
    value[2] = v[2] ^ v[10];
    value[3] = v[3] ^ v[11];
    value[4] = v[4] ^ v[12];
    value[5] = v[5] ^ v[13];
    value[6] = v[6] ^ v[14];
    value[7] = v[7] ^ v[15];
}

template <int quarter>
[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_store_quarter_avx512(
    const blake3_vector (&value)[8], const blake3_lane* lanes) noexcept {
    constexpr int first = 4 * quarter;
    for (std::size_t i = 0; i < 8; ++i) {
        const blake3_piece piece = __builtin_shufflevector(value[i], value[i], first, first + 1, first + 2, first + 3);
        std::memcpy(lanes[first + i % 4].value + (i < 4 ? 0 : 16), &piece, sizeof(piece));
    }
}

[[gnu::target("avx512f"), gnu::always_inline]] inline void blake3_store_avx512(blake3_vector (&value)[8],
                                                                               const blake3_lane* lanes) noexcept {
    blake3_transpose_avx512(value[0], value[1], value[2], value[3]);
    blake3_transpose_avx512(value[4], value[5], value[6], value[7]);
    blake3_store_quarter_avx512<0>(value, lanes);
    blake3_store_quarter_avx512<1>(value, lanes);
    blake3_store_quarter_avx512<2>(value, lanes);
    blake3_store_quarter_avx512<3>(value, lanes);
}

[[gnu::target("avx512f")]] inline void run_all_blake3_avx512(const blake3_work& work,
                                                             const blake3_lane* lanes) noexcept {
    const blake3_words& key = *work.key_words;
    blake3_vector value[8] = {blake3_all_avx512(key[0]), blake3_all_avx512(key[1]), blake3_all_avx512(key[2]),
                              blake3_all_avx512(key[3]), blake3_all_avx512(key[4]), blake3_all_avx512(key[5]),
                              blake3_all_avx512(key[6]), blake3_all_avx512(key[7])};
    const auto row_of = [lanes](std::size_t i) { return &lanes[i].last_row; };
    blake3_vector last_row[4] = {blake3_load_avx512(row_of(0), row_of(4), row_of(8), row_of(12)),
                                 blake3_load_avx512(row_of(1), row_of(5), row_of(9), row_of(13)),
                                 blake3_load_avx512(row_of(2), row_of(6), row_of(10), row_of(14)),
                                 blake3_load_avx512(row_of(3), row_of(7), row_of(11), row_of(15))};
    blake3_transpose_avx512(last_row[0], last_row[1], last_row[2], last_row[3]);
    blake3_vector row[4] = {last_row[0], last_row[1], blake3_all_avx512(blake3_block_size),
                            blake3_all_avx512(work.first_flags)};
    const std::byte* at[16];
    for (std::size_t i = 0; i < 16; ++i) at[i] = lanes[i].blocks;
    blake3_vector message[16];
    for (std::size_t block = 0; block + 1 < work.blocks; ++block) {
        for (const std::byte* bytes : at) __builtin_prefetch(bytes + 4 * blake3_block_size);
        blake3_message_avx512(message, at);
        blake3_compress_avx512(value, message, row);
        row[3] = blake3_all_avx512(work.flags);
        for (auto& bytes : at) bytes += blake3_block_size;
    }
    for (std::size_t i = 0; i < 16; ++i) at[i] = lanes[i].last;
    blake3_message_avx512(message, at);
    blake3_compress_avx512(value, message, last_row);
    blake3_store_avx512(value, lanes);
}

inline constexpr blake3_kernel blake3_avx512 = {16, &run_all_blake3_avx512, &run_one_blake3_sse41};

}  // namespace detail

}  // namespace hubpush::inline v0

#endif
