#pragma once

// The trees of leaves and parents, and how their compressions fill the lanes of a kernel.

#include <hubpush/hash/impl/blake3_kernel.ipp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hubpush::inline v0 {

namespace detail {

/// The lanes of a kernel: what is pushed runs when there is enough of it, or when `flush` is called.
class blake3_lanes {
public:
    blake3_lanes(const blake3_kernel& kernel, const blake3_mode& mode) : kernel_(kernel), mode_(mode) {}

    /// The leaf with index `counter`, up to 1 KiB, which stays where it is until it has run.
    void push_leaf(std::span<const std::byte> leaf, std::uint64_t counter, std::uint32_t root, std::byte* value) {
        const std::size_t blocks = std::max<std::size_t>(1, (leaf.size() + blake3_block_size - 1) / blake3_block_size);
        if (blocks != work_.blocks) start(blocks);
        const auto last = leaf.subspan((blocks - 1) * blake3_block_size);
        const std::uint32_t start_flag = blocks == 1 ? blake3_chunk_start : 0;
        push({{static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32U),
               static_cast<std::uint32_t>(last.size()), mode_.flags | start_flag | blake3_chunk_end | root},
              leaf.data(),
              last.size() == blake3_block_size ? last.data() : pad(last),
              value});
    }

    /// The parent of two values in a row.
    void push_parent(const std::byte* children, std::uint32_t root, std::byte* value) {
        if (work_.blocks != 1) start(1);
        push({{0, 0, blake3_block_size, mode_.flags | blake3_parent | root}, nullptr, children, value});
    }

    /// Runs what waits. Lanes without work of their own repeat the first.
    void flush() {
        if (waiting_ == 1) {
            kernel_.run_one(work_, lanes_.data());
        } else if (waiting_ > 1) {
            std::fill(&lanes_[waiting_], &lanes_[0] + kernel_.lanes, lanes_[0]);
            kernel_.run_all(work_, lanes_.data());
        }
        waiting_ = 0;
    }

private:
    /// Only lanes with the same number of blocks run together.
    void start(std::size_t blocks) {
        flush();
        work_ = {&mode_.key_words, blocks, mode_.flags | blake3_chunk_start, mode_.flags};
    }

    void push(const blake3_lane& lane) {
        lanes_[waiting_++] = lane;
        if (waiting_ == kernel_.lanes) flush();
    }

    const std::byte* pad(std::span<const std::byte> last) {
        auto& block = padded_[waiting_];
        block.fill(std::byte{0});
        std::copy(last.begin(), last.end(), block.begin());
        return block.data();
    }

    const blake3_kernel& kernel_;
    const blake3_mode& mode_;
    blake3_work work_{};
    std::size_t waiting_ = 0;
    std::array<blake3_lane, blake3_most_lanes> lanes_;
    std::array<std::array<std::byte, blake3_block_size>, blake3_most_lanes> padded_;
};

/// The tree over some leaves of an input: over all of them, or over a power of two at a multiple of it.
struct blake3_tree {
    std::span<const std::byte> bytes;
    std::uint64_t first_leaf = 0;
    std::uint32_t root = 0;  ///< the flag when it is the whole input's
    std::byte* value = nullptr;
    std::size_t nodes = 0;  ///< on the level that is being computed
    std::size_t slot = 0;   ///< where its nodes begin
};

/// Computes trees side by side, level by level, so that one tree fills the lanes another leaves empty.
class blake3_forest {
public:
    static constexpr std::size_t most_leaves = 256;  ///< of all trees together; a Xet chunk has up to 128

    static std::size_t leaves(std::span<const std::byte> bytes) {
        return std::max<std::size_t>(1, (bytes.size() + blake3_leaf_size - 1) / blake3_leaf_size);
    }

    blake3_forest(const blake3_kernel& kernel, const blake3_mode& mode) : lanes_(kernel, mode) {}

    void grow(std::span<blake3_tree> trees) {
        std::size_t slot = 0;
        for (blake3_tree& tree : trees) {
            tree.nodes = leaves(tree.bytes);
            tree.slot = slot;
            slot += tree.nodes;
        }
        push_leaves(trees);
        while (std::any_of(trees.begin(), trees.end(), [](const blake3_tree& tree) { return tree.nodes > 1; })) {
            for (blake3_tree& tree : trees) push_parents(tree);
            lanes_.flush();
            current_ ^= 1U;
        }
    }

private:
    using level = std::array<std::array<std::byte, blake3_value_size>, most_leaves>;

    /// The whole leaves of all trees first, because they run together.
    void push_leaves(std::span<const blake3_tree> trees) {
        for (const blake3_tree& tree : trees) {
            for (std::size_t i = 0; i < tree.bytes.size() / blake3_leaf_size; ++i) push_leaf(tree, i, blake3_leaf_size);
        }
        for (const blake3_tree& tree : trees) {
            const std::size_t whole = tree.bytes.size() / blake3_leaf_size;
            if (whole < tree.nodes) push_leaf(tree, whole, tree.bytes.size() % blake3_leaf_size);
        }
        lanes_.flush();
    }

    void push_leaf(const blake3_tree& tree, std::size_t i, std::size_t size) {
        const bool only = tree.nodes == 1;
        lanes_.push_leaf(tree.bytes.subspan(i * blake3_leaf_size, size), tree.first_leaf + i, only ? tree.root : 0,
                         only ? tree.value : levels_[current_][tree.slot + i].data());
    }

    /// The next level of a tree: pairs become parents, an odd node at the end rises as it is.
    void push_parents(blake3_tree& tree) {
        if (tree.nodes == 1) return;
        const bool top = tree.nodes == 2;
        const auto* const from = &levels_[current_][tree.slot];
        auto* const to = &levels_[current_ ^ 1U][tree.slot];
        for (std::size_t i = 0; i < tree.nodes / 2; ++i) {
            lanes_.push_parent(from[2 * i].data(), top ? tree.root : 0, top ? tree.value : to[i].data());
        }
        if (tree.nodes % 2 == 1) to[tree.nodes / 2] = from[tree.nodes - 1];
        tree.nodes = (tree.nodes + 1) / 2;
    }

    blake3_lanes lanes_;
    unsigned current_ = 0;
    std::array<level, 2> levels_;
};

}  // namespace detail

}  // namespace hubpush::inline v0
