#pragma once

#include <hubpush/cli/chunk_sample.hpp>

#include <algorithm>
#include <bit>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// Zero is a free slot.
inline std::uint64_t sampled_word(const xet_hash& hash) noexcept { return std::max<std::uint64_t>(hash.word(0), 1); }

}  // namespace detail

HUBPUSH_DECL chunk_sample::chunk_sample(std::size_t slots) : slots_(std::bit_ceil(std::max<std::size_t>(slots, 4))) {}

HUBPUSH_DECL std::uint64_t chunk_sample::weight(const xet_hash& hash) const noexcept {
    const bool is_in = std::countl_zero(detail::sampled_word(hash)) >= leading_zeros_;
    return is_in ? std::uint64_t{1} << leading_zeros_ : 0;
}

HUBPUSH_DECL bool chunk_sample::contains(const xet_hash& hash) const noexcept {
    return slots_[slot_of(detail::sampled_word(hash))] != 0;
}

HUBPUSH_DECL void chunk_sample::insert(const xet_hash& hash) {
    if (weight(hash) == 0 || contains(hash)) return;
    if (used_ == slots_.size() / 4 * 3) {
        halve();
        return insert(hash);
    }
    slots_[slot_of(detail::sampled_word(hash))] = detail::sampled_word(hash);
    ++used_;
}

/// Where `word` is, or would be.
HUBPUSH_DECL std::size_t chunk_sample::slot_of(std::uint64_t word) const noexcept {
    std::size_t slot = static_cast<std::size_t>(word) & (slots_.size() - 1);
    while (slots_[slot] != 0 && slots_[slot] != word) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
}

HUBPUSH_DECL void chunk_sample::halve() {
    ++leading_zeros_;
    const std::vector<std::uint64_t> all = std::exchange(slots_, std::vector<std::uint64_t>(slots_.size()));
    used_ = 0;
    for (const std::uint64_t word : all) {
        if (word == 0 || std::countl_zero(word) < leading_zeros_) continue;
        slots_[slot_of(word)] = word;
        ++used_;
    }
}

}  // namespace hubpush::inline v0
