#pragma once

#include <hubpush/xet/xorb_footer.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/fields.hpp>
#include <hubpush/xet/xorb_reader.hpp>

#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::string_view xorb_info_tag = "XETBLOB";
inline constexpr std::string_view xorb_hashes_tag = "XBLBHSH";
inline constexpr std::string_view xorb_boundaries_tag = "XBLBBND";
inline constexpr std::size_t xorb_info_length_size = 4;
inline constexpr std::size_t xorb_info_buffer_size = 16;

inline bool has_tag(field_reader& fields, std::string_view tag) {
    const std::span<const std::byte> bytes = fields.bytes(tag.size());
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()) == tag;
}

/// The info block and what is before it.
class stored_xorb_parts {
public:
    explicit stored_xorb_parts(std::span<const std::byte> stored_form) {
        field_reader whole(stored_form, "a stored xorb");
        whole.require(stored_form.size() >= xorb_info_length_size, "has no footer");
        const std::uint64_t length = little_endian(stored_form.last(xorb_info_length_size), xorb_info_length_size);
        whole.require(length <= stored_form.size() - xorb_info_length_size, "states a footer longer than itself");
        records = whole.bytes(stored_form.size() - xorb_info_length_size - length);
        info = whole.bytes(length);
    }

    std::span<const std::byte> records;
    std::span<const std::byte> info;
};

/// `count` is a number from the file: what belongs to it must be there before memory is taken for it.
inline std::vector<stored_chunk> take_chunk_list(field_reader& fields, std::uint32_t count, std::size_t bytes_each) {
    fields.require(count <= fields.left() / bytes_each, "states more chunks than it holds");
    return std::vector<stored_chunk>(count);
}

inline std::vector<stored_chunk> read_xorb_info_v1(field_reader& fields) {
    fields.require(has_tag(fields, xorb_hashes_tag) && fields.integer(1) == 0, "has no section of hashes");
    const std::uint32_t count = fields.u32();
    std::vector<stored_chunk> chunks = take_chunk_list(fields, count, 40);
    for (stored_chunk& chunk : chunks) chunk.hash = fields.hash();
    fields.require(has_tag(fields, xorb_boundaries_tag) && fields.integer(1) == 1 && fields.u32() == count,
                   "has no section of boundaries");
    for (stored_chunk& chunk : chunks) chunk.record_end = fields.u32();
    for (stored_chunk& chunk : chunks) chunk.raw_end = fields.u32();
    const std::uint64_t n = count;
    fields.require(fields.u32() == n && fields.u32() == 52 + 40 * n && fields.u32() == 40 + 8 * n,
                   "has its sections in other places than it says");
    return chunks;
}

/// The old form does not say where the chunks end in the raw concatenation; the headers of the records do.
inline std::vector<stored_chunk> read_xorb_info_v0(field_reader& fields) {
    std::vector<stored_chunk> chunks = take_chunk_list(fields, fields.u32(), 36);
    for (stored_chunk& chunk : chunks) chunk.record_end = fields.u32();
    for (stored_chunk& chunk : chunks) chunk.hash = fields.hash();
    return chunks;
}

}  // namespace detail

HUBPUSH_DECL xorb_footer make_xorb_footer(std::span<const std::byte> upload_form) {
    const xorb_description xorb = describe_xorb(upload_form);
    xorb_footer footer(xorb.hash, {});
    footer.chunks.reserve(xorb.chunks.size());
    chunk_record_reader records(upload_form);
    std::uint32_t raw_end = 0;
    for (const xet_chunk& chunk : xorb.chunks) {
        records.next();
        raw_end += chunk.length;
        footer.chunks.emplace_back(chunk.hash, static_cast<std::uint32_t>(upload_form.size() - records.left()),
                                   raw_end);
    }
    return footer;
}

HUBPUSH_DECL std::vector<std::byte> write_xorb_footer(const xorb_footer& footer) {
    std::vector<std::byte> bytes;
    const auto n = static_cast<std::uint32_t>(footer.chunks.size());
    bytes.reserve(96 + 40 * footer.chunks.size());
    detail::field_writer fields(bytes);
    fields.text(detail::xorb_info_tag).integer(1, 1).hash(footer.hash);
    fields.text(detail::xorb_hashes_tag).integer(0, 1).u32(n);
    for (const stored_chunk& chunk : footer.chunks) fields.hash(chunk.hash);
    fields.text(detail::xorb_boundaries_tag).integer(1, 1).u32(n);
    for (const stored_chunk& chunk : footer.chunks) fields.u32(chunk.record_end);
    for (const stored_chunk& chunk : footer.chunks) fields.u32(chunk.raw_end);
    fields.u32(n).u32(52 + 40 * n).u32(40 + 8 * n).zeros(detail::xorb_info_buffer_size);
    fields.u32(static_cast<std::uint32_t>(bytes.size()));
    return bytes;
}

HUBPUSH_DECL xorb_footer read_xorb_footer(std::span<const std::byte> stored_form) {
    const detail::stored_xorb_parts parts(stored_form);
    detail::field_reader fields(parts.info, "the footer of a xorb");
    fields.require(detail::has_tag(fields, detail::xorb_info_tag), "has the wrong tag");
    const std::uint64_t version = fields.integer(1);
    fields.require(version <= 1, "has an unknown version");
    const xet_hash name = fields.hash();
    xorb_footer footer(name, version == 0 ? detail::read_xorb_info_v0(fields) : detail::read_xorb_info_v1(fields));
    fields.skip(detail::xorb_info_buffer_size);
    fields.require(fields.left() == 0, "is longer than it should be");

    chunk_record_reader records(parts.records);
    std::uint64_t raw_end = 0;
    for (stored_chunk& chunk : footer.chunks) {
        const auto record = records.next();
        fields.require(record.has_value(), "describes more chunks than there are");
        raw_end += record->raw_length;
        fields.require(chunk.record_end == parts.records.size() - records.left(), "has a wrong end of a record");
        if (version == 0) chunk.raw_end = static_cast<std::uint32_t>(raw_end);
        fields.require(chunk.raw_end == raw_end, "has a wrong end of a chunk");
    }
    fields.require(records.left() == 0, "describes fewer chunks than there are");
    return footer;
}

HUBPUSH_DECL std::span<const std::byte> records_of_stored_xorb(std::span<const std::byte> stored_form) {
    return detail::stored_xorb_parts(stored_form).records;
}

}  // namespace hubpush::inline v0
