#pragma once

/// \file
/// The body of a commit as a stream: NDJSON whose files are read and encoded while it is sent (spec/hub-http-api.md
/// §4.5).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hub/commit_operation.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// Its length is known beforehand, without a look into any file. It can be read again from the start. What it keeps in
/// memory are paths and texts, never content: base64 is made in the reader's own buffer. A file that is read from its
/// first to its last byte in order is compared with its hash; other bytes are `file_changed`, thrown before the last of
/// them is given out, so that a body with a changed file never becomes a complete request. Used from one strand at a
/// time.
class commit_body final : public byte_source {
public:
    /// `parent` may be empty. The operations must not change while this object lives.
    HUBPUSH_DECL commit_body(const commit_header& header,
                             std::shared_ptr<const std::vector<commit_operation>> operations);

    std::uint64_t size() const noexcept override { return size_; }
    HUBPUSH_DECL task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;

private:
    /// A stretch of the body: text, or the base64 form of a file.
    class segment {
    public:
        segment(std::uint64_t begin, std::string text) : begin_(begin), text_(std::move(text)) {}
        segment(std::uint64_t begin, const commit_operation* file) : begin_(begin), file_(file) {}
        std::uint64_t begin() const noexcept { return begin_; }
        /// The text from `offset` of the body on, as much as there is and fits.
        HUBPUSH_DECL std::size_t copy_text(std::uint64_t offset, std::span<std::byte> out) const;
        const commit_operation* file() const noexcept { return file_; }
        const worker_pool* pool() const noexcept { return file_ != nullptr ? file_->bytes()->pool() : nullptr; }

    private:
        std::uint64_t begin_;
        std::string text_;
        const commit_operation* file_ = nullptr;
    };

    /// What has to be read of a file next: `bytes` from its position `begin`, nothing where the group is known already.
    /// Their base64 form goes into `room`, which `bytes` is the end of; `skip` characters of it were given out before.
    class piece {
    public:
        const commit_operation* file = nullptr;
        std::uint64_t begin = 0;
        std::span<std::byte> bytes;
        std::span<std::byte> room;
        std::size_t skip = 0;
    };

    HUBPUSH_DECL void append_text(std::string text);
    HUBPUSH_DECL void append_file(const commit_operation& file);
    HUBPUSH_DECL const segment& segment_at(std::uint64_t offset) const;
    HUBPUSH_DECL std::size_t fill_now(std::uint64_t offset, std::span<std::byte> out, const worker_pool* pool);
    HUBPUSH_DECL task<std::size_t> fill(std::uint64_t offset, std::span<std::byte> out);
    HUBPUSH_DECL piece next_piece(const segment& file, std::uint64_t offset, std::span<std::byte> out);
    HUBPUSH_DECL std::size_t place(const piece& read, std::size_t got, std::span<std::byte> out);
    HUBPUSH_DECL void check(const commit_operation& file, std::uint64_t position, std::span<const std::byte> bytes);

    std::shared_ptr<const std::vector<commit_operation>> operations_;
    std::vector<segment> segments_;
    std::uint64_t size_ = 0;

    // The file that is being read in order, and how far its hash has come.
    const commit_operation* hashed_file_ = nullptr;
    std::optional<git_blob_hash> hash_;
    std::uint64_t hashed_ = 0;

    // The group of four base64 characters in which the last read ended: its rest must come from the same bytes.
    const commit_operation* group_file_ = nullptr;
    std::uint64_t group_position_ = 0;
    std::array<std::byte, 4> group_{};
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commit_body.ipp>
#endif
