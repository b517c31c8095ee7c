#pragma once

#include <hubpush/xet/shard.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

HUBPUSH_DECL const xet_hash& shard_tag() noexcept {
    static const xet_hash tag = [] {
        constexpr std::array<unsigned char, 32> bytes{'H',  'F',  'R',  'e',  'p',  'o',  'M',  'e',  't',  'a',  'D',
                                                      'a',  't',  'a',  0x00, 0x55, 0x69, 0x67, 0x45, 0x6a, 0x7b, 0x81,
                                                      0x57, 0x83, 0xa5, 0xbd, 0xd9, 0x5c, 0xcd, 0xd1, 0x4a, 0xa9};
        std::array<std::byte, 32> raw{};
        std::ranges::transform(bytes, raw.begin(), [](unsigned char byte) { return std::byte{byte}; });
        return xet_hash(raw);
    }();
    return tag;
}

HUBPUSH_DECL const xet_hash& shard_section_end() noexcept {
    static const xet_hash end = [] {
        std::array<std::byte, 32> raw{};
        raw.fill(std::byte{0xFF});
        return xet_hash(raw);
    }();
    return end;
}

}  // namespace detail

HUBPUSH_DECL std::uint64_t shard_file::size() const noexcept {
    std::uint64_t sum = 0;
    for (const shard_term& term : terms) sum += term.length;
    return sum;
}

HUBPUSH_DECL std::size_t shard_file::shard_bytes() const noexcept {
    return shard_record_size * (1 + terms.size() * (verified ? 2 : 1) + (sha256 ? 1 : 0));
}

}  // namespace hubpush::inline v0
