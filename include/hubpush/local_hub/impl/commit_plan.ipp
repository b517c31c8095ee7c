#pragma once

#include <hubpush/core/byte_source.hpp>
#include <hubpush/local_hub/commit_plan.hpp>
#include <hubpush/local_hub/lfs_store.hpp>
#include <hubpush/local_hub/patterns.hpp>
#include <hubpush/local_hub/reply.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

inline constexpr std::string_view attributes_path = ".gitattributes";

HUBPUSH_DECL commit_plan::commit_plan(const repository_tree& base, stored_size stored) : stored_(std::move(stored)) {
    for (const auto& [path, node] : base.nodes()) {
        if (!node.is_folder()) files_.insert(files_.end(), path);
    }
}

HUBPUSH_DECL bool commit_plan::is_folder(const std::string& path) const {
    const auto first = files_.lower_bound(path + "/");
    return first != files_.end() && first->starts_with(path + "/");
}

HUBPUSH_DECL void commit_plan::apply(const requested_change& operation) {
    const std::string& path = operation.path;
    names_attributes_ = names_attributes_ || path == attributes_path;
    switch (operation.what) {
        case requested_change::kind::file:
            return put(path, operation.content);
        case requested_change::kind::large_file:
            return put_large(operation);
        case requested_change::kind::remove_file:
            return remove(path, false);
        case requested_change::kind::remove_folder:
            return remove(path, true);
    }
}

HUBPUSH_DECL void commit_plan::put(const std::string& path, std::shared_ptr<byte_source> content) {
    if (is_folder(path)) throw refusal(400, "", "A file cannot take the place of a folder");
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
        files_.erase(path.substr(0, slash));  // a file on the way gives way to the folder
    }
    files_.insert(path);
    changes_.push_back(git_change::put(path, std::move(content)));
}

HUBPUSH_DECL void commit_plan::put_large(const requested_change& operation) {
    const std::optional<std::uint64_t> size = stored_(operation.oid);
    if (!size) throw refusal(400, "", "LFS pointer pointed to a file that does not exist: " + operation.path);
    if (operation.size && *operation.size != *size)
        throw refusal(400, "", "The size of an LFS file is not the stored one");
    put(operation.path, memory_source(lfs_pointer(operation.oid, *size).text()));
    large_paths_.push_back(operation.path);
}

HUBPUSH_DECL void commit_plan::remove(const std::string& path, bool folder_only) {
    const bool folder = is_folder(path);
    if (folder) {
        const std::string below = path + "/";
        auto each = files_.lower_bound(below);
        while (each != files_.end() && each->starts_with(below)) each = files_.erase(each);
    } else if (folder_only || files_.erase(path) == 0) {
        throw refusal(404, "EntryNotFound", "A file with this name doesn't exist");
    }
    changes_.push_back(git_change::remove(path));
}

HUBPUSH_DECL void commit_plan::complete_attributes(std::string text) {
    const lfs_attributes present(text);
    if (!text.empty() && text.back() != '\n') text.push_back('\n');
    const std::size_t complete_lines = text.size();
    std::sort(large_paths_.begin(), large_paths_.end());
    large_paths_.erase(std::unique(large_paths_.begin(), large_paths_.end()), large_paths_.end());
    for (const std::string& path : large_paths_) {
        if (files_.contains(path) && !present.tracks(path)) text += lfs_attributes::line_for(path);
    }
    if (text.size() == complete_lines) return;
    changes_.push_back(git_change::put(std::string(attributes_path), memory_source(std::move(text))));
}

}  // namespace hubpush::inline v0::detail
