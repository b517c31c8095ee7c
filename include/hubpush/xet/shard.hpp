#pragma once

/// \file
/// What a shard is: descriptions of files and of xorbs, as values and as bytes (spec/xet-protocol.md §4).
///
///     header             48 bytes: tag 32, version 2 as u64, length of the footer as u64 (0 or 200)
///     file section       per file: header, n terms, n verifications (flag 31), SHA-256 (flag 30); section end
///     xorb section       per xorb: header, n chunks; section end
///     look-up tables     only in local files of the reference client; ignored here
///     footer             200 bytes; never in what is uploaded
///
/// Every record of the two sections is 48 bytes, a hash and 16 more:
///
///     file header        file hash      u32 flags, u32 n, 8 zero
///     term               xorb hash      u32 0, u32 raw bytes, u32 first chunk, u32 end chunk
///     verification       range hash     16 zero
///     SHA-256            bytes reversed in each group of 8, 16 zero
///     xorb header        xorb hash      u32 0, u32 n, u32 raw bytes, u32 stored bytes or 0
///     chunk              chunk hash     u32 raw offset, u32 raw length, u32 flags, 4 zero
///     section end        32 times FF    16 zero

#include <hubpush/core/config.hpp>
#include <hubpush/hash/blake3.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/xet/hash.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace hubpush::inline v0 {

inline constexpr std::size_t shard_size_limit = 67'108'864;  ///< bytes of a shard as uploaded (§4.8)
inline constexpr std::size_t shard_record_size = 48;

/// A run of chunks of one xorb: a piece of a file.
class shard_term {
public:
    shard_term() = default;
    shard_term(const xet_hash& xorb_name, std::uint32_t raw_bytes, std::uint32_t first, std::uint32_t end,
               const xet_hash& proof)
        : xorb(xorb_name), length(raw_bytes), first_chunk(first), end_chunk(end), range_hash(proof) {}

    friend bool operator==(const shard_term&, const shard_term&) = default;

    xet_hash xorb;
    std::uint32_t length = 0;       ///< raw bytes
    std::uint32_t first_chunk = 0;  ///< index in the xorb
    std::uint32_t end_chunk = 0;    ///< the index after the last one
    xet_hash range_hash;            ///< over the chunks of the term; zero in a file that is not verified
};

/// A file: its terms in order, which concatenated give its bytes.
class shard_file {
public:
    shard_file() = default;
    shard_file(const xet_hash& file_hash, std::vector<shard_term> term_list, std::optional<sha256_digest> digest = {})
        : hash(file_hash), terms(std::move(term_list)), sha256(digest) {}

    friend bool operator==(const shard_file&, const shard_file&) = default;

    HUBPUSH_DECL std::uint64_t size() const noexcept;       ///< bytes
    HUBPUSH_DECL std::size_t shard_bytes() const noexcept;  ///< what it takes of a shard

    xet_hash hash;
    std::vector<shard_term> terms;
    std::optional<sha256_digest> sha256;  ///< needed where a git commit names the file by it, absent for buckets
    bool verified = true;                 ///< its terms have range hashes, as all uploads must
};

namespace detail {

/// Expiry times in seconds since 1970; zero means that none was set (§4.7).
constexpr bool has_expired(std::uint64_t expiry, std::uint64_t now) noexcept { return expiry != 0 && expiry <= now; }

}  // namespace detail

/// What follows the sections in shards that a service or a cache hands out (§4.7).
class shard_footer {
public:
    shard_footer() = default;
    /// Times are seconds since 1970.
    shard_footer(const blake3_key& chunk_key, std::uint64_t creation_time, std::uint64_t expiry_time)
        : key(chunk_key), created(creation_time), expiry(expiry_time) {}

    friend bool operator==(const shard_footer&, const shard_footer&) = default;

    bool keyed() const noexcept { return key != blake3_key{}; }
    /// May what the shard says no longer be used at the time `now`?
    bool expired(std::uint64_t now) const noexcept { return detail::has_expired(expiry, now); }

    blake3_key key{};  ///< the chunk hashes are keyed with it (§2.8), unless it is zero
    std::uint64_t created = 0;
    std::uint64_t expiry = 0;
};

/// A whole shard.
class shard {
public:
    friend bool operator==(const shard&, const shard&) = default;

    std::vector<shard_file> files;
    std::vector<xorb_description> xorbs;
    std::optional<shard_footer> footer;
};

namespace detail {

inline constexpr std::uint64_t shard_version = 2;
inline constexpr std::uint64_t shard_footer_version = 1;
inline constexpr std::size_t shard_header_size = 48;
inline constexpr std::size_t shard_footer_size = 200;
inline constexpr std::uint32_t shard_file_verified = 0x80000000U;
inline constexpr std::uint32_t shard_file_has_sha256 = 0x40000000U;

/// The first 32 bytes of every shard: "HFRepoMetaData", a zero and 17 fixed bytes.
HUBPUSH_DECL const xet_hash& shard_tag() noexcept;
/// The hash of a record that ends a section.
HUBPUSH_DECL const xet_hash& shard_section_end() noexcept;

/// What a xorb takes of a shard.
constexpr std::size_t shard_bytes(const xorb_description& xorb) noexcept {
    return shard_record_size * (1 + xorb.chunks.size());
}

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/shard.ipp>
#endif
