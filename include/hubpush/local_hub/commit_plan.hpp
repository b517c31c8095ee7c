#pragma once

/// \file
/// What a commit order means for a tree: the checks of spec/hub-http-api.md §14.3, steps 6 to 8, without any I/O.

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/repository_tree.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// Applies the lines of a commit in order to the files of its base and gives the steps for git. All or nothing:
/// `refusal` is thrown at the first line that is not possible.
class commit_plan {
public:
    /// Size of a stored large file, or nothing.
    using stored_size = std::function<std::optional<std::uint64_t>(const std::string& oid)>;

    HUBPUSH_DECL commit_plan(const repository_tree& base, stored_size stored);

    HUBPUSH_DECL void apply(const requested_change& operation);

    /// True when the plan holds large files and leaves `.gitattributes` to the server.
    bool needs_attributes() const noexcept { return !large_paths_.empty() && !names_attributes_; }
    /// Adds rules for the large files that `text`, the base's `.gitattributes`, does not cover (§4.3).
    HUBPUSH_DECL void complete_attributes(std::string text);

    std::vector<git_change> take_changes() { return std::move(changes_); }

private:
    HUBPUSH_DECL bool is_folder(const std::string& path) const;
    HUBPUSH_DECL void put(const std::string& path, std::shared_ptr<byte_source> content);
    HUBPUSH_DECL void put_large(const requested_change& operation);
    HUBPUSH_DECL void remove(const std::string& path, bool folder_only);

    stored_size stored_;
    std::set<std::string, std::less<>> files_;
    std::vector<std::string> large_paths_;
    std::vector<git_change> changes_;
    bool names_attributes_ = false;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/commit_plan.ipp>
#endif
