#pragma once

/// \file
/// What a commit consists of, and the bounds it must keep: values without I/O (spec/hub-http-api.md §4.5).

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// One line of a commit. The path is normalized and valid.
class commit_operation {
public:
    enum class kind { add_regular, add_lfs, remove_file, remove_folder };

    commit_operation() = default;
    /// A file whose bytes travel inside the commit. `hash` is its git blob id (40 hexadecimal digits): the commit fails
    /// with `file_changed` when other bytes are read while it is sent.
    HUBPUSH_DECL static commit_operation add_regular(std::string path, std::shared_ptr<byte_source> bytes,
                                                     std::string hash);
    /// A file whose bytes are in large-file storage already. `hash` is their SHA-256 (64 hexadecimal digits).
    HUBPUSH_DECL static commit_operation add_lfs(std::string path, std::string hash, std::uint64_t size);
    HUBPUSH_DECL static commit_operation remove_file(std::string path);
    /// With or without '/' at the end; everything below goes too.
    HUBPUSH_DECL static commit_operation remove_folder(std::string path);

    kind type() const noexcept { return kind_; }
    bool is_addition() const noexcept { return kind_ == kind::add_regular || kind_ == kind::add_lfs; }
    const std::string& path() const noexcept { return path_; }  ///< without '/' at the end, also for folders
    const std::string& hash() const noexcept { return hash_; }
    std::uint64_t size() const noexcept { return size_; }
    const std::shared_ptr<byte_source>& bytes() const noexcept { return bytes_; }

private:
    HUBPUSH_DECL commit_operation(kind type, const std::string& path, std::string hash, std::uint64_t size);

    kind kind_ = kind::remove_file;
    std::string path_;
    std::string hash_;
    std::uint64_t size_ = 0;
    std::shared_ptr<byte_source> bytes_;
};

/// What a commit's message and its description may have, in bytes. An empty line and a marker (`commit_marker`, with
/// 32 digits) end the description.
inline constexpr std::size_t longest_commit_message = 64 * 1024;
inline constexpr std::size_t longest_commit_description = longest_commit_message - 53;

/// The text of a commit and what it must follow.
class commit_header {
public:
    commit_header() = default;
    /// Throws `invalid_argument` unless `summary` has text, both are UTF-8, and neither is too long: the line by which
    /// hubpush recognises the commit has to fit under the description.
    HUBPUSH_DECL explicit commit_header(std::string summary, std::string details = std::string());
    /// The commit is made only if the branch's head is this commit (5 to 40 hexadecimal digits).
    HUBPUSH_DECL commit_header& parent(std::string commit);
    /// The description gets this as its last line.
    HUBPUSH_DECL commit_header& marker(const std::string& line);

    const std::string& summary() const noexcept { return summary_; }
    const std::string& details() const noexcept { return details_; }
    const std::string& parent() const noexcept { return parent_; }  ///< empty: on top of whatever the head is

private:
    std::string summary_;
    std::string details_;
    std::string parent_;
};

/// The bounds of one commit (§4.5).
inline constexpr std::size_t most_lfs_files_in_commit = 25'000;
inline constexpr std::uint64_t most_regular_bytes_in_commit = 1'000'000'000;

/// Throws `limit_exceeded` when the counts of a commit are beyond its bounds. To be asked before the first content byte
/// is sent.
HUBPUSH_DECL void check_commit_limits(std::size_t lfs_files, std::uint64_t regular_bytes);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commit_operation.ipp>
#endif
