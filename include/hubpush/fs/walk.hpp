#pragma once

/// \file
/// The files of a folder, found piece by piece: a walk holds one listing per level of folders, however many files there
/// are.

#include <hubpush/core/config.hpp>
#include <hubpush/fs/file_system.hpp>
#include <hubpush/fs/match.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// A file to push.
class walked_file {
public:
    walked_file() = default;
    walked_file(std::string path, std::filesystem::path location, file_identity identity, bool leaves_root)
        : path_(std::move(path)), location_(std::move(location)), identity_(identity), leaves_root_(leaves_root) {}

    /// Relative to the folder: UTF-8, parts separated by '/'.
    const std::string& path() const noexcept { return path_; }
    /// Where to open it: absolute.
    const std::filesystem::path& location() const noexcept { return location_; }
    /// What it was when the walk came by.
    const file_identity& identity() const noexcept { return identity_; }
    /// It is a link to a file outside the folder, as all files of a Hub cache folder are.
    bool leaves_root() const noexcept { return leaves_root_; }

private:
    std::string path_;
    std::filesystem::path location_;
    file_identity identity_;
    bool leaves_root_ = false;
};

/// What becomes of links to files outside of the folder.
enum class outside_links { follow, skip };

/// An entry that the filter would keep and that is not pushed.
class skipped_entry {
public:
    skipped_entry() = default;
    skipped_entry(std::string path, std::string reason) : path_(std::move(path)), reason_(std::move(reason)) {}

    const std::string& path() const noexcept { return path_; }  ///< relative to the folder, bytes as they are
    const std::string& reason() const noexcept { return reason_; }

private:
    std::string path_;
    std::string reason_;
};

/// Walks a folder in the order of the Hub's own tools: by path components, so that `a/z` comes before `a-b` (spec/
/// hub-http-api.md §4.9). Links to files are followed, links to folders are not, so that no loop of links can hang it.
/// What is no file is never opened. Files that vanish meanwhile are left out. Blocks: call it on a worker pool, by one
/// thread at a time.
class folder_walk {
public:
    /// Deeper folders are `errc::limit_exceeded`.
    static constexpr std::size_t deepest = 256;

    /// Touches nothing yet. A relative `root` is resolved at the first `next()`.
    HUBPUSH_DECL folder_walk(std::shared_ptr<file_system> files, std::filesystem::path root, path_filter filter,
                             outside_links outside = outside_links::follow);

    /// The next files, at most `most` (which is not 0); none at the end. Throws `file_not_found` when the root does not
    /// exist, `invalid_argument` when it is no folder or when a file has a name that is not UTF-8, and whatever the
    /// file system throws. After an exception the walk is over.
    HUBPUSH_DECL std::vector<walked_file> next(std::size_t most);

    /// What was skipped since the last call: links to folders, dangling links, sockets, pipes and devices; with
    /// `outside_links::skip` also links to files outside.
    HUBPUSH_DECL std::vector<skipped_entry> take_skipped();

private:
    /// A folder on the way to the current entry.
    struct level {
        std::string prefix;  ///< of the paths of its entries: empty, or ending in '/'
        std::vector<folder_entry> entries;
        std::size_t next = 0;
    };

    HUBPUSH_DECL void open_root();
    HUBPUSH_DECL void enter(const std::string& path);
    HUBPUSH_DECL void visit(const folder_entry& entry, std::string path);
    HUBPUSH_DECL void add_file(const folder_entry& entry, std::string path);
    HUBPUSH_DECL bool is_outside(const std::filesystem::path& location) const;

    std::shared_ptr<file_system> files_;
    std::filesystem::path root_;
    path_filter filter_;
    outside_links outside_;
    bool opened_ = false;
    std::vector<level> levels_;
    std::vector<walked_file> found_;
    std::vector<skipped_entry> skipped_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/fs/impl/walk.ipp>
#endif
