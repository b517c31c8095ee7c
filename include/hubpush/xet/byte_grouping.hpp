#pragma once

/// \file
/// Byte grouping: the bytes of 4-byte numbers sorted by their place in the number, which LZ4 packs better
/// (spec/xet-protocol.md §3.4, §3.5).
///
///     raw      b0 b1 b2 b3 b4 b5 ...
///     grouped  b0 b4 b8 ... | b1 b5 b9 ... | b2 b6 ... | b3 b7 ...
///
/// If the length is not divisible by 4 the first (length mod 4) groups have one byte more.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <span>

namespace hubpush::inline v0 {

/// Writes the grouped form of `raw` to `grouped`, which has the same size.
HUBPUSH_DECL void group_bytes(std::span<const std::byte> raw, std::span<std::byte> grouped);

/// The inverse.
HUBPUSH_DECL void ungroup_bytes(std::span<const std::byte> grouped, std::span<std::byte> raw);

/// The reference's guess whether grouping pays: true if the numbers of one-bits per byte are distributed differently in
/// at least one of the four groups than in all bytes together (§3.5). A heuristic: any answer gives valid data.
HUBPUSH_DECL bool grouping_pays(std::span<const std::byte> raw);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/byte_grouping.ipp>
#endif
