#pragma once

#include <hubpush/xet/merkle.hpp>

#include <hubpush/hash/digest.hpp>

#include <string>

namespace hubpush::inline v0 {

namespace detail {

/// A key of spec/xet-protocol.md §2.3 from its bytes.
constexpr blake3_key key_of(const std::array<std::uint8_t, 32>& bytes) noexcept {
    blake3_key key{};
    for (std::size_t i = 0; i != key.size(); ++i) key[i] = std::byte{bytes[i]};
    return key;
}

inline constexpr blake3_key data_key =
    key_of({102, 151, 245, 119, 91,  149, 80, 222, 49,  53,  203, 172, 165, 151, 24,  28,
            157, 228, 33,  16,  155, 235, 43, 88,  180, 208, 176, 75,  147, 173, 242, 41});
inline constexpr blake3_key node_key =
    key_of({1,  126, 197, 199, 165, 71,  41,  150, 253, 148, 102, 102, 180, 138, 2,   230,
            93, 221, 83,  111, 55,  199, 109, 210, 248, 99,  82,  230, 74,  83,  113, 63});
inline constexpr blake3_key verification_key =
    key_of({127, 24,  87, 214, 206, 86,  237, 102, 18, 127, 249, 19,  231, 165, 195, 243,
            164, 205, 38, 213, 181, 219, 73,  230, 65, 36,  152, 127, 40,  251, 148, 195});

inline constexpr std::size_t shortest_closed_group = 3;

}  // namespace detail

HUBPUSH_DECL const blake3_key& chunk_hash_key() noexcept { return detail::data_key; }

HUBPUSH_DECL xet_hash chunk_hash(std::span<const std::byte> bytes) {
    return xet_hash(blake3::of(detail::data_key, bytes));
}

HUBPUSH_DECL void merkle_tree::add(const xet_hash& chunk, std::uint64_t length) {
    entry child;
    child.hash = chunk;
    child.length = length;
    add_at(0, child);
}

HUBPUSH_DECL void merkle_tree::add_at(std::size_t depth, const entry& child) {
    if (depth == levels_.size()) levels_.emplace_back();
    level& here = levels_[depth];
    here.entries[here.count++] = child;
    const bool ends_group = here.count >= detail::shortest_closed_group && child.hash.word(3) % 4 == 0;
    if (ends_group || here.count == here.entries.size()) close_group(depth);
}

HUBPUSH_DECL void merkle_tree::close_group(std::size_t depth) {
    level& here = levels_[depth];
    entry parent;
    std::string text;
    for (std::size_t i = 0; i != here.count; ++i) {
        const entry& child = here.entries[i];
        text += child.hash.text() + " : " + std::to_string(child.length) + '\n';
        parent.length += child.length;
    }
    parent.hash = xet_hash(blake3::of(detail::node_key, as_bytes(text)));
    here.count = 0;
    add_at(depth + 1, parent);
}

HUBPUSH_DECL xet_hash merkle_tree::root() const {
    if (levels_.empty()) return xet_hash();
    // The end of the input closes what is open on each level, up to the level that holds a single entry: the root.
    merkle_tree rest = *this;
    for (std::size_t depth = 0;; ++depth) {
        const std::size_t count = rest.levels_[depth].count;
        const bool topmost = depth + 1 == rest.levels_.size();
        if (topmost && count == 1) return rest.levels_[depth].entries.front().hash;
        if (count != 0) rest.close_group(depth);
    }
}

HUBPUSH_DECL xet_hash merkle_tree::file_hash(const blake3_key& salt) const {
    if (levels_.empty()) return xet_hash();
    return xet_hash(blake3::of(salt, root().bytes()));
}

HUBPUSH_DECL xet_hash xorb_hash(std::span<const xet_chunk> chunks) {
    merkle_tree tree;
    for (const xet_chunk& chunk : chunks) tree.add(chunk);
    return tree.root();
}

HUBPUSH_DECL xet_hash range_hash(std::span<const xet_chunk> chunks) {
    blake3 hash(detail::verification_key);
    for (const xet_chunk& chunk : chunks) hash.update(chunk.hash.bytes());
    return xet_hash(hash.finish());
}

HUBPUSH_DECL xet_hash keyed_chunk_hash(const xet_hash& hash, const blake3_key& key) {
    return xet_hash(blake3::of(key, hash.bytes()));
}

}  // namespace hubpush::inline v0
