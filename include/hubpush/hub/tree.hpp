#pragma once

/// \file
/// What is in a repository (spec/hub-http-api.md §3.4, §3.5).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/paging.hpp>
#include <hubpush/hub/repo_id.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// A file or folder of a repository.
class tree_entry {
public:
    tree_entry() = default;
    tree_entry(std::string path, std::string oid, std::uint64_t size, bool folder, std::string lfs_oid)
        : path_(std::move(path)), oid_(std::move(oid)), size_(size), folder_(folder), lfs_oid_(std::move(lfs_oid)) {}

    const std::string& path() const noexcept { return path_; }
    const std::string& oid() const noexcept { return oid_; }  ///< git object id; of the pointer for LFS files
    std::uint64_t size() const noexcept { return size_; }     ///< bytes of the content
    bool is_folder() const noexcept { return folder_; }
    const std::string& lfs_oid() const noexcept { return lfs_oid_; }  ///< SHA-256 of an LFS file's content, else empty

private:
    std::string path_;
    std::string oid_;
    std::uint64_t size_ = 0;
    bool folder_ = false;
    std::string lfs_oid_;
};

/// Everything below a folder of a revision, page by page: `while (auto page = co_await listing.next())`. Not
/// thread-safe.
class tree_listing {
public:
    /// `folder` is a path in the repository, empty for its root. `session` must outlive this object.
    HUBPUSH_DECL tree_listing(hub_session& session, const repository& where, const std::string& at_revision,
                              const std::string& folder = std::string());

    /// The entries of the next page, or nothing after the last one. Throws `entry_not_found` when the folder does not
    /// exist. Cancellation: all types.
    HUBPUSH_DECL task<std::optional<std::vector<tree_entry>>> next();

private:
    paged_listing pages_;
};

/// The most paths of one question to `paths_info`.
inline constexpr std::size_t paths_info_limit = 500;

/// What is at each of `paths` in a revision, files and folders, in any order; what does not exist is left out. At most
/// `paths_info_limit` paths as `normalize_path_in_repo` gives them. Cancellation: all types.
HUBPUSH_DECL task<std::vector<tree_entry>> paths_info(hub_session& session, repository where, std::string at_revision,
                                                      std::vector<std::string> paths);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/tree.ipp>
#endif
