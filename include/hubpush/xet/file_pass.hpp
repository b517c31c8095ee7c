#pragma once

/// \file
/// Everything that Xet storage wants to know of a file's bytes, in one pass over them: its chunks, their hashes, the
/// file hash, and SHA-256 where a Git-backed repository needs it (spec/xet-protocol.md §1, §2.4, §2.6, §2.9).

#include <hubpush/core/config.hpp>
#include <hubpush/hash/blake3.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/xet/chunker.hpp>
#include <hubpush/xet/merkle.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// Takes the bytes of a file in order, in pieces of any size, and keeps none of them. Each chunk is found and hashed
/// while it is in the processor's cache; pieces of a few hundred KiB are best, so that most chunks lie within one. Its
/// memory is a few KiB, whatever the file. Not thread-safe; movable.
class file_pass {
public:
    /// SHA-256 costs more than all the rest, and is computed only where it is wanted.
    HUBPUSH_DECL explicit file_pass(bool with_sha256 = false);

    /// The chunks that end within `bytes`, in order; valid until the next call.
    HUBPUSH_DECL std::span<const xet_chunk> update(std::span<const std::byte> bytes);
    /// Ends the file. Its last chunk, unless the file is empty or ended with the chunk before.
    HUBPUSH_DECL std::optional<xet_chunk> finish();

    /// The following three are final after `finish`.
    std::uint64_t size() const noexcept { return size_; }
    xet_hash file_hash() const { return tree_.file_hash(); }
    /// Nothing unless it was asked for.
    const std::optional<sha256_digest>& sha256() const noexcept { return sha256_; }

private:
    /// So many chunks are hashed together: their bytes are still in the cache, and no lane stays empty for long.
    static constexpr std::size_t hashed_together = 4;

    HUBPUSH_DECL void take(std::span<const std::byte> piece);
    HUBPUSH_DECL void hash_waiting();
    HUBPUSH_DECL void end_open_chunk();
    HUBPUSH_DECL void add(const xet_chunk& chunk);

    chunker chunker_;
    blake3 open_chunk_;                                ///< what earlier pieces had of the open chunk
    std::size_t open_bytes_ = 0;                       ///< how much that is
    std::vector<std::span<const std::byte>> waiting_;  ///< whole chunks, during a call only
    std::array<blake3_digest, hashed_together> digests_{};
    merkle_tree tree_;
    std::vector<xet_chunk> ended_;
    std::uint64_t size_ = 0;
    std::optional<hubpush::sha256> running_sha256_;
    std::optional<sha256_digest> sha256_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/file_pass.ipp>
#endif
