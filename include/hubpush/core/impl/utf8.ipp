#pragma once

#include <hubpush/core/utf8.hpp>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto in = [](unsigned value, unsigned low, unsigned high) { return value >= low && value <= high; };
    const auto follows = [&](std::size_t i) { return in(byte(i), 0x80, 0xbf); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return text.empty() ? 0 : 1;
    if (in(lead, 0xc2, 0xdf)) return follows(1) ? 2 : 0;
    if (in(lead, 0xe0, 0xef)) {
        const bool second = in(byte(1), lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
        return second && follows(2) ? 3 : 0;
    }
    if (!in(lead, 0xf0, 0xf4)) return 0;
    const bool second = in(byte(1), lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
    return second && follows(2) && follows(3) ? 4 : 0;
}

HUBPUSH_DECL bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace hubpush::inline v0
