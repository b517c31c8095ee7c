#pragma once

/// \file
/// LZ4 frames, the compressed form of chunks (spec/xet-protocol.md §3.3).
///
///     magic 04 22 4D 18 | FLG | BD | content size, 0 or 8 | header checksum, 1 | blocks | 4 zero bytes | checksum, 0
///     or 4 block: u32 size, its top bit set when the bytes are stored as they are | bytes | checksum, 0 or 4
///
/// Reading needs no library and takes every valid frame but those with a dictionary, which Xet never uses. Writing
/// needs liblz4 and gives one independent block without checksums; it is there when the build defines
/// HUBPUSH_HAS_LZ4.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hubpush::inline v0 {

/// Can this build write LZ4 frames?
#if defined(HUBPUSH_HAS_LZ4)
inline constexpr bool has_lz4 = true;
#else
inline constexpr bool has_lz4 = false;
#endif

/// Writes the frame of `raw`, at most 4 MiB, to the front of `frame` and returns its length; 0 if it does not fit there
/// or this build has no liblz4.
HUBPUSH_DECL std::size_t encode_lz4_frame(std::span<const std::byte> raw, std::span<std::byte> frame);

/// Fills `raw` with the content of `frame`. Throws `errc::protocol_error` if `frame` is not exactly one valid frame or
/// its content not exactly as long as `raw`.
HUBPUSH_DECL void decode_lz4_frame(std::span<const std::byte> frame, std::span<std::byte> raw);

namespace detail {

/// XXH32 with seed 0: the checksum inside LZ4 frames.
HUBPUSH_DECL std::uint32_t xxh32(std::span<const std::byte> bytes);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/lz4_frame.ipp>
#endif
