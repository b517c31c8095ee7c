#pragma once

#include <hubpush/xet/hash.hpp>

#include <hubpush/hash/text.hpp>

#include <algorithm>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// Between raw and text order, in both directions: each group of 8 bytes is reversed.
inline void reverse_groups(std::array<std::byte, 32>& bytes) noexcept {
    for (auto group = bytes.begin(); group != bytes.end(); group += 8) std::reverse(group, group + 8);
}

}  // namespace detail

HUBPUSH_DECL std::optional<xet_hash> xet_hash::parse(std::string_view text) {
    if (text.size() != 64) return std::nullopt;
    const std::optional<std::vector<std::byte>> digits = from_hex(text);
    if (!digits) return std::nullopt;
    std::array<std::byte, 32> bytes;
    std::copy(digits->begin(), digits->end(), bytes.begin());
    detail::reverse_groups(bytes);
    return xet_hash(bytes);
}

HUBPUSH_DECL std::string xet_hash::text() const {
    std::array<std::byte, 32> reversed = bytes_;
    detail::reverse_groups(reversed);
    return to_hex(reversed);
}

}  // namespace hubpush::inline v0
