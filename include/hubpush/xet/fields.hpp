#pragma once

/// \file
/// The fields of the binary formats of Xet storage: unsigned little-endian integers of 1 to 8 bytes, hashes of 32 raw
/// bytes, tags (spec/xet-protocol.md §0). Private to the readers and writers of xorbs and shards.

#include <hubpush/core/config.hpp>
#include <hubpush/xet/hash.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// Takes fields from the front of foreign bytes. What is not there is a `protocol_error` that names `format`.
class field_reader {
public:
    /// Refers to `bytes` and `format`.
    field_reader(std::span<const std::byte> bytes, std::string_view format) noexcept : bytes_(bytes), format_(format) {}

    HUBPUSH_DECL std::span<const std::byte> bytes(std::size_t count);
    HUBPUSH_DECL std::uint64_t integer(std::size_t width);
    HUBPUSH_DECL std::uint32_t u32();
    HUBPUSH_DECL xet_hash hash();
    void skip(std::size_t count) { bytes(count); }

    /// A `protocol_error` that says what is wrong with the format, unless `holds`.
    HUBPUSH_DECL void require(bool holds, std::string_view what_is_wrong) const;

    std::size_t left() const noexcept { return bytes_.size(); }

private:
    std::span<const std::byte> bytes_;
    std::string_view format_;
};

/// Appends fields to a buffer.
class field_writer {
public:
    explicit field_writer(std::vector<std::byte>& out) noexcept : out_(&out) {}

    HUBPUSH_DECL field_writer& integer(std::uint64_t value, std::size_t width);
    field_writer& u32(std::uint32_t value) { return integer(value, 4); }
    field_writer& u64(std::uint64_t value) { return integer(value, 8); }
    field_writer& hash(const xet_hash& value) { return bytes(value.bytes()); }
    HUBPUSH_DECL field_writer& bytes(std::span<const std::byte> value);
    HUBPUSH_DECL field_writer& text(std::string_view value);
    HUBPUSH_DECL field_writer& repeat(std::byte value, std::size_t count);
    field_writer& zeros(std::size_t count) { return repeat(std::byte{0}, count); }

private:
    std::vector<std::byte>* out_;
};

/// The first `width` bytes as an integer.
HUBPUSH_DECL std::uint64_t little_endian(std::span<const std::byte> bytes, std::size_t width);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/fields.ipp>
#endif
