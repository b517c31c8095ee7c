#pragma once

#include <hubpush/xet/hash.hpp>

#include <hubpush/hash/text.hpp>

#include <algorithm>
#include <vector>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::optional<xet_hash> xet_hash::parse(std::string_view text) {
    if (text.size() != 64) return std::nullopt;
    const std::optional<std::vector<std::byte>> digits = from_hex(text);
    if (!digits) return std::nullopt;
    std::array<std::byte, 32> bytes;
    std::copy(digits->begin(), digits->end(), bytes.begin());
    return xet_hash(detail::reverse_groups(bytes));
}

HUBPUSH_DECL std::string xet_hash::text() const { return to_hex(detail::reverse_groups(bytes_)); }

}  // namespace hubpush::inline v0
