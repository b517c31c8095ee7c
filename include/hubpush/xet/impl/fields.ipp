#pragma once

#include <hubpush/xet/fields.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <string>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL std::uint64_t little_endian(std::span<const std::byte> bytes, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- != 0;) value = value << 8U | std::to_integer<std::uint64_t>(bytes[i]);
    return value;
}

HUBPUSH_DECL std::span<const std::byte> field_reader::bytes(std::size_t count) {
    require(count <= bytes_.size(), "ends too early");
    const std::span<const std::byte> taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
}

HUBPUSH_DECL std::uint64_t field_reader::integer(std::size_t width) { return little_endian(bytes(width), width); }

HUBPUSH_DECL std::uint32_t field_reader::u32() { return static_cast<std::uint32_t>(integer(4)); }

HUBPUSH_DECL xet_hash field_reader::hash() {
    std::array<std::byte, 32> raw{};
    std::ranges::copy(bytes(raw.size()), raw.begin());
    return xet_hash(raw);
}

HUBPUSH_DECL void field_reader::require(bool holds, std::string_view what_is_wrong) const {
    if (!holds) throw_error(errc::protocol_error, std::string(format_) + ' ' + std::string(what_is_wrong));
}

HUBPUSH_DECL field_writer& field_writer::integer(std::uint64_t value, std::size_t width) {
    for (std::size_t i = 0; i != width; ++i) out_->push_back(static_cast<std::byte>(value >> 8 * i & 0xFFU));
    return *this;
}

HUBPUSH_DECL field_writer& field_writer::bytes(std::span<const std::byte> value) {
    out_->insert(out_->end(), value.begin(), value.end());
    return *this;
}

HUBPUSH_DECL field_writer& field_writer::text(std::string_view value) { return bytes(std::as_bytes(std::span(value))); }

HUBPUSH_DECL field_writer& field_writer::repeat(std::byte value, std::size_t count) {
    out_->insert(out_->end(), count, value);
    return *this;
}

}  // namespace hubpush::inline v0::detail
