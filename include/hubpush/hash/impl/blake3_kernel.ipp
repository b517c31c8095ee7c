#pragma once

#include <hubpush/hash/blake3.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hubpush::inline v0 {

namespace detail {

// The names and numbers of spec/xet-protocol.md §2.1.

inline constexpr std::size_t blake3_block_size = 64;
inline constexpr std::size_t blake3_leaf_size = 1024;
inline constexpr std::size_t blake3_value_size = 32;
inline constexpr std::size_t blake3_rounds = 7;

inline constexpr std::uint32_t blake3_chunk_start = 1;
inline constexpr std::uint32_t blake3_chunk_end = 2;
inline constexpr std::uint32_t blake3_parent = 4;
inline constexpr std::uint32_t blake3_root = 8;
inline constexpr std::uint32_t blake3_keyed_hash = 16;
inline constexpr std::uint32_t blake3_derive_key_context = 32;
inline constexpr std::uint32_t blake3_derive_key_material = 64;

using blake3_words = std::array<std::uint32_t, 8>;

inline constexpr blake3_words blake3_iv = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                           0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

using blake3_schedule_table = std::array<std::array<std::size_t, 16>, blake3_rounds>;

/// Which message word each round takes in each place: the permutation, applied once more from round to round.
constexpr blake3_schedule_table make_blake3_schedule() {
    constexpr std::array<std::size_t, 16> permutation = {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8};
    blake3_schedule_table schedule{};
    for (std::size_t i = 0; i < 16; ++i) schedule[0][i] = i;
    for (std::size_t round = 1; round < blake3_rounds; ++round) {
        for (std::size_t i = 0; i < 16; ++i) schedule[round][i] = schedule[round - 1][permutation[i]];
    }
    return schedule;
}

inline constexpr blake3_schedule_table blake3_schedule = make_blake3_schedule();

/// The last four words of the state that a compression starts from.
struct blake3_last_row {
    std::uint32_t counter_low;  ///< of the leaf's index; 0 for a parent
    std::uint32_t counter_high;
    std::uint32_t length;  ///< bytes of the block that count
    std::uint32_t flags;
};

/// A run of blocks compressed one after the other: a leaf, or a parent, whose one block is its two children.
struct blake3_lane {
    blake3_last_row last_row;  ///< of the last block
    const std::byte* blocks;   ///< all blocks but the last, in a row
    const std::byte* last;     ///< the last, padded with zeros to 64 bytes
    std::byte* value;          ///< where the 32 bytes of chaining value go, after all lanes have been read
};

/// What lanes that run side by side have in common.
struct blake3_work {
    const blake3_words* key_words;
    std::size_t blocks;         ///< at least one
    std::uint32_t first_flags;  ///< of the first block, unless it is the last
    std::uint32_t flags;        ///< of the blocks between first and last
};

/// One path: `run_all` runs as many lanes as the path has, `run_one` runs one.
struct blake3_kernel {
    std::size_t lanes;
    void (*run_all)(const blake3_work& work, const blake3_lane* lanes) noexcept;
    void (*run_one)(const blake3_work& work, const blake3_lane* lane) noexcept;
};

inline constexpr std::size_t blake3_most_lanes = 16;

}  // namespace detail

}  // namespace hubpush::inline v0
