#pragma once

/// \file
/// What a xorb is: up to 64 MiB of chunks, each in a record of its own (spec/xet-protocol.md §3.1, §3.2).
///
///     upload form   record record record ...
///     stored form   record record record ... info block, its length          (xorb_footer.hpp)
///
///     record  0  version, 0                    1 byte
///             1  stored length C               u24
///             4  scheme                        1 byte
///             5  raw length U, 1 to 131072     u24
///             8  payload                       C bytes
///
/// The name of a xorb depends on the hashes and raw lengths of its chunks only, not on how they are stored.

#include <hubpush/core/config.hpp>
#include <hubpush/xet/hash.hpp>
#include <hubpush/xet/merkle.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hubpush::inline v0 {

/// How the payload of a record holds its chunk.
enum class chunk_scheme : std::uint8_t {
    raw = 0,          ///< as it is
    lz4 = 1,          ///< as an LZ4 frame
    grouped_lz4 = 2,  ///< byte-grouped, then as an LZ4 frame
};

inline constexpr std::size_t chunk_record_header_size = 8;
inline constexpr std::size_t chunk_raw_limit = 131'072;     ///< raw bytes of a chunk
inline constexpr std::size_t chunk_stored_limit = 262'144;  ///< stored bytes of a chunk, for readers

/// How much may go into one xorb. `bytes` bounds the sum of raw length and record header over all chunks: so the stored
/// xorb and the sum of the raw lengths both stay within it, whichever of the two a service counts (§3.2).
class xorb_limits {
public:
    static constexpr std::size_t most_bytes = 67'108'864;
    static constexpr std::size_t most_chunks = 8192;

    constexpr xorb_limits() = default;
    /// Smaller ones, as a memory budget may want; throws `errc::invalid_argument` if they cannot hold the largest chunk
    /// or exceed the format's.
    HUBPUSH_DECL xorb_limits(std::size_t bytes, std::size_t chunks);

    /// May a xorb have `chunks` chunks that are `raw_bytes` long together?
    constexpr bool allow(std::size_t chunks, std::uint64_t raw_bytes) const noexcept {
        return chunks <= chunks_ && raw_bytes + chunks * chunk_record_header_size <= bytes_;
    }
    constexpr std::size_t bytes() const noexcept { return bytes_; }
    constexpr std::size_t chunks() const noexcept { return chunks_; }

private:
    std::size_t bytes_ = most_bytes;
    std::size_t chunks_ = most_chunks;
};

/// What the world is told about a xorb: its name and its chunks in order. In what a keyed shard holds the hashes of the
/// chunks are keyed ones (§4.9).
class xorb_description {
public:
    xorb_description() = default;
    /// Computes the name.
    HUBPUSH_DECL explicit xorb_description(std::vector<xet_chunk> chunk_list);
    xorb_description(const xet_hash& name, std::vector<xet_chunk> chunk_list)
        : hash(name), chunks(std::move(chunk_list)) {}

    friend bool operator==(const xorb_description&, const xorb_description&) = default;

    HUBPUSH_DECL std::uint64_t raw_bytes() const noexcept;

    xet_hash hash;
    std::vector<xet_chunk> chunks;
    std::uint32_t stored_bytes = 0;  ///< length of the upload form, or 0 where nobody knows or cares (§4.5)
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/xorb.ipp>
#endif
