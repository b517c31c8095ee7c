#pragma once

#include <hubpush/xet/lz4_frame.hpp>

#include <hubpush/xet/fields.hpp>

#if defined(HUBPUSH_HAS_LZ4)
#include <lz4.h>
#endif

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::uint32_t lz4_magic = 0x184D2204;

// FLG, the first byte after the magic, and BD, the second.
inline constexpr std::uint8_t lz4_version = 0x40;
inline constexpr std::uint8_t lz4_version_mask = 0xC0;
inline constexpr std::uint8_t lz4_independent_blocks = 0x20;
inline constexpr std::uint8_t lz4_block_checksums = 0x10;
inline constexpr std::uint8_t lz4_content_size = 0x08;
inline constexpr std::uint8_t lz4_content_checksum = 0x04;
inline constexpr std::uint8_t lz4_reserved_flag = 0x02;
inline constexpr std::uint8_t lz4_dictionary = 0x01;
inline constexpr std::uint8_t lz4_reserved_in_bd = 0x8F;

inline constexpr std::uint32_t lz4_stored_block = 0x80000000U;
inline constexpr std::size_t lz4_end_mark_size = 4;

HUBPUSH_DECL std::uint32_t xxh32(std::span<const std::byte> bytes) {
    constexpr std::uint32_t p1 = 0x9E3779B1U, p2 = 0x85EBCA77U, p3 = 0xC2B2AE3DU, p4 = 0x27D4EB2FU, p5 = 0x165667B1U;
    const auto length = static_cast<std::uint32_t>(bytes.size());
    std::uint32_t hash = p5;
    if (bytes.size() >= 16) {
        std::array<std::uint32_t, 4> lanes{p1 + p2, p2, 0, 0U - p1};
        for (; bytes.size() >= 16; bytes = bytes.subspan(16)) {
            for (std::size_t i = 0; i != 4; ++i) {
                const auto word = static_cast<std::uint32_t>(little_endian(bytes.subspan(4 * i), 4));
                lanes[i] = std::rotl(lanes[i] + word * p2, 13) * p1;
            }
        }
        hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    }
    hash += length;
    for (; bytes.size() >= 4; bytes = bytes.subspan(4)) {
        hash = std::rotl(hash + static_cast<std::uint32_t>(little_endian(bytes, 4)) * p3, 17) * p4;
    }
    for (const std::byte byte : bytes) hash = std::rotl(hash + std::to_integer<std::uint32_t>(byte) * p5, 11) * p1;
    hash = (hash ^ hash >> 15U) * p2;
    hash = (hash ^ hash >> 13U) * p3;
    return hash ^ hash >> 16U;
}

/// The output of a frame while it is being filled. A block may copy from `window_` on.
class lz4_output {
public:
    lz4_output(std::span<std::byte> raw, const field_reader& frame) noexcept : raw_(raw), frame_(&frame) {}

    void begin_block(bool independent, std::size_t limit) {
        if (independent) window_ = written_;
        block_end_ = written_ + std::min(limit, raw_.size() - written_);
    }

    void copy_literals(std::span<const std::byte> bytes) {
        require_room(bytes.size());
        std::ranges::copy(bytes, raw_.subspan(written_).begin());
        written_ += bytes.size();
    }

    /// A match may overlap what it produces: then it repeats the last `distance` bytes.
    void copy_match(std::size_t distance, std::size_t length) {
        frame_->require(distance != 0 && distance <= written_ - window_, "refers to bytes before its start");
        require_room(length);
        std::byte* const to = raw_.data() + written_;
        const std::byte* const from = to - distance;
        if (distance >= length) {
            std::memcpy(to, from, length);
        } else {
            for (std::size_t i = 0; i != length; ++i) to[i] = from[i];
        }
        written_ += length;
    }

    bool full() const noexcept { return written_ == raw_.size(); }

private:
    void require_room(std::size_t length) const {
        frame_->require(length <= block_end_ - written_, "holds more than it should");
    }

    std::span<std::byte> raw_;
    const field_reader* frame_;
    std::size_t written_ = 0;
    std::size_t window_ = 0;
    std::size_t block_end_ = 0;
};

/// A length of a token: 15 means that bytes follow which are added up to the first that is not 255.
inline std::size_t lz4_length(field_reader& block, std::size_t nibble) {
    std::size_t length = nibble;
    if (nibble == 15) {
        std::size_t more = 255;
        while (more == 255) {
            more = block.integer(1);
            length += more;
        }
    }
    return length;
}

/// The sequences of one block; the last one has only literals.
inline void decode_lz4_block(field_reader block, lz4_output& output) {
    while (true) {
        const std::size_t token = block.integer(1);
        output.copy_literals(block.bytes(lz4_length(block, token >> 4U)));
        if (block.left() == 0) return;
        const std::size_t distance = block.integer(2);
        output.copy_match(distance, lz4_length(block, token & 15U) + 4);
    }
}

/// The header of a frame: what the blocks look like.
class lz4_header {
public:
    lz4_header(field_reader& frame, std::size_t raw_size) {
        frame.require(frame.u32() == lz4_magic, "has the wrong magic");
        field_reader descriptor = frame;
        flags = static_cast<std::uint8_t>(frame.integer(1));
        frame.require((flags & lz4_version_mask) == lz4_version && (flags & lz4_reserved_flag) == 0,
                      "has an unknown version");
        frame.require((flags & lz4_dictionary) == 0, "wants a dictionary");
        const auto bd = static_cast<std::uint8_t>(frame.integer(1));
        const unsigned size_code = bd >> 4U;
        frame.require((bd & lz4_reserved_in_bd) == 0 && size_code >= 4, "has an unknown block size");
        block_limit = std::size_t{1} << (8 + 2 * size_code);
        if (has(lz4_content_size)) frame.require(frame.integer(8) == raw_size, "states another length");
        const std::uint32_t checksum = xxh32(descriptor.bytes(descriptor.left() - frame.left()));
        frame.require(frame.integer(1) == (checksum >> 8U & 0xFFU), "has a damaged header");
    }

    bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }

    std::uint8_t flags = 0;
    std::size_t block_limit = 0;
};

}  // namespace detail

HUBPUSH_DECL void decode_lz4_frame(std::span<const std::byte> frame, std::span<std::byte> raw) {
    detail::field_reader reader(frame, "an LZ4 frame");
    const detail::lz4_header header(reader, raw.size());
    detail::lz4_output output(raw, reader);
    while (const std::uint32_t field = reader.u32()) {
        const std::size_t size = field & ~detail::lz4_stored_block;
        reader.require(size <= header.block_limit, "has a block that is too long");
        const std::span<const std::byte> block = reader.bytes(size);
        if (header.has(detail::lz4_block_checksums)) {
            reader.require(reader.u32() == detail::xxh32(block), "has a damaged block");
        }
        output.begin_block(header.has(detail::lz4_independent_blocks), header.block_limit);
        if ((field & detail::lz4_stored_block) != 0) {
            output.copy_literals(block);
        } else {
            detail::decode_lz4_block(detail::field_reader(block, "an LZ4 block"), output);
        }
    }
    reader.require(output.full(), "is shorter than it should be");
    if (header.has(detail::lz4_content_checksum)) {
        reader.require(reader.u32() == detail::xxh32(raw), "has damaged content");
    }
    reader.require(reader.left() == 0, "is followed by something else");
}

HUBPUSH_DECL std::size_t encode_lz4_frame([[maybe_unused]] std::span<const std::byte> raw,
                                          [[maybe_unused]] std::span<std::byte> frame) {
#if defined(HUBPUSH_HAS_LZ4)
    // FLG 60: independent blocks and nothing else. The block size is the smallest that takes `raw` in one block; with
    // it the checksum of the header is known (§3.3).
    struct descriptor {
        std::size_t block_limit;
        unsigned char bd, checksum;
    };
    static constexpr std::array<descriptor, 4> descriptors{
        {{1U << 16U, 0x40, 0x82}, {1U << 18U, 0x50, 0xFB}, {1U << 20U, 0x60, 0x51}, {1U << 22U, 0x70, 0x73}}};
    constexpr std::size_t head_size = 11;
    const auto* const chosen =
        std::ranges::find_if(descriptors, [&](const descriptor& d) { return raw.size() <= d.block_limit; });
    if (raw.empty() || chosen == descriptors.end() || frame.size() <= head_size + detail::lz4_end_mark_size) return 0;

    const std::size_t room = std::min(frame.size() - head_size - detail::lz4_end_mark_size, chosen->block_limit);
    const int size = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                          reinterpret_cast<char*>(frame.data() + head_size),
                                          static_cast<int>(raw.size()), static_cast<int>(room));
    if (size <= 0) return 0;

    const auto length = static_cast<std::uint32_t>(size);
    const std::array<unsigned char, head_size> head{0x04,
                                                    0x22,
                                                    0x4D,
                                                    0x18,
                                                    0x60,
                                                    chosen->bd,
                                                    chosen->checksum,
                                                    static_cast<unsigned char>(length & 0xFFU),
                                                    static_cast<unsigned char>(length >> 8U & 0xFFU),
                                                    static_cast<unsigned char>(length >> 16U & 0xFFU),
                                                    static_cast<unsigned char>(length >> 24U)};
    std::ranges::copy(std::as_bytes(std::span(head)), frame.begin());
    std::ranges::fill(frame.subspan(head_size + length, detail::lz4_end_mark_size), std::byte{0});
    return head_size + length + detail::lz4_end_mark_size;
#else
    return 0;
#endif
}

}  // namespace hubpush::inline v0
