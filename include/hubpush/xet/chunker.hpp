#pragma once

/// \file
/// Content-defined chunking by the boundary rule of 2025-09-10 (spec/xet-protocol.md §1).
///
/// A rolling hash over the bytes of a chunk, `h = 2 h + gear_table[byte]` modulo 2^64, ends the chunk with the byte
/// that makes its top 16 bits zero, but never before 8192 bytes and always at 131072. The next chunk starts with `h =
/// 0`. The last chunk of a file is what is left, of any length from 1.
///
///     |<---- 8127 bytes ---->|<- 64 ->|<------------ up to 122881 bytes ------------>|
///        skipped: nothing of    warm    scanned for the first boundary
///        it is left in h        up
///
/// The plain scan waits for one shift and one addition per byte. The faster ones break that chain: since a byte has
/// left `h` after 64 further ones, a scan may start anywhere if it reads 64 bytes before.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hubpush::inline v0 {

inline constexpr std::size_t smallest_chunk = 8192;  ///< bytes of any chunk but the last of a file
inline constexpr std::size_t largest_chunk = 131'072;

/// The ways of looking for boundaries, slowest first. All find the same ones.
enum class chunker_path {
    plain,      ///< every byte, one a step: the rule as it is written, for reading and for comparing
    two_bytes,  ///< two bytes a step, on any machine
    avx2        ///< four places at a time (x86-64 with AVX2)
};

/// The paths that this machine has, slowest first.
HUBPUSH_DECL std::span<const chunker_path> chunker_paths() noexcept;
/// The last of them.
HUBPUSH_DECL chunker_path best_chunker_path() noexcept;

/// Finds the ends of chunks in a stream of bytes, however it is split. Keeps no bytes. Not thread-safe; copyable. A
/// path that this machine does not have is `errc::invalid_argument`.
class chunker {
public:
    HUBPUSH_DECL explicit chunker(chunker_path path = best_chunker_path());

    /// How many of the next bytes belong to the open chunk, if it ends among them: then the bytes behind them are the
    /// first of the next chunk, to be given to the next call. Without a value all of `bytes` belong to the open chunk.
    HUBPUSH_DECL std::optional<std::size_t> find_end(std::span<const std::byte> bytes);

    /// Bytes of the open chunk so far: at the end of the input, those of the last chunk, if any.
    std::size_t open_bytes() const noexcept { return size_; }

private:
    chunker_path path_;
    std::uint64_t hash_ = 0;
    std::size_t size_ = 0;
};

/// Where chunking is sure to be the same again, whatever changes before `position` (§1.5): the end of the second of two
/// consecutive chunks behind it that are both 16384 to 122879 bytes long. `ends` are those of all chunks of the old
/// content, in order.
HUBPUSH_DECL std::optional<std::uint64_t> stable_boundary(std::span<const std::uint64_t> ends, std::uint64_t position);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/chunker.ipp>
#endif
