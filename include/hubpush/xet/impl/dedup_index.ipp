#pragma once

#include <hubpush/xet/dedup_index.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// The later of two expiries; zero means never.
constexpr std::uint64_t later_expiry(std::uint64_t a, std::uint64_t b) noexcept {
    return a == 0 || b == 0 ? 0 : std::max(a, b);
}

/// The smallest table for so many entries of which a quarter stays free.
constexpr std::size_t dedup_table_size(std::size_t entries) noexcept {
    constexpr std::size_t smallest = 64;
    return std::max(smallest, std::bit_ceil(entries + entries / 3 + 1));
}

}  // namespace detail

HUBPUSH_DECL dedup_index::dedup_index(std::size_t byte_limit, std::uint64_t seed) : byte_limit_(byte_limit), keys_(1) {
    for (std::uint64_t& multiplier : multipliers_) {
        // SplitMix64; an odd multiplier loses nothing of what it multiplies.
        seed += 0x9E3779B97F4A7C15U;
        std::uint64_t z = seed;
        z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
        z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
        multiplier = (z ^ z >> 31U) | 1U;
    }
}

HUBPUSH_DECL void dedup_index::add(const xorb_description& xorb) { add(xorb, blake3_key{}, 0); }

HUBPUSH_DECL void dedup_index::add(const shard& known, std::uint64_t now) {
    const shard_footer footer = known.footer.value_or(shard_footer());
    if (footer.expired(now)) return;
    for (const xorb_description& xorb : known.xorbs) add(xorb, footer.key, footer.expiry);
}

HUBPUSH_DECL void dedup_index::add(const xorb_description& xorb, const blake3_key& key, std::uint64_t expiry) {
    if (xorb.chunks.empty()) return;
    const std::size_t key_number = take_key(key);
    if (refresh(xorb, key_number, expiry) || !make_room(xorb.chunks.size())) return;
    block added;
    added.xorb = xorb;
    added.key = key_number;
    added.expiry = expiry;
    block_bytes_ += sizeof(block) + added.xorb.chunks.capacity() * sizeof(xet_chunk);
    ++keys_[key_number].blocks;
    blocks_.push_back(std::move(added));

    slot entry;
    entry.block = oldest_ + static_cast<std::uint32_t>(blocks_.size() - 1);
    for (entry.chunk = 0; entry.chunk != xorb.chunks.size(); ++entry.chunk) insert(entry);
}

/// Is this description here already? Then only its expiry may change.
HUBPUSH_DECL bool dedup_index::refresh(const xorb_description& xorb, std::size_t key, std::uint64_t expiry) {
    const std::size_t position = slot_of(xorb.chunks.front().hash, key);
    if (position == table_.size() || table_[position].chunk != 0) return false;
    block& known = at(table_[position].block);
    if (known.xorb.hash != xorb.hash || known.xorb.chunks != xorb.chunks) return false;
    known.expiry = detail::later_expiry(known.expiry, expiry);
    return true;
}

/// Makes sure that a block of so many chunks fits, also while the table grows for it. False if it never will.
HUBPUSH_DECL bool dedup_index::make_room(std::size_t chunks) {
    const std::size_t block_size = sizeof(block) + chunks * sizeof(xet_chunk);
    while (true) {
        const std::size_t slots = detail::dedup_table_size(used_slots_ + chunks);
        const std::size_t growth = slots > table_.size() ? slots * sizeof(slot) : 0;
        if (bytes_used() + block_size + growth <= byte_limit_) {
            if (growth != 0) resize_table(slots);
            return true;
        }
        if (blocks_.empty()) return false;
        forget_oldest();
    }
}

HUBPUSH_DECL std::size_t dedup_index::take_key(const blake3_key& key) {
    if (key == blake3_key{}) return 0;
    while (true) {
        std::size_t unused = 0;
        for (std::size_t i = 1; i != keys_.size(); ++i) {
            if (keys_[i].blocks == 0) {
                unused = i;
            } else if (keys_[i].key == key) {
                return i;
            }
        }
        if (unused == 0 && keys_.size() <= key_limit) {
            unused = keys_.size();
            keys_.emplace_back();
        }
        if (unused != 0) {
            keys_[unused].key = key;
            return unused;
        }
        forget_oldest();
    }
}

HUBPUSH_DECL void dedup_index::forget_expired(std::uint64_t now) {
    for (std::uint32_t i = 0; i != blocks_.size(); ++i) {
        if (detail::has_expired(blocks_[i].expiry, now)) forget(oldest_ + i);
    }
    while (!blocks_.empty() && blocks_.front().xorb.chunks.empty()) forget_oldest();
}

HUBPUSH_DECL void dedup_index::forget(std::uint32_t number) {
    block& old = at(number);
    if (old.xorb.chunks.empty()) return;
    for (std::uint32_t chunk = 0; chunk != old.xorb.chunks.size(); ++chunk) {
        const std::size_t position = slot_of(old.xorb.chunks[chunk].hash, old.key);
        if (position == table_.size()) continue;
        if (table_[position].block == number && table_[position].chunk == chunk) erase(position);
    }
    block_bytes_ -= old.xorb.chunks.capacity() * sizeof(xet_chunk);
    --keys_[old.key].blocks;
    old.xorb.chunks = {};
}

HUBPUSH_DECL void dedup_index::forget_oldest() {
    forget(oldest_);
    blocks_.pop_front();
    block_bytes_ -= sizeof(block);
    ++oldest_;
}

HUBPUSH_DECL std::optional<dedup_match> dedup_index::find(std::span<const xet_chunk> chunks) const {
    if (chunks.empty()) return std::nullopt;
    for (std::size_t key = 0; key != keys_.size(); ++key) {
        if (keys_[key].blocks == 0) continue;
        if (auto match = find(chunks, key)) return match;
    }
    return std::nullopt;
}

HUBPUSH_DECL std::optional<dedup_match> dedup_index::find(std::span<const xet_chunk> chunks, std::size_t key) const {
    const auto as_stored = [&](const xet_chunk& chunk) {
        return key == 0 ? chunk : xet_chunk(keyed_chunk_hash(chunk.hash, keys_[key].key), chunk.length);
    };
    const xet_chunk wanted = as_stored(chunks.front());
    const std::size_t position = slot_of(wanted.hash, key);
    if (position == table_.size()) return std::nullopt;
    const slot& found = table_[position];
    const xorb_description& xorb = at(found.block).xorb;
    const std::span<const xet_chunk> stored = std::span(xorb.chunks).subspan(found.chunk);
    // Whoever describes a chunk of ours with another length describes something else.
    if (stored.front() != wanted) return std::nullopt;
    std::uint32_t count = 1;
    while (count != stored.size() && count != chunks.size() && stored[count] == as_stored(chunks[count])) ++count;
    return dedup_match(xorb.hash, found.chunk, count);
}

HUBPUSH_DECL std::size_t dedup_index::home(const xet_hash& hash) const noexcept {
    std::uint64_t mixed = 0;
    for (std::size_t i = 0; i != multipliers_.size(); ++i) mixed += hash.word(i) * multipliers_[i];
    return static_cast<std::size_t>(mixed >> 32U) & (table_.size() - 1);
}

/// Where the chunk is in the table; the table's size if it is not.
HUBPUSH_DECL std::size_t dedup_index::slot_of(const xet_hash& hash, std::size_t key) const noexcept {
    if (table_.empty()) return 0;
    for (std::size_t i = home(hash);; i = (i + 1) & (table_.size() - 1)) {
        if (table_[i].chunk == no_chunk) return table_.size();
        const block& candidate = at(table_[i].block);
        if (candidate.key == key && candidate.xorb.chunks[table_[i].chunk].hash == hash) return i;
    }
}

/// Puts a chunk into the table, in the place of an earlier one with the same hash if there is one.
HUBPUSH_DECL void dedup_index::insert(const slot& entry) {
    const block& owner = at(entry.block);
    const xet_hash& hash = owner.xorb.chunks[entry.chunk].hash;
    std::size_t i = slot_of(hash, owner.key);
    if (i == table_.size()) {
        for (i = home(hash); table_[i].chunk != no_chunk; i = (i + 1) & (table_.size() - 1)) {
        }
        ++used_slots_;
    }
    table_[i] = entry;
}

/// Frees a slot and moves those behind it that would not be found across the gap.
HUBPUSH_DECL void dedup_index::erase(std::size_t position) {
    const std::size_t mask = table_.size() - 1;
    std::size_t gap = position;
    for (std::size_t i = (gap + 1) & mask; table_[i].chunk != no_chunk; i = (i + 1) & mask) {
        const std::size_t from = home(at(table_[i].block).xorb.chunks[table_[i].chunk].hash);
        if (((i - from) & mask) < ((i - gap) & mask)) continue;
        table_[gap] = table_[i];
        gap = i;
    }
    table_[gap] = slot();
    --used_slots_;
}

HUBPUSH_DECL void dedup_index::resize_table(std::size_t slots) {
    const std::vector<slot> old = std::exchange(table_, std::vector<slot>(slots));
    used_slots_ = 0;
    for (const slot& entry : old) {
        if (entry.chunk != no_chunk) insert(entry);
    }
}

}  // namespace hubpush::inline v0
