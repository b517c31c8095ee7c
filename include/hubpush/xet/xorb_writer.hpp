#pragma once

/// \file
/// Writes the upload form of a xorb (spec/xet-protocol.md §3.1, §3.5).

#include <hubpush/core/config.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace hubpush::inline v0 {

/// How a writer stores chunks. Whatever is chosen: a chunk that would not become smaller is stored raw.
enum class xorb_compression {
    automatic,    ///< tries the first chunk of every 32 and stores the next 31 in the same way
    raw,          ///< never compresses
    lz4,          ///< LZ4 for every chunk
    grouped_lz4,  ///< byte grouping and LZ4 for every chunk
};

/// Appends chunk records to memory of the caller's. Without liblz4 every chunk is stored raw. Not thread-safe.
class xorb_writer {
public:
    /// Refers to `body`. A chunk of n bytes needs room for n + 8.
    HUBPUSH_DECL explicit xorb_writer(std::span<std::byte> body,
                                      xorb_compression compression = xorb_compression::automatic);

    /// One more chunk, of 1 to 131072 bytes (`errc::invalid_argument`) for which there is room (`limit_exceeded`).
    HUBPUSH_DECL void append(std::span<const std::byte> raw);

    /// The records of another xorb, as they are: how the rests of several files come into one xorb (§6.5). Throws
    /// `errc::limit_exceeded` if there is no room.
    HUBPUSH_DECL void append_records(std::span<const std::byte> records);

    /// What has been written: the upload form.
    std::span<const std::byte> records() const noexcept { return body_.first(written_); }

private:
    HUBPUSH_DECL chunk_scheme choose(std::span<const std::byte> raw);
    HUBPUSH_DECL std::size_t compress(std::span<const std::byte> raw, chunk_scheme scheme,
                                      std::span<std::byte> payload);

    std::span<std::byte> body_;
    std::size_t written_ = 0;
    xorb_compression compression_;
    std::size_t chunk_in_run_ = 0;
    chunk_scheme run_scheme_ = chunk_scheme::raw;
    std::vector<std::byte> grouped_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/xorb_writer.ipp>
#endif
