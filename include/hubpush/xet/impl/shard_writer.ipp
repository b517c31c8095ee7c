#pragma once

#include <hubpush/xet/shard_writer.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/fields.hpp>

#include <string>

namespace hubpush::inline v0 {

namespace detail {

/// What every shard has: the header and two section ends.
inline constexpr std::size_t shard_frame_size = shard_header_size + 2 * shard_record_size;

inline void write_section_end(field_writer& fields) { fields.hash(shard_section_end()).zeros(16); }

inline void write_shard_file(field_writer& fields, const shard_file& file) {
    const std::uint32_t flags = (file.verified ? shard_file_verified : 0U) | (file.sha256 ? shard_file_has_sha256 : 0U);
    fields.hash(file.hash).u32(flags).u32(static_cast<std::uint32_t>(file.terms.size())).zeros(8);
    for (const shard_term& term : file.terms) {
        fields.hash(term.xorb).u32(0).u32(term.length).u32(term.first_chunk).u32(term.end_chunk);
    }
    if (file.verified) {
        for (const shard_term& term : file.terms) fields.hash(term.range_hash).zeros(16);
    }
    if (file.sha256) fields.bytes(reverse_groups(*file.sha256)).zeros(16);
}

inline void write_shard_xorb(field_writer& fields, const xorb_description& xorb, const shard_footer& footer) {
    fields.hash(xorb.hash).u32(0).u32(static_cast<std::uint32_t>(xorb.chunks.size()));
    fields.u32(static_cast<std::uint32_t>(xorb.raw_bytes())).u32(xorb.stored_bytes);
    std::uint32_t offset = 0;
    for (const xet_chunk& chunk : xorb.chunks) {
        fields.hash(footer.keyed() ? keyed_chunk_hash(chunk.hash, footer.key) : chunk.hash);
        fields.u32(offset).u32(chunk.length).zeros(8);
        offset += chunk.length;
    }
}

/// The sums at the end of a footer.
class shard_totals {
public:
    std::uint64_t stored_on_disk = 0;
    std::uint64_t materialized = 0;
    std::uint64_t stored = 0;
};

/// The tables that are not there all begin where the footer does.
inline void write_shard_footer(field_writer& fields, const shard_footer& footer, const shard_totals& totals,
                               std::size_t xorb_section, std::size_t footer_offset) {
    fields.u64(shard_footer_version).u64(shard_header_size).u64(xorb_section);
    for (int table = 0; table != 3; ++table) fields.u64(footer_offset).u64(0);
    fields.bytes(footer.key).u64(footer.created).u64(footer.expiry).zeros(48);
    fields.u64(totals.stored_on_disk).u64(totals.materialized).u64(totals.stored).u64(footer_offset);
}

inline std::vector<std::byte> write_shard(const std::map<xet_hash, shard_file>& files,
                                          const std::map<xet_hash, xorb_description>& xorbs, const shard_footer* footer,
                                          std::size_t size) {
    std::vector<std::byte> bytes;
    bytes.reserve(size + shard_footer_size);
    field_writer fields(bytes);
    shard_totals totals;
    fields.hash(shard_tag()).u64(shard_version).u64(footer == nullptr ? 0 : shard_footer_size);
    for (const auto& [hash, file] : files) {
        write_shard_file(fields, file);
        totals.materialized += file.size();
    }
    write_section_end(fields);
    const std::size_t xorb_section = bytes.size();
    for (const auto& [hash, xorb] : xorbs) {
        write_shard_xorb(fields, xorb, footer == nullptr ? shard_footer() : *footer);
        totals.stored_on_disk += xorb.stored_bytes;
        totals.stored += xorb.raw_bytes();
    }
    write_section_end(fields);
    if (footer != nullptr) write_shard_footer(fields, *footer, totals, xorb_section, bytes.size());
    return bytes;
}

}  // namespace detail

HUBPUSH_DECL shard_writer::shard_writer(std::size_t size_limit)
    : size_limit_(size_limit), size_(detail::shard_frame_size) {
    if (size_limit < detail::shard_frame_size) throw_error(errc::invalid_argument, "a shard has at least 144 bytes");
}

HUBPUSH_DECL bool shard_writer::add(const shard_file& file) {
    if (files_.contains(file.hash)) return true;
    if (!files_.empty() && files_.begin()->second.verified != file.verified) {
        throw_error(errc::invalid_argument, "either all files of a shard are verified or none is");
    }
    if (!has_room(file.shard_bytes())) return false;
    files_.emplace(file.hash, file);
    size_ += file.shard_bytes();
    return true;
}

HUBPUSH_DECL bool shard_writer::add(const xorb_description& xorb) {
    if (xorbs_.contains(xorb.hash)) return true;
    if (!has_room(detail::shard_bytes(xorb))) return false;
    xorbs_.emplace(xorb.hash, xorb);
    size_ += detail::shard_bytes(xorb);
    return true;
}

HUBPUSH_DECL bool shard_writer::has_room(std::size_t bytes) const {
    if (bytes > size_limit_ - detail::shard_frame_size) {
        throw_error(errc::limit_exceeded, "a description of " + std::to_string(bytes) + " bytes fits into no shard");
    }
    return bytes <= size_limit_ - size_;
}

HUBPUSH_DECL std::vector<std::byte> shard_writer::finish() const {
    return detail::write_shard(files_, xorbs_, nullptr, size_);
}

HUBPUSH_DECL std::vector<std::byte> shard_writer::finish(const shard_footer& footer) const {
    return detail::write_shard(files_, xorbs_, &footer, size_);
}

}  // namespace hubpush::inline v0
