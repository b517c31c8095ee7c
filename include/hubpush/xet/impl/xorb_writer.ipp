#pragma once

#include <hubpush/xet/xorb_writer.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/byte_grouping.hpp>
#include <hubpush/xet/lz4_frame.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

/// For so many chunks a decision about compression holds (§3.5).
inline constexpr std::size_t compression_run = 32;

inline void write_chunk_record_header(std::span<std::byte> header, std::size_t stored, chunk_scheme scheme,
                                      std::size_t raw) {
    header[0] = std::byte{0};
    for (std::size_t i = 0; i != 3; ++i) {
        header[1 + i] = static_cast<std::byte>(stored >> 8 * i & 0xFFU);
        header[5 + i] = static_cast<std::byte>(raw >> 8 * i & 0xFFU);
    }
    header[4] = static_cast<std::byte>(scheme);
}

}  // namespace detail

HUBPUSH_DECL xorb_writer::xorb_writer(std::span<std::byte> body, xorb_compression compression)
    : body_(body), compression_(compression) {}

HUBPUSH_DECL void xorb_writer::append(std::span<const std::byte> raw) {
    if (raw.empty() || raw.size() > chunk_raw_limit) {
        throw_error(errc::invalid_argument, "a chunk has 1 to 131072 bytes");
    }
    if (body_.size() - written_ < chunk_record_header_size + raw.size()) {
        throw_error(errc::limit_exceeded, "the chunk does not fit into the memory of this xorb");
    }
    const std::span<std::byte> record = body_.subspan(written_, chunk_record_header_size + raw.size());
    const std::span<std::byte> payload = record.subspan(chunk_record_header_size);

    chunk_scheme scheme = choose(raw);
    std::size_t stored = compress(raw, scheme, payload);
    if (stored == 0) {
        scheme = chunk_scheme::raw;
        stored = raw.size();
        std::ranges::copy(raw, payload.begin());
    }
    if (chunk_in_run_ == 0) run_scheme_ = scheme;
    chunk_in_run_ = (chunk_in_run_ + 1) % detail::compression_run;
    detail::write_chunk_record_header(record, stored, scheme, raw.size());
    written_ += chunk_record_header_size + stored;
}

HUBPUSH_DECL void xorb_writer::append_records(std::span<const std::byte> records) {
    if (body_.size() - written_ < records.size()) {
        throw_error(errc::limit_exceeded, "the records do not fit into the memory of this xorb");
    }
    std::ranges::copy(records, body_.subspan(written_).begin());
    written_ += records.size();
}

/// The reference decides with the first chunk of a run between plain and grouped, and then tries to compress every
/// chunk. Here a first chunk that does not shrink also spares the rest of its run the attempt.
HUBPUSH_DECL chunk_scheme xorb_writer::choose(std::span<const std::byte> raw) {
    switch (compression_) {
        case xorb_compression::raw:
            return chunk_scheme::raw;
        case xorb_compression::lz4:
            return chunk_scheme::lz4;
        case xorb_compression::grouped_lz4:
            return chunk_scheme::grouped_lz4;
        case xorb_compression::automatic:
            break;
    }
    if (chunk_in_run_ != 0) return run_scheme_;
    return grouping_pays(raw) ? chunk_scheme::grouped_lz4 : chunk_scheme::lz4;
}

/// The length of the compressed payload, or 0 if there is none that is shorter than `raw`.
HUBPUSH_DECL std::size_t xorb_writer::compress(std::span<const std::byte> raw, chunk_scheme scheme,
                                               std::span<std::byte> payload) {
    if (scheme == chunk_scheme::raw || !has_lz4) return 0;
    if (scheme == chunk_scheme::grouped_lz4) {
        grouped_.resize(raw.size());
        group_bytes(raw, grouped_);
        raw = grouped_;
    }
    return encode_lz4_frame(raw, payload.first(raw.size() - 1));
}

}  // namespace hubpush::inline v0
