#pragma once

#include <hubpush/hash/impl/blake3_kernel.ipp>

#include <algorithm>
#include <bit>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

inline std::uint32_t load_blake3_word(const std::byte* bytes) noexcept {
    return std::to_integer<std::uint32_t>(bytes[0]) | std::to_integer<std::uint32_t>(bytes[1]) << 8U |
           std::to_integer<std::uint32_t>(bytes[2]) << 16U | std::to_integer<std::uint32_t>(bytes[3]) << 24U;
}

inline void store_blake3_word(std::uint32_t word, std::byte* bytes) noexcept {
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(word >> (8 * i));
}

inline void blake3_quarter(std::uint32_t& a, std::uint32_t& b, std::uint32_t& c, std::uint32_t& d, std::uint32_t x,
                           std::uint32_t y) noexcept {
    a += b + x;
    d = std::rotr(d ^ a, 16);
    c += d;
    b = std::rotr(b ^ c, 12);
    a += b + y;
    d = std::rotr(d ^ a, 8);
    c += d;
    b = std::rotr(b ^ c, 7);
}

template <std::size_t round>
void blake3_round(std::array<std::uint32_t, 16>& v, const std::array<std::uint32_t, 16>& message) noexcept {
    constexpr auto& word = blake3_schedule[round];
    blake3_quarter(v[0], v[4], v[8], v[12], message[word[0]], message[word[1]]);
    blake3_quarter(v[1], v[5], v[9], v[13], message[word[2]], message[word[3]]);
    blake3_quarter(v[2], v[6], v[10], v[14], message[word[4]], message[word[5]]);
    blake3_quarter(v[3], v[7], v[11], v[15], message[word[6]], message[word[7]]);
    blake3_quarter(v[0], v[5], v[10], v[15], message[word[8]], message[word[9]]);
    blake3_quarter(v[1], v[6], v[11], v[12], message[word[10]], message[word[11]]);
    blake3_quarter(v[2], v[7], v[8], v[13], message[word[12]], message[word[13]]);
    blake3_quarter(v[3], v[4], v[9], v[14], message[word[14]], message[word[15]]);
}

inline void blake3_compress(blake3_words& value, const std::byte* block, const blake3_last_row& last_row) noexcept {
    std::array<std::uint32_t, 16> message;
    for (std::size_t i = 0; i < 16; ++i) message[i] = load_blake3_word(block + 4 * i);
    std::array<std::uint32_t, 16> v;
    std::copy(value.begin(), value.end(), v.begin());
    std::copy_n(blake3_iv.begin(), 4, v.begin() + 8);
    v[12] = last_row.counter_low;
    v[13] = last_row.counter_high;
    v[14] = last_row.length;
    v[15] = last_row.flags;
    [&]<std::size_t... round>(std::index_sequence<round...>) {
        (blake3_round<round>(v, message), ...);
    }(std::make_index_sequence<blake3_rounds>());
    for (std::size_t i = 0; i < 8; ++i) value[i] = v[i] ^ v[i + 8];
}

inline void run_blake3_portable(const blake3_work& work, const blake3_lane* lane) noexcept {
    blake3_words value = *work.key_words;
    blake3_last_row last_row = lane->last_row;
    last_row.length = blake3_block_size;
    last_row.flags = work.first_flags;
    for (std::size_t block = 0; block + 1 < work.blocks; ++block) {
        blake3_compress(value, lane->blocks + block * blake3_block_size, last_row);
        last_row.flags = work.flags;
    }
    blake3_compress(value, lane->last, lane->last_row);
    for (std::size_t i = 0; i < value.size(); ++i) store_blake3_word(value[i], lane->value + 4 * i);
}

inline constexpr blake3_kernel blake3_portable = {1, &run_blake3_portable, &run_blake3_portable};

}  // namespace detail

}  // namespace hubpush::inline v0
