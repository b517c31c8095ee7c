#pragma once

#include <hubpush/hub/commit_body.hpp>

#include <hubpush/async/offload.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/json.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

/// One line of the body, `{"key":…,"value":{…}}` and the line end.
inline std::string commit_line(std::string_view key, const json_object& value) {
    return json_object().text("key", key).raw("value", value.str()).str() + "\n";
}

inline std::string commit_header_line(const commit_header& header) {
    json_object value;
    value.text("summary", header.summary()).text("description", header.details());
    if (!header.parent().empty()) value.text("parentCommit", header.parent());
    return commit_line("header", value);
}

/// The line of an operation without content.
inline std::string commit_operation_line(const commit_operation& operation) {
    json_object value;
    switch (operation.type()) {
        case commit_operation::kind::add_lfs:
            value.text("path", operation.path())
                .text("algo", "sha256")
                .text("oid", operation.hash())
                .number("size", operation.size());
            return commit_line("lfsFile", value);
        case commit_operation::kind::remove_folder:
            return commit_line("deletedFolder", value.text("path", operation.path() + "/"));
        default:
            return commit_line("deletedFile", value.text("path", operation.path()));
    }
}

inline constexpr std::string_view regular_line_begin = R"({"key":"file","value":{"content":")";

inline std::string regular_line_end(const commit_operation& operation) {
    return R"(","path":)" + json_quoted(operation.path()) + R"(,"encoding":"base64"}})" + "\n";
}

}  // namespace detail

HUBPUSH_DECL commit_body::commit_body(const commit_header& header,
                                      std::shared_ptr<const std::vector<commit_operation>> operations)
    : operations_(std::move(operations)) {
    std::string text = detail::commit_header_line(header);
    for (const commit_operation& operation : *operations_) {
        if (operation.type() != commit_operation::kind::add_regular) {
            text += detail::commit_operation_line(operation);
            continue;
        }
        text += detail::regular_line_begin;
        append_text(std::move(text));
        append_file(operation);
        text = detail::regular_line_end(operation);
    }
    append_text(std::move(text));
}

HUBPUSH_DECL void commit_body::append_text(std::string text) {
    const std::uint64_t begin = size_;
    size_ += text.size();
    segments_.emplace_back(begin, std::move(text));
}

HUBPUSH_DECL void commit_body::append_file(const commit_operation& file) {
    if (file.size() == 0) return;
    segments_.emplace_back(size_, &file);
    size_ += base64_size(file.size());
}

HUBPUSH_DECL std::size_t commit_body::segment::copy_text(std::uint64_t offset, std::span<std::byte> out) const {
    const std::string_view rest = std::string_view(text_).substr(offset - begin_, out.size());
    std::memcpy(out.data(), rest.data(), rest.size());
    return rest.size();
}

HUBPUSH_DECL const commit_body::segment& commit_body::segment_at(std::uint64_t offset) const {
    const auto after =
        std::upper_bound(segments_.begin(), segments_.end(), offset,
                         [](std::uint64_t position, const segment& each) { return position < each.begin(); });
    return *std::prev(after);
}

/// Files that block their readers are read, compared and encoded in one trip to their pool, as many as `out` has room
/// for: a trip for each of ten thousand small files would cost more than all the rest.
HUBPUSH_DECL task<std::size_t> commit_body::read_at(std::uint64_t offset, std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size() && offset + done < size_) {
        const std::span<std::byte> rest = out.subspan(done);
        const segment& current = segment_at(offset + done);
        if (current.pool() == nullptr) {
            done += co_await fill(offset + done, rest);
        } else {
            worker_pool* const pool = current.file()->bytes()->pool();
            auto work = [&] { return fill_now(offset + done, rest, pool); };
            done += co_await offload(*pool, work);
        }
    }
    co_return done;
}

/// On the pool: everything up to the first file that is read in another way.
HUBPUSH_DECL std::size_t commit_body::fill_now(std::uint64_t offset, std::span<std::byte> out,
                                               const worker_pool* pool) {
    std::size_t done = 0;
    while (done < out.size() && offset + done < size_) {
        const segment& current = segment_at(offset + done);
        const std::span<std::byte> rest = out.subspan(done);
        if (current.file() == nullptr) {
            done += current.copy_text(offset + done, rest);
        } else if (current.pool() == pool) {
            const piece next = next_piece(current, offset + done, rest);
            const std::size_t got = next.bytes.empty() ? 0 : next.file->bytes()->read_now(next.begin, next.bytes);
            done += place(next, got, rest);
        } else {
            break;
        }
    }
    return done;
}

/// One segment, which does not block.
HUBPUSH_DECL task<std::size_t> commit_body::fill(std::uint64_t offset, std::span<std::byte> out) {
    const segment& current = segment_at(offset);
    if (current.file() == nullptr) co_return current.copy_text(offset, out);
    const piece next = next_piece(current, offset, out);
    std::size_t got = 0;
    if (!next.bytes.empty()) got = co_await next.file->bytes()->read_at(next.begin, next.bytes);
    co_return place(next, got, out);
}

/// Whole groups are read to the end of the room that their encoding takes, and encoded in place. A part of one group,
/// at the start or the end of what the reader has room for, goes by way of `group_`.
HUBPUSH_DECL commit_body::piece commit_body::next_piece(const segment& file, std::uint64_t offset,
                                                        std::span<std::byte> out) {
    const std::uint64_t position = offset - file.begin();
    piece next;
    next.file = file.file();
    next.begin = position / 4 * 3;
    next.skip = static_cast<std::size_t>(position % 4);
    const bool whole = next.skip == 0 && out.size() >= group_.size();
    const bool known = next.skip != 0 && group_file_ == next.file && group_position_ == position / 4 * 4;
    const std::span<std::byte> space = whole ? out : std::span<std::byte>(group_);
    const std::uint64_t count = std::min<std::uint64_t>(space.size() / 4 * 3, next.file->size() - next.begin);
    next.room = space.first(static_cast<std::size_t>(base64_size(count)));
    if (!known) next.bytes = next.room.last(static_cast<std::size_t>(count));
    if (!known && !whole) group_file_ = nullptr;  // until it is read
    return next;
}

/// Compares, encodes and gives out what was read.
HUBPUSH_DECL std::size_t commit_body::place(const piece& read, std::size_t got, std::span<std::byte> out) {
    if (got != read.bytes.size()) {
        throw_error(errc::file_changed, "a file became shorter while it was sent",
                    error_details().file(read.file->path()));
    }
    if (!read.bytes.empty()) {
        check(*read.file, read.begin, read.bytes);
        encode_base64(read.bytes, read.room);
    }
    if (read.room.data() == out.data()) return read.room.size();
    group_file_ = read.file;
    group_position_ = read.begin / 3 * 4;
    const std::size_t count = std::min(out.size(), read.room.size() - read.skip);
    std::memcpy(out.data(), read.room.data() + read.skip, count);
    return count;
}

HUBPUSH_DECL void commit_body::check(const commit_operation& file, std::uint64_t position,
                                     std::span<const std::byte> bytes) {
    if (position == 0) {
        hashed_file_ = &file;
        hash_.emplace(file.size());
        hashed_ = 0;
    }
    if (hashed_file_ != &file || hashed_ != position) return;  // not in order, so that there is nothing to compare
    hash_->update(bytes);
    hashed_ += bytes.size();
    if (hashed_ != file.size()) return;
    hashed_file_ = nullptr;
    if (to_hex(hash_->finish()) != file.hash()) {
        throw_error(errc::file_changed, "a file changed while it was sent", error_details().file(file.path()));
    }
}

}  // namespace hubpush::inline v0
