#pragma once

#include <hubpush/xet/open_xorb.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL void open_xorb::append(const xet_chunk& chunk) {
    latest_[chunk.hash] = size();
    chunks_.push_back(chunk);
    raw_bytes_ += chunk.length;
}

HUBPUSH_DECL std::optional<open_run> open_xorb::find(std::span<const xet_chunk> chunks) const {
    const auto found = latest_.find(chunks.front().hash);
    if (found == latest_.end()) return std::nullopt;
    const std::span<const xet_chunk> here = std::span(chunks_).subspan(found->second);
    std::uint32_t count = 1;
    while (count != here.size() && count != chunks.size() && here[count] == chunks[count]) ++count;
    return open_run(found->second, count);
}

}  // namespace hubpush::inline v0::detail
