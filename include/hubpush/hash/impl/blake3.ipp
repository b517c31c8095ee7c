#pragma once

#include <hubpush/hash/blake3.hpp>

#include <hubpush/core/error.hpp>

#include <hubpush/hash/impl/blake3_avx2.ipp>
#include <hubpush/hash/impl/blake3_avx512.ipp>
#include <hubpush/hash/impl/blake3_kernel.ipp>
#include <hubpush/hash/impl/blake3_portable.ipp>
#include <hubpush/hash/impl/blake3_sse41.ipp>
#include <hubpush/hash/impl/blake3_tree.ipp>

#include <algorithm>
#include <bit>

namespace hubpush::inline v0 {

namespace detail {

inline blake3_digest blake3_join(const blake3_kernel& kernel, const blake3_mode& mode, const blake3_digest& left,
                                 const blake3_digest& right, std::uint32_t root) {
    std::array<std::byte, blake3_block_size> children;
    std::copy(right.begin(), right.end(), std::copy(left.begin(), left.end(), children.begin()));
    blake3_digest value;
    blake3_lanes lanes(kernel, mode);
    lanes.push_parent(children.data(), root, value.data());
    lanes.flush();
    return value;
}

inline blake3_words load_blake3_key(const blake3_key& key) {
    blake3_words words;
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = load_blake3_word(&key[4 * i]);
    return words;
}

inline std::size_t count_blake3_paths() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return 4;
    if (__builtin_cpu_supports("avx2")) return 3;
    if (__builtin_cpu_supports("sse4.1")) return 2;
#endif
    return 1;
}

inline const blake3_kernel& blake3_kernel_of(blake3_path path) {
    const auto paths = blake3_paths();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        throw_error(errc::invalid_argument, "this machine does not have that way to compute BLAKE3");
    }
#if defined(__x86_64__)
    if (path == blake3_path::avx512) return blake3_avx512;
    if (path == blake3_path::avx2) return blake3_avx2;
    if (path == blake3_path::sse41) return blake3_sse41;
#endif
    return blake3_portable;
}

}  // namespace detail

HUBPUSH_DECL std::span<const blake3_path> blake3_paths() noexcept {
    static constexpr std::array all = {blake3_path::portable, blake3_path::sse41, blake3_path::avx2,
                                       blake3_path::avx512};
    static const std::size_t count = detail::count_blake3_paths();
    return std::span(all).first(count);
}

HUBPUSH_DECL blake3_path best_blake3_path() noexcept { return blake3_paths().back(); }

HUBPUSH_DECL blake3::blake3(const detail::blake3_mode& mode, blake3_path path)
    : mode_(mode), kernel_(&detail::blake3_kernel_of(path)) {}

HUBPUSH_DECL blake3::blake3(blake3_path path) : blake3({detail::blake3_iv, 0}, path) {}

HUBPUSH_DECL blake3::blake3(const blake3_key& key, blake3_path path)
    : blake3({detail::load_blake3_key(key), detail::blake3_keyed_hash}, path) {}

HUBPUSH_DECL blake3 blake3::key_derivation(std::string_view context, blake3_path path) {
    blake3 of_context({detail::blake3_iv, detail::blake3_derive_key_context}, path);
    of_context.update(std::as_bytes(std::span(context)));
    return blake3({detail::load_blake3_key(of_context.finish()), detail::blake3_derive_key_material}, path);
}

HUBPUSH_DECL void blake3::update(std::span<const std::byte> bytes) {
    if (leaf_size_ > 0) {
        const auto head = bytes.first(std::min(bytes.size(), leaf_.size() - leaf_size_));
        std::copy(head.begin(), head.end(), leaf_.begin() + static_cast<std::ptrdiff_t>(leaf_size_));
        leaf_size_ += head.size();
        bytes = bytes.subspan(head.size());
        if (bytes.empty()) return;
        take_subtree(leaf_);
    }
    while (bytes.size() > leaf_.size()) {
        std::uint64_t leaves = std::bit_floor((bytes.size() - 1) / leaf_.size());
        leaves = std::min<std::uint64_t>(leaves, detail::blake3_forest::most_leaves);
        if (leaves_ > 0) leaves = std::min(leaves, leaves_ & (~leaves_ + 1));
        const auto subtree = bytes.first(static_cast<std::size_t>(leaves) * leaf_.size());
        take_subtree(subtree);
        bytes = bytes.subspan(subtree.size());
    }
    std::copy(bytes.begin(), bytes.end(), leaf_.begin());
    leaf_size_ = bytes.size();
}

HUBPUSH_DECL blake3_digest blake3::finish() const { return finish_with(std::span(leaf_).first(leaf_size_)); }

/// A power of two of leaves, at a multiple of it, that are not the last: adding it to the subtrees there are is adding
/// two binary numbers, and every carry is a parent.
HUBPUSH_DECL void blake3::take_subtree(std::span<const std::byte> bytes) {
    blake3_digest value;
    detail::blake3_tree tree{bytes, leaves_, 0, value.data()};
    detail::blake3_forest(*kernel_, mode_).grow({&tree, 1});
    const std::uint64_t leaves = bytes.size() / leaf_.size();
    auto count = static_cast<std::size_t>(std::popcount(leaves_));
    for (std::uint64_t bit = leaves; (leaves_ & bit) != 0; bit <<= 1U) {
        value = detail::blake3_join(*kernel_, mode_, subtrees_[--count], value, 0);
    }
    subtrees_[count] = value;
    leaves_ += leaves;
}

HUBPUSH_DECL blake3_digest blake3::finish_with(std::span<const std::byte> tail) const {
    blake3_digest value;
    detail::blake3_tree tree{tail, leaves_, leaves_ == 0 ? detail::blake3_root : 0, value.data()};
    detail::blake3_forest(*kernel_, mode_).grow({&tree, 1});
    for (auto count = static_cast<std::size_t>(std::popcount(leaves_)); count > 0; --count) {
        const std::uint32_t root = count == 1 ? detail::blake3_root : 0;
        value = detail::blake3_join(*kernel_, mode_, subtrees_[count - 1], value, root);
    }
    return value;
}

/// With the end in sight the last leaves need not be taken in ever smaller powers of two.
HUBPUSH_DECL blake3_digest blake3::of_all(std::span<const std::byte> bytes) {
    constexpr std::size_t subtree = detail::blake3_forest::most_leaves * detail::blake3_leaf_size;
    for (; bytes.size() > subtree; bytes = bytes.subspan(subtree)) take_subtree(bytes.first(subtree));
    return finish_with(bytes);
}

HUBPUSH_DECL blake3_digest blake3::of(std::span<const std::byte> bytes, blake3_path path) {
    return blake3(path).of_all(bytes);
}

HUBPUSH_DECL blake3_digest blake3::of(const blake3_key& key, std::span<const std::byte> bytes, blake3_path path) {
    return blake3(key, path).of_all(bytes);
}

HUBPUSH_DECL void blake3_many(const blake3_key& key, std::span<const std::span<const std::byte>> inputs,
                              std::span<blake3_digest> digests, blake3_path path) {
    if (digests.size() != inputs.size()) throw_error(errc::invalid_argument, "there must be a digest for every input");
    const detail::blake3_mode mode{detail::load_blake3_key(key), detail::blake3_keyed_hash};
    detail::blake3_forest forest(detail::blake3_kernel_of(path), mode);
    std::array<detail::blake3_tree, 64> trees;
    std::size_t waiting = 0;
    std::size_t leaves = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::size_t more = forest.leaves(inputs[i]);
        if (more > forest.most_leaves) {
            digests[i] = blake3::of(key, inputs[i], path);
            continue;
        }
        if (waiting == trees.size() || leaves + more > forest.most_leaves) {
            forest.grow(std::span(trees).first(waiting));
            waiting = leaves = 0;
        }
        trees[waiting++] = {inputs[i], 0, detail::blake3_root, digests[i].data()};
        leaves += more;
    }
    forest.grow(std::span(trees).first(waiting));
}

}  // namespace hubpush::inline v0
