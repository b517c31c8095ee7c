#pragma once

#include <hubpush/xet/xorb.hpp>

#include <hubpush/core/error.hpp>

#include <utility>

namespace hubpush::inline v0 {

HUBPUSH_DECL xorb_limits::xorb_limits(std::size_t bytes, std::size_t chunks) : bytes_(bytes), chunks_(chunks) {
    if (!allow(1, chunk_raw_limit)) throw_error(errc::invalid_argument, "a xorb must be able to hold one chunk");
    if (bytes > most_bytes || chunks > most_chunks) {
        throw_error(errc::invalid_argument, "a xorb holds at most 64 MiB in 8192 chunks");
    }
}

HUBPUSH_DECL xorb_description::xorb_description(std::vector<xet_chunk> chunk_list)
    : hash(xorb_hash(chunk_list)), chunks(std::move(chunk_list)) {}

HUBPUSH_DECL std::uint64_t xorb_description::raw_bytes() const noexcept {
    std::uint64_t sum = 0;
    for (const xet_chunk& chunk : chunks) sum += chunk.length;
    return sum;
}

}  // namespace hubpush::inline v0
