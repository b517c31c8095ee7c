#pragma once

/// \file
/// What is known about chunks that are stored already: the sources of deduplication (spec/xet-protocol.md §4.9, §6.2).

#include <hubpush/core/config.hpp>
#include <hubpush/hash/blake3.hpp>
#include <hubpush/xet/shard.hpp>
#include <hubpush/xet/xorb.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// A stored copy of some chunks: `count` consecutive ones of a xorb.
class dedup_match {
public:
    dedup_match() = default;
    dedup_match(const xet_hash& xorb_name, std::uint32_t first, std::uint32_t chunk_count)
        : xorb(xorb_name), first_chunk(first), count(chunk_count) {}

    friend bool operator==(const dedup_match&, const dedup_match&) = default;

    xet_hash xorb;
    std::uint32_t first_chunk = 0;
    std::uint32_t count = 0;
};

/// Xorb descriptions, searchable by chunk hash, in a bounded number of bytes: what is oldest gives way to what is new.
/// Descriptions with clear hashes are searched first, then those of keyed shards, key by key. Where a chunk is known in
/// several places the latest counts. Not thread-safe.
class dedup_index {
public:
    /// One keyed hash is computed per look-up and key; so there are at most so many keys at a time.
    static constexpr std::size_t key_limit = 32;

    /// `byte_limit` bounds the memory. `seed` decides where entries lie in the table: random in production, so that
    /// nobody can send a shard whose entries collide.
    HUBPUSH_DECL explicit dedup_index(std::size_t byte_limit, std::uint64_t seed = 0);

    /// A xorb that is stored, or will be before the shard that refers to it.
    HUBPUSH_DECL void add(const xorb_description& xorb);
    /// All xorbs of a shard, unless it has expired at `now`, in seconds since 1970.
    HUBPUSH_DECL void add(const shard& known, std::uint64_t now);
    /// Forgets what has expired.
    HUBPUSH_DECL void forget_expired(std::uint64_t now);

    /// The first of `chunks`, and as many more as follow it in the same xorb.
    HUBPUSH_DECL std::optional<dedup_match> find(std::span<const xet_chunk> chunks) const;

    std::size_t bytes_used() const noexcept { return block_bytes_ + table_.capacity() * sizeof(slot); }

private:
    /// One description. Blocks are numbered in the order of their coming; a forgotten one is empty.
    class block {
    public:
        xorb_description xorb;
        std::size_t key = 0;
        std::uint64_t expiry = 0;
    };
    /// An entry of `keys_`, free when no block uses it. The first one is always the zero key: hashes in clear.
    class key_use {
    public:
        blake3_key key{};
        std::size_t blocks = 0;
    };
    /// The place of a chunk: number of its block and index in it. `no_chunk` marks a free slot.
    class slot {
    public:
        std::uint32_t block = 0;
        std::uint32_t chunk = no_chunk;
    };
    static constexpr std::uint32_t no_chunk = 0xFFFFFFFFU;

    HUBPUSH_DECL void add(const xorb_description& xorb, const blake3_key& key, std::uint64_t expiry);
    HUBPUSH_DECL bool refresh(const xorb_description& xorb, std::size_t key, std::uint64_t expiry);
    HUBPUSH_DECL bool make_room(std::size_t chunks);
    HUBPUSH_DECL std::size_t take_key(const blake3_key& key);
    HUBPUSH_DECL void forget(std::uint32_t number);
    HUBPUSH_DECL void forget_oldest();
    HUBPUSH_DECL std::optional<dedup_match> find(std::span<const xet_chunk> chunks, std::size_t key) const;

    block& at(std::uint32_t number) noexcept { return blocks_[number - oldest_]; }
    const block& at(std::uint32_t number) const noexcept { return blocks_[number - oldest_]; }
    HUBPUSH_DECL std::size_t home(const xet_hash& hash) const noexcept;
    HUBPUSH_DECL std::size_t slot_of(const xet_hash& hash, std::size_t key) const noexcept;
    HUBPUSH_DECL void insert(const slot& entry);
    HUBPUSH_DECL void erase(std::size_t position);
    HUBPUSH_DECL void resize_table(std::size_t slots);

    std::size_t byte_limit_;
    std::array<std::uint64_t, 4> multipliers_{};
    std::deque<block> blocks_;
    std::uint32_t oldest_ = 0;  ///< number of the first of `blocks_`
    std::size_t block_bytes_ = 0;
    std::vector<key_use> keys_;
    std::vector<slot> table_;  ///< open addressing, a power of two; at most three quarters are used
    std::size_t used_slots_ = 0;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/dedup_index.ipp>
#endif
