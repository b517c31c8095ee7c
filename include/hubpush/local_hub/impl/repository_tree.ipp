#pragma once

#include <hubpush/local_hub/repository_tree.hpp>

namespace hubpush::inline v0::detail {

/// Sizes that a pointer file can have: 64 digits of id, 1 to 20 digits of size, and the fixed text around them.
inline bool may_be_pointer(const tree_node& node) noexcept {
    return !node.is_folder() && node.blob_size() >= 120 && node.blob_size() <= 150;
}

HUBPUSH_DECL task<repository_tree> repository_tree::read(git_repository& git, std::string commit) {
    repository_tree tree;
    const std::vector<git_tree_entry> entries = co_await git.read_tree(std::move(commit));
    std::vector<std::string> ids;
    std::vector<tree_node*> candidates;
    for (const git_tree_entry& entry : entries) {
        const auto place =
            tree.nodes_.emplace(entry.path(), tree_node(entry.id(), entry.size(), entry.is_folder())).first;
        if (!may_be_pointer(place->second)) continue;
        ids.push_back(entry.id());
        candidates.push_back(&place->second);
    }
    if (ids.empty()) co_return tree;
    const std::size_t limit = ids.size() * 150;
    const std::vector<std::string> texts = co_await git.read_blobs(std::move(ids), limit);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (std::optional<lfs_pointer> pointer = lfs_pointer::parse(texts[i]))
            candidates[i]->set_large(std::move(*pointer));
    }
    co_return tree;
}

HUBPUSH_DECL const tree_node* repository_tree::find(std::string_view path) const {
    const auto found = nodes_.find(path);
    return found == nodes_.end() ? nullptr : &found->second;
}

}  // namespace hubpush::inline v0::detail
