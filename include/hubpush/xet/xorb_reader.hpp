#pragma once

/// \file
/// Reads the upload form of a xorb, trusting nothing in it (spec/xet-protocol.md §3.1, §3.7).

#include <hubpush/core/config.hpp>
#include <hubpush/xet/hash.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// One record: a chunk as it is stored. Refers to the bytes it was read from.
class chunk_record {
public:
    chunk_record() = default;

    /// Writes the chunk to `raw`, which is `raw_length` bytes long. Throws `errc::protocol_error` if the payload does
    /// not decode to exactly so many bytes.
    HUBPUSH_DECL void decode(std::span<std::byte> raw) const;

    chunk_scheme scheme = chunk_scheme::raw;
    std::uint32_t raw_length = 0;  ///< bytes, at most `chunk_raw_limit`
    std::span<const std::byte> payload;
};

/// Goes through the records of an upload form, or of any sequence of whole records, as a download gives them.
class chunk_record_reader {
public:
    /// Refers to `records`.
    explicit chunk_record_reader(std::span<const std::byte> records) noexcept : rest_(records) {}

    /// The next record; nothing at the end. Throws `errc::protocol_error` if what comes next is not a whole record.
    HUBPUSH_DECL std::optional<chunk_record> next();

    /// Bytes that have not been read.
    std::size_t left() const noexcept { return rest_.size(); }

private:
    std::span<const std::byte> rest_;
};

/// Decodes and hashes every chunk of an upload form; one at a time is in memory. Throws `errc::protocol_error` if it is
/// malformed, empty or beyond the format's limits.
HUBPUSH_DECL xorb_description describe_xorb(std::span<const std::byte> upload_form);

/// The same, and throws `errc::integrity` unless the xorb has the name `expected`.
HUBPUSH_DECL xorb_description verify_xorb(std::span<const std::byte> upload_form, const xet_hash& expected);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/xorb_reader.ipp>
#endif
