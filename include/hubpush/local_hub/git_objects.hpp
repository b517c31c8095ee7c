#pragma once

/// \file
/// What a git repository is made of, as values: trees, changes, commits, refs, and the names they may have.

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// True for names a branch or tag may have (git's own rules, and not below `refs/`, not beginning with `-`, at most 200
/// bytes).
HUBPUSH_DECL bool is_ref_name(std::string_view name) noexcept;

/// True for 40 lower-case hex digits.
HUBPUSH_DECL bool is_object_id(std::string_view text) noexcept;

/// True for 5 to 40 lower-case hex digits: what names a commit as a parent (spec/hub-http-api.md §4.5).
HUBPUSH_DECL bool is_commit_prefix(std::string_view text) noexcept;

/// True for paths that `git fsck --strict` accepts in a tree: no empty component, no `.`, `..` or `.git` in any of its
/// spellings, no NUL; at most 4096 bytes.
HUBPUSH_DECL bool is_git_path(std::string_view path) noexcept;

/// Who made a commit, and when.
class git_author {
public:
    git_author() = default;
    git_author(std::string name, std::string mail, std::chrono::sys_seconds date)
        : name_(std::move(name)), mail_(std::move(mail)), date_(date) {}
    const std::string& name() const noexcept { return name_; }
    const std::string& mail() const noexcept { return mail_; }
    std::chrono::sys_seconds date() const noexcept { return date_; }

private:
    std::string name_;
    std::string mail_;
    std::chrono::sys_seconds date_{};
};

/// One file or folder of a commit's tree.
class git_tree_entry {
public:
    git_tree_entry() = default;
    git_tree_entry(std::string path, std::string id, std::uint64_t size, bool folder)
        : path_(std::move(path)), id_(std::move(id)), size_(size), folder_(folder) {}
    const std::string& path() const noexcept { return path_; }  ///< from the root, without a final slash
    const std::string& id() const noexcept { return id_; }      ///< object id of the blob or tree, 40 hex digits
    std::uint64_t size() const noexcept { return size_; }       ///< bytes of the blob; 0 for folders
    bool is_folder() const noexcept { return folder_; }

private:
    std::string path_;
    std::string id_;
    std::uint64_t size_ = 0;
    bool folder_ = false;
};

/// One step of a commit. Steps are applied in order.
class git_change {
public:
    git_change() = default;
    /// Adds or replaces a file; what stood in its way (a folder of that name, a file on its path) is replaced too.
    static git_change put(std::string path, std::shared_ptr<byte_source> content) {
        return git_change(std::move(path), std::move(content));
    }
    /// Removes a file, or a folder with all below it; a final slash has no meaning, a missing path is ignored.
    static git_change remove(std::string path) {
        if (path.ends_with('/')) path.pop_back();
        return git_change(std::move(path), nullptr);
    }

    const std::string& path() const noexcept { return path_; }
    const std::shared_ptr<byte_source>& content() const noexcept { return content_; }  ///< null: remove

private:
    git_change(std::string path, std::shared_ptr<byte_source> content)
        : path_(std::move(path)), content_(std::move(content)) {}

    std::string path_;
    std::shared_ptr<byte_source> content_;
};

/// One commit of a branch's history.
class git_log_entry {
public:
    git_log_entry() = default;
    git_log_entry(std::string id, git_author author, std::string title, std::string rest)
        : id_(std::move(id)), author_(std::move(author)), title_(std::move(title)), message_(std::move(rest)) {}
    const std::string& id() const noexcept { return id_; }
    const git_author& author() const noexcept { return author_; }
    const std::string& title() const noexcept { return title_; }      ///< the first paragraph, on one line
    const std::string& message() const noexcept { return message_; }  ///< what follows the title, may be empty

private:
    std::string id_;
    git_author author_;
    std::string title_;
    std::string message_;
};

/// A part of a history, and how long the whole is.
class git_log_page {
public:
    git_log_page() = default;
    git_log_page(std::vector<git_log_entry> commits, std::uint64_t total)
        : commits_(std::move(commits)), total_(total) {}
    const std::vector<git_log_entry>& commits() const noexcept { return commits_; }  ///< newest first
    std::uint64_t total() const noexcept { return total_; }

private:
    std::vector<git_log_entry> commits_;
    std::uint64_t total_ = 0;
};

/// What a merge gives: a tree, and the files that both sides changed in ways that exclude each other.
class git_merge {
public:
    git_merge() = default;
    git_merge(std::string tree, bool unchanged, std::vector<std::string> conflicts)
        : tree_(std::move(tree)), unchanged_(unchanged), conflicts_(std::move(conflicts)) {}
    const std::string& tree() const noexcept { return tree_; }
    /// The tree is that of our side: there is nothing to merge.
    bool unchanged() const noexcept { return unchanged_; }
    const std::vector<std::string>& conflicts() const noexcept { return conflicts_; }

private:
    std::string tree_;
    bool unchanged_ = true;
    std::vector<std::string> conflicts_;
};

/// A full ref name (`refs/heads/main`) and the commit it leads to (tags are followed).
class git_ref {
public:
    git_ref() = default;
    git_ref(std::string name, std::string commit) : name_(std::move(name)), commit_(std::move(commit)) {}
    const std::string& name() const noexcept { return name_; }
    const std::string& commit() const noexcept { return commit_; }

private:
    std::string name_;
    std::string commit_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_objects.ipp>
#endif
