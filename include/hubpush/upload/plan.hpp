#pragma once

/// \file
/// The values that flow through a push: a file, a file the Hub has been asked about, a file whose content is stored,
/// and the commit at the end.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/hub/preupload.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// One file on its way into a repository: a path there, and a source of its bytes. Copies share the source.
class file {
public:
    file() = default;
    file(std::string path, std::shared_ptr<byte_source> bytes, std::uint64_t position = 0)
        : path_(std::move(path)), source_(std::move(bytes)), position_(position) {}

    /// Path in the repository, '/' separated.
    const std::string& path() const noexcept { return path_; }
    /// The last component's extension with its dot, as in `std::filesystem::path`; empty without one.
    std::string extension() const {
        const std::string_view name = std::string_view(path_).substr(path_.rfind('/') + 1);
        const std::size_t dot = name.rfind('.');
        return dot == std::string_view::npos || dot == 0 ? std::string() : std::string(name.substr(dot));
    }
    std::uint64_t size() const noexcept { return source_ ? source_->size() : 0; }
    const std::shared_ptr<byte_source>& source() const noexcept { return source_; }
    /// Its place in the order in which files were given: the order of the commit's lines.
    std::uint64_t position() const noexcept { return position_; }

    file& rename(std::string path) {
        path_ = std::move(path);
        return *this;
    }
    file& replace_source(std::shared_ptr<byte_source> bytes) {
        source_ = std::move(bytes);
        return *this;
    }

private:
    std::string path_;
    std::shared_ptr<byte_source> source_;
    std::uint64_t position_ = 0;
};

/// A file the Hub has been asked about: how it will travel, and the hash that names its content: the git blob id of a
/// regular file, the SHA-256 of a large one, in hexadecimal.
class planned_file {
public:
    planned_file() = default;
    planned_file(file what, upload_mode mode, std::string hash)
        : file_(std::move(what)), mode_(mode), hash_(std::move(hash)) {}

    const file& what() const noexcept { return file_; }
    upload_mode mode() const noexcept { return mode_; }
    const std::string& hash() const noexcept { return hash_; }
    std::uint64_t size() const noexcept { return file_.size(); }

private:
    file file_;
    upload_mode mode_ = upload_mode::regular;
    std::string hash_;
};

/// A file for the commit: a large one is stored when the stream that it comes by has ended without a failure, a regular
/// one travels inside the commit. Its source is kept, for the bytes of regular files and for the case that the Hub has
/// forgotten a large one (spec/reliability.md §3.9, S13).
class stored_file {
public:
    stored_file() = default;
    explicit stored_file(planned_file plan) : plan_(std::move(plan)) {}

    const planned_file& plan() const noexcept { return plan_; }

private:
    planned_file plan_;
};

using file_set = set_of<file>;
using planned_set = set_of<planned_file>;
using stored_set = set_of<stored_file>;

/// What a push gives.
class commit_info {
public:
    commit_info() = default;
    commit_info(std::string commit_oid, std::string commit_url, bool nothing)
        : oid(std::move(commit_oid)), url(std::move(commit_url)), nothing_to_do(nothing) {}

    std::string oid;             ///< 40 hexadecimal digits; the branch's head when there was nothing to do
    std::string url;             ///< the commit's page
    bool nothing_to_do = false;  ///< every file was there already, so no commit was made
    std::uint64_t files_committed = 0;
    std::uint64_t files_unchanged = 0;  ///< left out because the repository has the same content
    std::uint64_t files_ignored = 0;    ///< left out because a .gitignore says so
    std::uint64_t files_skipped = 0;    ///< entries of a folder that are no files; each was reported to the log
    std::uint64_t bytes_sent = 0;       ///< content sent to storage, without what the server had already
    std::string pr_url;                 ///< with `create_pr`: the pull request's page; empty without one
    std::uint64_t pr_num = 0;           ///< with `create_pr`: the pull request's number; 0 without one
    std::string pr_revision;            ///< with `create_pr`: its branch, `refs/pr/N`, for further commits
};

}  // namespace hubpush::inline v0
