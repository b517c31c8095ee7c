#pragma once

/// \file
/// From the bytes of chunks to the hashes of chunks, xorbs, files and ranges of chunks (spec/xet-protocol.md
/// §2.3-§2.8).
///
///     chunk hash   keyed_blake3(DATA, bytes)
///     node         keyed_blake3(NODE, one line "<hash as text> : <length in decimal>\n" per child); length: the sum
///     root         of a list of chunks: groups of 3 to 9 become nodes, level by level, until one hash is left
///     xorb hash    the root of the xorb's chunks
///     file hash    keyed_blake3(zero key, root of all the file's chunks); zero without chunks
///     range hash   keyed_blake3(VERIFICATION, chunk hashes one after the other)
///
/// A group ends with the first entry, from its third on, whose word 3 is divisible by 4, or with its ninth.

#include <hubpush/core/config.hpp>
#include <hubpush/hash/blake3.hpp>
#include <hubpush/xet/hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// What the format needs to know of a chunk: its hash and how many raw bytes it has.
class xet_chunk {
public:
    xet_chunk() = default;
    xet_chunk(const xet_hash& chunk_hash, std::uint32_t chunk_length) : hash(chunk_hash), length(chunk_length) {}

    friend bool operator==(const xet_chunk&, const xet_chunk&) = default;

    xet_hash hash;
    std::uint32_t length = 0;  ///< bytes
};

/// The key of all chunk hashes (§2.3, DATA), for those who hash many chunks at once with `blake3_many`.
HUBPUSH_DECL const blake3_key& chunk_hash_key() noexcept;

/// The name of a chunk (§2.4).
HUBPUSH_DECL xet_hash chunk_hash(std::span<const std::byte> bytes);

/// The root over a stream of chunks (§2.5). Its memory is a few hundred bytes for each level of the tree, whatever the
/// number of chunks. Not thread-safe; copyable.
class merkle_tree {
public:
    HUBPUSH_DECL void add(const xet_hash& chunk, std::uint64_t length);
    void add(const xet_chunk& chunk) { add(chunk.hash, chunk.length); }

    /// The root over what was added so far; zero if that is nothing.
    HUBPUSH_DECL xet_hash root() const;

    /// The name of the file that these are all chunks of (§2.6); zero without chunks. `salt` is zero in production.
    HUBPUSH_DECL xet_hash file_hash(const blake3_key& salt = {}) const;

private:
    class entry {
    public:
        xet_hash hash;
        std::uint64_t length = 0;
    };
    /// The entries of one level that have no parent yet.
    class level {
    public:
        std::array<entry, 9> entries;
        std::size_t count = 0;
    };

    HUBPUSH_DECL void add_at(std::size_t depth, const entry& child);
    HUBPUSH_DECL void close_group(std::size_t depth);

    std::vector<level> levels_;
};

/// The name of a xorb of these chunks (§2.5).
HUBPUSH_DECL xet_hash xorb_hash(std::span<const xet_chunk> chunks);

/// The proof of knowing the chunks of a term (§2.7).
HUBPUSH_DECL xet_hash range_hash(std::span<const xet_chunk> chunks);

/// How a chunk hash stands in a shard with a key in its footer (§2.8).
HUBPUSH_DECL xet_hash keyed_chunk_hash(const xet_hash& hash, const blake3_key& key);

/// True if a chunk may be asked for in a global query because of its hash (§2.8); a file's first chunk always may.
constexpr bool eligible_by_hash(const xet_hash& hash) noexcept { return hash.word(3) % 1024 == 0; }

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/merkle.ipp>
#endif
