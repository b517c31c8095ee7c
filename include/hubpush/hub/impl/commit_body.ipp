#pragma once

#include <hubpush/hub/commit_body.hpp>

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

HUBPUSH_DECL const commit_body::segment& commit_body::segment_at(std::uint64_t offset) const {
    const auto after =
        std::upper_bound(segments_.begin(), segments_.end(), offset,
                         [](std::uint64_t position, const segment& each) { return position < each.begin(); });
    return *std::prev(after);
}

HUBPUSH_DECL task<std::size_t> commit_body::read_at(std::uint64_t offset, std::span<std::byte> out) {
    std::size_t done = 0;
    while (done < out.size() && offset + done < size_) {
        const segment& current = segment_at(offset + done);
        const std::uint64_t position = offset + done - current.begin();
        const std::span<std::byte> rest = out.subspan(done);
        if (current.file() != nullptr) {
            done += co_await read_file(*current.file(), position, rest);
        } else {
            const std::string_view text = std::string_view(current.text()).substr(position, rest.size());
            std::memcpy(rest.data(), text.data(), text.size());
            done += text.size();
        }
    }
    co_return done;
}

/// Gives at least one byte of the base64 form of `file`, from `position` of that form.
HUBPUSH_DECL task<std::size_t> commit_body::read_file(const commit_operation& file, std::uint64_t position,
                                                      std::span<std::byte> out) {
    if (position % 4 == 0 && out.size() >= 4) co_return co_await read_groups(file, position, out);
    co_return co_await read_inside_group(file, position, out);
}

/// Whole groups: the bytes are read to the end of the room that their encoding takes, and encoded in place.
HUBPUSH_DECL task<std::size_t> commit_body::read_groups(const commit_operation& file, std::uint64_t position,
                                                        std::span<std::byte> out) {
    const std::uint64_t begin = position / 4 * 3;
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size() / 4 * 3, file.size() - begin));
    const std::span<std::byte> room = out.first(static_cast<std::size_t>(base64_size(count)));
    const std::span<std::byte> bytes = room.last(count);
    const std::size_t got = co_await file.bytes()->read_at(begin, bytes);
    if (got != count)
        throw_error(errc::file_changed, "a file became shorter while it was sent", error_details().file(file.path()));
    check(file, begin, bytes);
    encode_base64(bytes, room);
    co_return room.size();
}

/// A part of one group, at the start or the end of what the reader has room for.
HUBPUSH_DECL task<std::size_t> commit_body::read_inside_group(const commit_operation& file, std::uint64_t position,
                                                              std::span<std::byte> out) {
    const std::uint64_t group = position / 4 * 4;
    if (group_file_ != &file || group_position_ != group || position == group) {
        group_file_ = nullptr;
        co_await read_groups(file, group, group_);
        group_file_ = &file;
        group_position_ = group;
    }
    const std::size_t skip = static_cast<std::size_t>(position - group);
    const std::size_t count = std::min(out.size(), group_.size() - skip);
    std::memcpy(out.data(), group_.data() + skip, count);
    co_return count;
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
