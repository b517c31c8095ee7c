#pragma once

#include <hubpush/xet/xorb_reader.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/byte_grouping.hpp>
#include <hubpush/xet/fields.hpp>
#include <hubpush/xet/lz4_frame.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0 {

namespace detail {

/// What a service tolerates: the raw length alone may reach the limit (§3.2).
inline constexpr std::size_t xorb_stored_limit =
    xorb_limits::most_bytes + xorb_limits::most_chunks * chunk_record_header_size;

}  // namespace detail

HUBPUSH_DECL void chunk_record::decode(std::span<std::byte> raw) const {
    if (raw.size() != raw_length) throw_error(errc::invalid_argument, "the buffer is not as long as the chunk");
    switch (scheme) {
        case chunk_scheme::raw:
            if (payload.size() != raw.size()) throw_error(errc::protocol_error, "a raw chunk has two lengths");
            std::ranges::copy(payload, raw.begin());
            break;
        case chunk_scheme::lz4:
            decode_lz4_frame(payload, raw);
            break;
        case chunk_scheme::grouped_lz4: {
            std::vector<std::byte> grouped(raw.size());
            decode_lz4_frame(payload, grouped);
            ungroup_bytes(grouped, raw);
            break;
        }
    }
}

HUBPUSH_DECL std::optional<chunk_record> chunk_record_reader::next() {
    if (rest_.empty()) return std::nullopt;
    detail::field_reader fields(rest_, "a chunk record");
    fields.require(fields.integer(1) == 0, "has an unknown version");
    const std::uint64_t stored = fields.integer(3);
    const std::uint64_t scheme = fields.integer(1);
    const std::uint64_t raw = fields.integer(3);
    fields.require(scheme <= static_cast<std::uint64_t>(chunk_scheme::grouped_lz4), "has an unknown scheme");
    fields.require(raw != 0 && raw <= chunk_raw_limit && stored <= chunk_stored_limit, "states an impossible length");
    chunk_record record;
    record.scheme = static_cast<chunk_scheme>(scheme);
    record.raw_length = static_cast<std::uint32_t>(raw);
    record.payload = fields.bytes(stored);
    rest_ = rest_.last(fields.left());
    return record;
}

HUBPUSH_DECL xorb_description describe_xorb(std::span<const std::byte> upload_form) {
    if (upload_form.empty() || upload_form.size() > detail::xorb_stored_limit) {
        throw_error(errc::protocol_error, "a xorb is empty or too large");
    }
    std::vector<xet_chunk> chunks;
    std::vector<std::byte> raw;
    std::uint64_t raw_bytes = 0;
    chunk_record_reader records(upload_form);
    while (const auto record = records.next()) {
        raw.resize(record->raw_length);
        record->decode(raw);
        chunks.emplace_back(chunk_hash(raw), record->raw_length);
        raw_bytes += record->raw_length;
        if (chunks.size() > xorb_limits::most_chunks || raw_bytes > xorb_limits::most_bytes) {
            throw_error(errc::protocol_error, "a xorb has too many chunks or bytes");
        }
    }
    xorb_description xorb(std::move(chunks));
    xorb.stored_bytes = static_cast<std::uint32_t>(upload_form.size());
    return xorb;
}

HUBPUSH_DECL xorb_description verify_xorb(std::span<const std::byte> upload_form, const xet_hash& expected) {
    xorb_description xorb = describe_xorb(upload_form);
    if (xorb.hash != expected) throw_error(errc::integrity, "a xorb does not hold what its name says");
    return xorb;
}

}  // namespace hubpush::inline v0
