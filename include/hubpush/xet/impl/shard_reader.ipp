#pragma once

#include <hubpush/xet/shard_reader.hpp>

#include <hubpush/xet/fields.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

/// Takes a count whose records must all be there.
inline std::uint32_t take_record_count(field_reader& fields) {
    const std::uint32_t count = fields.u32();
    fields.require(count <= fields.left() / shard_record_size, "states more records than it holds");
    return count;
}

/// 48 bytes a term in the file, and again as many for verifications.
inline shard_file read_shard_file(field_reader& fields, const xet_hash& hash) {
    shard_file file;
    file.hash = hash;
    const std::uint32_t flags = fields.u32();
    const std::uint32_t count = take_record_count(fields);
    fields.skip(8);
    file.verified = (flags & shard_file_verified) != 0;
    file.terms.resize(count);
    for (shard_term& term : file.terms) {
        term.xorb = fields.hash();
        fields.skip(4);
        term.length = fields.u32();
        term.first_chunk = fields.u32();
        term.end_chunk = fields.u32();
        fields.require(term.first_chunk < term.end_chunk, "has a term without chunks");
        const std::uint32_t chunks = term.end_chunk - term.first_chunk;
        fields.require(term.length >= chunks && term.length <= std::uint64_t{chunks} * chunk_raw_limit,
                       "has a term of an impossible length");
    }
    if (file.verified) {
        for (shard_term& term : file.terms) {
            term.range_hash = fields.hash();
            fields.skip(16);
        }
    }
    if ((flags & shard_file_has_sha256) != 0) {
        file.sha256 = reverse_groups(fields.hash().bytes());
        fields.skip(16);
    }
    return file;
}

inline xorb_description read_shard_xorb(field_reader& fields, const xet_hash& hash) {
    xorb_description xorb;
    xorb.hash = hash;
    fields.skip(4);
    const std::uint32_t count = take_record_count(fields);
    const std::uint32_t raw_bytes = fields.u32();
    xorb.stored_bytes = fields.u32();
    xorb.chunks.resize(count);
    std::uint64_t offset = 0;
    for (xet_chunk& chunk : xorb.chunks) {
        chunk.hash = fields.hash();
        fields.require(fields.u32() == offset, "has a chunk at a wrong offset");
        chunk.length = fields.u32();
        fields.require(chunk.length != 0 && chunk.length <= chunk_raw_limit, "has a chunk of an impossible length");
        fields.skip(8);
        offset += chunk.length;
    }
    fields.require(offset == raw_bytes, "has a xorb of a wrong length");
    return xorb;
}

/// The blocks of one section, read by `read_block`, and the record that ends it.
template <class Block>
std::vector<Block> read_shard_section(field_reader& fields, Block (*read_block)(field_reader&, const xet_hash&)) {
    std::vector<Block> blocks;
    while (true) {
        const xet_hash hash = fields.hash();
        if (hash == shard_section_end()) break;
        blocks.push_back(read_block(fields, hash));
    }
    fields.skip(16);
    return blocks;
}

inline shard_footer read_shard_footer(std::span<const std::byte> bytes, std::size_t xorb_section) {
    const std::size_t offset = bytes.size() - shard_footer_size;
    field_reader fields(bytes.subspan(offset), "the footer of a shard");
    fields.require(fields.integer(8) == shard_footer_version, "has an unknown version");
    fields.require(fields.integer(8) == shard_header_size && fields.integer(8) == xorb_section,
                   "puts the sections elsewhere");
    fields.skip(48);
    shard_footer footer;
    std::ranges::copy(fields.bytes(footer.key.size()), footer.key.begin());
    footer.created = fields.integer(8);
    footer.expiry = fields.integer(8);
    fields.skip(48 + 24);
    fields.require(fields.integer(8) == offset, "is not where it says");
    return footer;
}

}  // namespace detail

HUBPUSH_DECL shard read_shard(std::span<const std::byte> bytes) {
    detail::field_reader fields(bytes, "a shard");
    fields.require(fields.hash() == detail::shard_tag(), "has the wrong tag");
    fields.require(fields.integer(8) == detail::shard_version, "has an unknown version");
    const std::uint64_t footer_size = fields.integer(8);
    fields.require(footer_size == 0 || footer_size == detail::shard_footer_size, "has a footer of an unknown size");

    shard read;
    read.files = detail::read_shard_section<shard_file>(fields, detail::read_shard_file);
    const auto is_verified = [](const shard_file& file) { return file.verified; };
    fields.require(std::ranges::all_of(read.files, is_verified) || std::ranges::none_of(read.files, is_verified),
                   "verifies some files and others not");
    const std::size_t xorb_section = bytes.size() - fields.left();
    read.xorbs = detail::read_shard_section<xorb_description>(fields, detail::read_shard_xorb);
    if (footer_size == 0) {
        fields.require(fields.left() == 0, "is followed by something else");
    } else {
        fields.require(fields.left() >= footer_size, "has no room for its footer");
        read.footer = detail::read_shard_footer(bytes, xorb_section);
    }
    return read;
}

}  // namespace hubpush::inline v0
