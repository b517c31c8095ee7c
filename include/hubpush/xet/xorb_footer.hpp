#pragma once

/// \file
/// The info block behind the records of a stored xorb (spec/xet-protocol.md §3.6). The service makes it; an uploader
/// never sends it.
///
///     version 1, n chunks                              version 0
///     0        "XETBLOB", 1                            0       "XETBLOB", 0
///     8        xorb hash                               8       xorb hash
///     40       "XBLBHSH", 0                            40      u32 n
///     48       u32 n                                   44      n times u32 end of the record
///     52       n chunk hashes                          44+4n   n chunk hashes
///     52+32n   "XBLBBND", 1                            44+36n  16 bytes, zero
///     60+32n   u32 n
///     64+32n   n times u32 end of the record
///     64+36n   n times u32 end in the raw concatenation
///     64+40n   u32 n, u32 52+40n, u32 40+8n            how far the two sections are from the end of the block
///     76+40n   16 bytes, may hold a nonce
///
/// Behind the block comes its length as u32, which does not count itself.

#include <hubpush/core/config.hpp>
#include <hubpush/xet/hash.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// What the info block says about one chunk.
class stored_chunk {
public:
    stored_chunk() = default;
    stored_chunk(const xet_hash& chunk_hash, std::uint32_t end_of_record, std::uint32_t end_of_raw)
        : hash(chunk_hash), record_end(end_of_record), raw_end(end_of_raw) {}

    friend bool operator==(const stored_chunk&, const stored_chunk&) = default;

    xet_hash hash;
    std::uint32_t record_end = 0;  ///< where its record ends in the xorb
    std::uint32_t raw_end = 0;     ///< where it ends in the concatenation of all chunks
};

/// A stored xorb as its info block describes it.
class xorb_footer {
public:
    xorb_footer() = default;
    xorb_footer(const xet_hash& name, std::vector<stored_chunk> chunk_list)
        : hash(name), chunks(std::move(chunk_list)) {}

    friend bool operator==(const xorb_footer&, const xorb_footer&) = default;

    xet_hash hash;
    std::vector<stored_chunk> chunks;
};

/// The footer of an upload form whose records are sound: what a service computes when it stores a xorb. Throws as
/// `describe_xorb` does.
HUBPUSH_DECL xorb_footer make_xorb_footer(std::span<const std::byte> upload_form);

/// Info block version 1 and its length, to be put behind the records.
HUBPUSH_DECL std::vector<std::byte> write_xorb_footer(const xorb_footer& footer);

/// Reads the info block at the end of a stored xorb and the headers of its records, which must agree with it and fill
/// the rest. Throws `errc::protocol_error` otherwise. Hashes are not recomputed: give the records to `verify_xorb` for
/// that.
HUBPUSH_DECL xorb_footer read_xorb_footer(std::span<const std::byte> stored_form);

/// The records in front of the info block, which is the upload form. Throws as `read_xorb_footer` does.
HUBPUSH_DECL std::span<const std::byte> records_of_stored_xorb(std::span<const std::byte> stored_form);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/xorb_footer.ipp>
#endif
