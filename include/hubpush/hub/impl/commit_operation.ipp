#pragma once

#include <hubpush/hub/commit_operation.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/repo_id.hpp>

#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

inline void check_commit_text(std::string_view text, std::size_t longest, const std::string& what) {
    if (!is_utf8(text))
        throw_error(errc::invalid_argument, what + " is not valid UTF-8", error_details().reached_server(false));
    if (text.size() > longest) {
        throw_error(errc::invalid_argument, what + " is longer than " + std::to_string(longest) + " bytes",
                    error_details().reached_server(false));
    }
}

inline void check_hash(const std::string& hash, std::size_t length) {
    if (!is_hex(hash, length))
        throw_error(errc::invalid_argument, "'" + hash + "' is not a hash of " + std::to_string(length) + " digits");
}

}  // namespace detail

HUBPUSH_DECL commit_operation::commit_operation(kind type, const std::string& path, std::string hash,
                                                std::uint64_t size)
    : kind_(type), path_(normalize_path_in_repo(path)), hash_(std::move(hash)), size_(size) {}

HUBPUSH_DECL commit_operation commit_operation::add_regular(std::string path, std::shared_ptr<byte_source> bytes,
                                                            std::string hash) {
    detail::check_hash(hash, 40);
    commit_operation result(kind::add_regular, path, std::move(hash), bytes->size());
    result.bytes_ = std::move(bytes);
    return result;
}

HUBPUSH_DECL commit_operation commit_operation::add_lfs(std::string path, std::string hash, std::uint64_t size) {
    detail::check_hash(hash, 64);
    return commit_operation(kind::add_lfs, path, std::move(hash), size);
}

HUBPUSH_DECL commit_operation commit_operation::remove_file(std::string path) {
    return commit_operation(kind::remove_file, path, std::string(), 0);
}

HUBPUSH_DECL commit_operation commit_operation::remove_folder(std::string path) {
    if (path.ends_with('/')) path.pop_back();
    return commit_operation(kind::remove_folder, path, std::string(), 0);
}

HUBPUSH_DECL commit_header::commit_header(std::string summary, std::string details)
    : summary_(std::move(summary)), details_(std::move(details)) {
    detail::check_commit_text(summary_, longest_commit_message, "the commit message");
    detail::check_commit_text(details_, longest_commit_description, "the commit description");
    if (summary_.find_first_not_of(" \t\r\n") == std::string::npos) {
        throw_error(errc::invalid_argument, "the commit message is empty", error_details().reached_server(false));
    }
}

HUBPUSH_DECL commit_header& commit_header::parent(std::string commit) {
    check_parent_commit(commit);
    for (char& digit : commit) digit = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
    parent_ = std::move(commit);
    return *this;
}

HUBPUSH_DECL commit_header& commit_header::marker(const std::string& line) {
    details_ += (details_.empty() ? "" : "\n\n") + line;
    return *this;
}

HUBPUSH_DECL void check_commit_limits(std::size_t lfs_files, std::uint64_t regular_bytes) {
    if (lfs_files > most_lfs_files_in_commit) {
        throw_error(errc::limit_exceeded,
                    "one commit takes at most 25,000 large files, not " + std::to_string(lfs_files),
                    error_details().hint("push the files in several commits").reached_server(false));
    }
    if (regular_bytes > most_regular_bytes_in_commit) {
        throw_error(errc::limit_exceeded,
                    "one commit takes at most 1 GB in regular files, not " + std::to_string(regular_bytes) + " bytes",
                    error_details().hint("push the files in several commits").reached_server(false));
    }
}

}  // namespace hubpush::inline v0
