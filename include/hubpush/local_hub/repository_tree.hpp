#pragma once

/// \file
/// The files and folders of one commit as the Hub's API shows them: large files with what their pointers say.

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/lfs_store.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// A file or a folder.
class tree_node {
public:
    tree_node() = default;
    tree_node(std::string id, std::uint64_t size, bool folder) : id_(std::move(id)), size_(size), folder_(folder) {}

    const std::string& id() const noexcept { return id_; }  ///< git's id: of the blob, of the pointer, of the folder
    bool is_folder() const noexcept { return folder_; }
    const std::optional<lfs_pointer>& large() const noexcept { return large_; }
    /// The size of the content, also for large files.
    std::uint64_t size() const noexcept { return large_ ? large_->size() : size_; }
    std::uint64_t blob_size() const noexcept { return size_; }
    void set_large(lfs_pointer pointer) { large_ = std::move(pointer); }

private:
    std::string id_;
    std::uint64_t size_ = 0;
    bool folder_ = false;
    std::optional<lfs_pointer> large_;
};

/// By path, in the order of bytes, folders included.
class repository_tree {
public:
    using map = std::map<std::string, tree_node, std::less<>>;

    /// Reads the tree and the pointers in it: two or three git processes, however many files there are.
    HUBPUSH_DECL static task<repository_tree> read(git_repository& git, std::string commit);

    void add(std::string path, tree_node node) { nodes_.insert_or_assign(std::move(path), std::move(node)); }
    const map& nodes() const noexcept { return nodes_; }
    HUBPUSH_DECL const tree_node* find(std::string_view path) const;

private:
    map nodes_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/repository_tree.ipp>
#endif
