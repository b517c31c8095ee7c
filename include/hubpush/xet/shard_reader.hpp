#pragma once

/// \file
/// Reads every form of a shard, trusting nothing in it (spec/xet-protocol.md §4.3, §4.9).

#include <hubpush/core/config.hpp>
#include <hubpush/xet/shard.hpp>

#include <cstddef>
#include <span>

namespace hubpush::inline v0 {

/// The upload form, the answer to a global query, a cached shard with or without look-up tables. Needs memory of at
/// most five times the input's size. Throws `errc::protocol_error` if the bytes are not a shard: every count is
/// checked against what is left, lengths and offsets against each other. Whether hashes are right cannot be seen here.
HUBPUSH_DECL shard read_shard(std::span<const std::byte> bytes);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/shard_reader.ipp>
#endif
