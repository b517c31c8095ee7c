#pragma once

/// \file
/// A xorb that is still growing and therefore has no name yet (spec/xet-protocol.md §6.2, source 4). Private to the
/// deduplication planner.

#include <hubpush/core/config.hpp>
#include <hubpush/xet/merkle.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace hubpush::inline v0::detail {

/// A run of chunks in a xorb without a name.
class open_run {
public:
    open_run(std::uint32_t first, std::uint32_t chunk_count) : first_chunk(first), count(chunk_count) {}

    std::uint32_t first_chunk;
    std::uint32_t count;
};

/// The chunks so far. While terms refer to the xorb it is known by a number of the session's.
class open_xorb {
public:
    explicit open_xorb(std::uint32_t number = 0) noexcept : number_(number) {}

    std::uint32_t number() const noexcept { return number_; }
    const std::vector<xet_chunk>& chunks() const noexcept { return chunks_; }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(chunks_.size()); }
    std::uint64_t raw_bytes() const noexcept { return raw_bytes_; }
    bool empty() const noexcept { return chunks_.empty(); }

    HUBPUSH_DECL void append(const xet_chunk& chunk);
    /// The first of `chunks` at its latest place here, and as many more as follow it.
    HUBPUSH_DECL std::optional<open_run> find(std::span<const xet_chunk> chunks) const;

private:
    std::uint32_t number_;
    std::vector<xet_chunk> chunks_;
    std::uint64_t raw_bytes_ = 0;
    std::unordered_map<xet_hash, std::uint32_t> latest_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/open_xorb.ipp>
#endif
