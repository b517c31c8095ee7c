#pragma once

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/git_objects.hpp>
#include <hubpush/local_hub/reply.hpp>

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>

namespace hubpush::inline v0::detail {

[[noreturn]] inline void throw_spool_failure() {
    const std::error_code reason(errno, std::generic_category());
    throw_error(errc::server_error, "the content of a commit cannot be kept: " + reason.message());
}

/// Part of the spool as a byte source.
class content_spool::section final : public byte_source {
public:
    section(std::shared_ptr<content_spool> spool, std::uint64_t offset, std::uint64_t size)
        : spool_(std::move(spool)), offset_(offset), size_(size) {}

    std::uint64_t size() const noexcept override { return size_; }

    task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const auto wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - std::min(size_, offset)));
        const auto read = [this, offset, room = out.first(wanted)] { return fill(offset, room); };
        co_return co_await offload(*spool_->pool_, read);
    }

private:
    std::size_t fill(std::uint64_t offset, std::span<std::byte> room) const {
        std::size_t done = 0;
        while (done < room.size()) {
            const ssize_t size = ::pread(spool_->descriptor_, room.data() + done, room.size() - done,
                                         static_cast<off_t>(offset_ + offset + done));
            if (size < 0 && errno == EINTR) continue;
            if (size <= 0) throw_spool_failure();
            done += static_cast<std::size_t>(size);
        }
        return done;
    }

    std::shared_ptr<content_spool> spool_;
    std::uint64_t offset_;
    std::uint64_t size_;
};

HUBPUSH_DECL content_spool::content_spool(std::shared_ptr<worker_pool> pool, const std::filesystem::path& folder)
    : pool_(std::move(pool)), descriptor_(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    if (descriptor_ < 0) throw_spool_failure();
}

HUBPUSH_DECL content_spool::~content_spool() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

HUBPUSH_DECL void content_spool::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw_spool_failure();
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        size_ += static_cast<std::uint64_t>(written);
    }
}

HUBPUSH_DECL std::shared_ptr<byte_source> content_spool::part(std::uint64_t offset, std::uint64_t size) {
    return std::make_shared<section>(shared_from_this(), offset, size);
}

/// What a line says: its key, and the texts and the size in its value. Read by events, because a document of such a
/// line could cost thirty times its length (spec/reliability.md §2.2); everything unknown is skipped.
class commit_line_events final : public nlohmann::json_sax<nlohmann::json> {
public:
    std::string key_text;
    std::map<std::string, std::string, std::less<>> texts;
    std::optional<std::uint64_t> size;

    std::string take(std::string_view name) {
        const auto found = texts.find(name);
        return found == texts.end() ? std::string() : std::move(found->second);
    }

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return !in_value("size"); }
    bool number_unsigned(number_unsigned_t value) override {
        if (in_value("size")) size = value;
        return true;
    }
    bool number_float(number_float_t, const string_t&) override { return !in_value("size"); }
    bool binary(binary_t&) override { return false; }
    bool string(string_t& text) override {
        if (depth_ == 1 && outer_ == "key") key_text = std::move(text);
        if (depth_ == 2 && outer_ == "value" && texts.size() < 16) texts[inner_] = std::move(text);
        return true;
    }
    bool key(string_t& name) override {
        if (depth_ == 1)
            outer_ = std::move(name);
        else if (depth_ == 2)
            inner_ = std::move(name);
        return true;
    }
    bool start_object(std::size_t) override { return ++depth_ <= 64; }
    bool end_object() override { return --depth_, true; }
    bool start_array(std::size_t) override { return ++depth_ <= 64 && depth_ > 1; }
    bool end_array() override { return --depth_, true; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

private:
    bool in_value(std::string_view name) const { return depth_ == 2 && outer_ == "value" && inner_ == name; }

    int depth_ = 0;
    std::string outer_;
    std::string inner_;
};

HUBPUSH_DECL void commit_line_reader::feed(std::span<const std::byte> bytes) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view piece = text.substr(0, end);
        if (partial_.size() + piece.size() > line_limit) throw refusal(413, "", "A line of the commit is too long");
        partial_.append(piece);
        if (end == std::string_view::npos) return;
        take_line(partial_);
        partial_.clear();
        text.remove_prefix(end + 1);
    }
}

HUBPUSH_DECL std::vector<std::byte> decode_content(std::string content, std::string_view encoding) {
    if (encoding == "base64") {
        std::optional<std::vector<std::byte>> bytes = from_base64(content);
        if (!bytes) throw refusal(400, "", "The content of a file is not base64");
        return std::move(*bytes);
    }
    if (encoding != "utf-8") throw refusal(400, "", "The encoding of a file is neither base64 nor utf-8");
    const std::span<const std::byte> bytes = as_bytes(content);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

HUBPUSH_DECL void check_committed_path(std::string_view path) {
    const auto is_control = [](char each) {
        return static_cast<unsigned char>(each) < ' ' || each == '\x7f' || each == '\\';
    };
    if (!is_git_path(path) || std::any_of(path.begin(), path.end(), is_control)) {
        throw refusal(422, "", "A path of the commit is not allowed");
    }
}

/// Checked as each line is taken, so that what is kept of a line is short.
inline std::string path_of(commit_line_events& line, requested_change::kind what) {
    std::string path = line.take("path");
    if (what == requested_change::kind::remove_folder && path.ends_with('/')) path.pop_back();
    check_committed_path(path);
    return path;
}

inline void check_content_size(std::uint64_t size, const std::string& path) {
    if (size <= commit_line_reader::content_limit) return;
    throw refusal(
        400, "",
        "Your push was rejected because it contains files larger than 10 MiB. Please use git-lfs to push them. "
        "Offending files: - " +
            path + " (ref: refs/heads/main)");
}

inline requested_change file_operation(commit_line_events& line, content_spool& spool) {
    requested_change operation;
    operation.path = path_of(line, operation.what);
    const std::vector<std::byte> bytes = decode_content(line.take("content"), line.take("encoding"));
    check_content_size(bytes.size(), operation.path);
    const std::uint64_t offset = spool.size();
    spool.append(bytes);
    operation.content = spool.part(offset, bytes.size());
    return operation;
}

inline requested_change large_file_operation(commit_line_events& line) {
    requested_change operation;
    operation.what = requested_change::kind::large_file;
    operation.path = path_of(line, operation.what);
    operation.oid = line.take("oid");
    operation.size = line.size;
    const std::string algorithm = line.take("algo");
    if (algorithm != "sha256" && !algorithm.empty())
        throw refusal(400, "", "The algorithm of an LFS file is not sha256");
    if (!is_hex(operation.oid, 64)) throw refusal(400, "", "The oid of an LFS file is not 64 hexadecimal digits");
    return operation;
}

inline requested_change requested_removal(commit_line_events& line, requested_change::kind what) {
    requested_change operation;
    operation.what = what;
    operation.path = path_of(line, what);
    return operation;
}

inline requested_change operation_of(commit_line_events& line, content_spool& spool) {
    if (line.key_text == "file") return file_operation(line, spool);
    if (line.key_text == "lfsFile") return large_file_operation(line);
    if (line.key_text == "deletedFile") return requested_removal(line, requested_change::kind::remove_file);
    if (line.key_text == "deletedFolder") return requested_removal(line, requested_change::kind::remove_folder);
    throw refusal(400, "", "A line of the commit has an unknown key");
}

HUBPUSH_DECL void commit_line_reader::take_line(std::string_view line) {
    if (line.empty() || line == "\r") return;
    commit_line_events events;
    if (!nlohmann::json::sax_parse(line, &events)) throw refusal(400, "", "A line of the commit is not a JSON object");
    if (!header_seen_) {
        order_.summary = events.take("summary");
        order_.description = events.take("description");
        order_.parent = lowered(events.take("parentCommit"));
        if (events.key_text != "header" || order_.summary.empty()) {
            throw refusal(400, "", "The first line of a commit must be a header with a summary");
        }
        header_seen_ = true;
        return;
    }
    order_.operations.push_back(operation_of(events, *spool_));
    if (order_.operations.back().what == requested_change::kind::large_file) ++large_files_;
    check_totals();
}

HUBPUSH_DECL void commit_line_reader::check_totals() const {
    if (order_.operations.size() > operation_limit) throw refusal(413, "", "Too many operations in one commit");
    if (large_files_ > large_file_limit) throw refusal(413, "", "More than 25000 LFS files in one commit");
    if (spool_->size() > total_limit) throw refusal(413, "", "More than 1 GB of regular files in one commit");
}

HUBPUSH_DECL commit_order commit_line_reader::finish() {
    take_line(partial_);
    partial_.clear();
    if (!header_seen_) throw refusal(400, "", "The first line of a commit must be a header with a summary");
    if (order_.operations.empty()) {
        throw refusal(400, "", "Add a line with the key `lfsFile`, `file` or `deletedFile`");
    }
    return std::move(order_);
}

}  // namespace hubpush::inline v0::detail
