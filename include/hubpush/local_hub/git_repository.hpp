#pragma once

/// \file
/// A bare git repository on disk, worked by the real git: what the embedded Hub keeps its branches in.
///
/// Names that come from clients never reach git as an option or as revision syntax: they are checked by `is_ref_name`
/// and `is_git_path` first and then given as full names or on standard input.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/async_mutex.hpp>
#include <hubpush/local_hub/git_objects.hpp>
#include <hubpush/local_hub/process.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// The repository. Belongs to one strand; every call is one or two git processes, whatever the number of files. Reading
/// needs no lock. Writing needs the lock: a caller takes it before it looks at the head it builds on, so that commits
/// to a repository apply one after the other in the order of their arrival. All calls throw `error`
/// (`errc::server_error` with git's own words when git fails unexpectedly) and `cancelled`; a cancelled call kills its
/// git.
class git_repository {
public:
    using lock_type = async_mutex::guard;

    /// Makes a bare SHA-1 repository with the branch `main` and one commit, `initial commit`, that holds only
    /// `.gitattributes` with this text (spec/hub-http-api.md §14.2). It appears at `path` complete or not at all.
    /// Throws `conflict` when `path` exists. One call for a path at a time.
    HUBPUSH_DECL static task<std::shared_ptr<git_repository>> create(std::shared_ptr<worker_pool> pool,
                                                                     std::filesystem::path path, std::string attributes,
                                                                     git_author author);

    /// Opens an existing one and removes what a killed server left in it (lock files, temporary packs). The caller
    /// guarantees that no other server uses the folder. Throws `repository_not_found`.
    HUBPUSH_DECL static task<std::shared_ptr<git_repository>> open(std::shared_ptr<worker_pool> pool,
                                                                   std::filesystem::path path);

    /// Use `create` or `open`.
    HUBPUSH_DECL git_repository(asio::any_io_executor executor, std::filesystem::path path);

    const std::filesystem::path& path() const noexcept { return path_; }

    /// Waits for the repository's write lock, in order of arrival.
    task<lock_type> lock() { return writing_.lock(); }

    /// The commit a revision names: a branch, else a tag (either also as full ref;
    /// any other full ref as itself), else a commit by 7 to 40 hex digits. Nothing when there is none or the text is no
    /// plain name.
    HUBPUSH_DECL task<std::optional<std::string>> resolve(std::string wanted);

    /// The one commit whose id begins with these 5 to 40 lower-case hex digits, whatever branches and tags are called.
    /// Nothing when there is none, or several, or the text is something else.
    HUBPUSH_DECL task<std::optional<std::string>> find_commit(std::string digits);

    /// The whole tree of a commit, folders included, in git's order. Throws `limit_exceeded` above 2,000,000 entries.
    HUBPUSH_DECL task<std::vector<git_tree_entry>> read_tree(std::string commit);

    /// The content of blobs, in the order of `ids`. Throws `entry_not_found` for an id that is no blob here, and
    /// `limit_exceeded` when they are together longer than `limit` bytes (1 GiB at most).
    HUBPUSH_DECL task<std::vector<std::string>> read_blobs(std::vector<std::string> ids, std::size_t limit);
    HUBPUSH_DECL task<std::string> read_blob(std::string id, std::size_t limit);

    /// Makes one commit on top of `expected_head` and moves `ref` (full name) to it; gives its id. Contents are
    /// streamed. Throws `conflict` when the head is another one, `revision_not_found` when there is no such ref,
    /// `invalid_argument` for a path that no tree may hold; the ref has not moved then. An unchanged tree still makes a
    /// commit. A cancelled call may or may not have committed.
    HUBPUSH_DECL task<std::string> commit(const lock_type& lock, std::string ref, std::string expected_head,
                                          std::vector<git_change> changes, std::string text, git_author author);

    /// The same on top of any commit, as the first of a new ref. Throws `conflict` when the ref exists.
    HUBPUSH_DECL task<std::string> commit_to_new_ref(const lock_type& lock, std::string ref, std::string base,
                                                     std::vector<git_change> changes, std::string text,
                                                     git_author author);

    /// Stores a commit with the tree of `tree`, a commit or tree, after `parent` (empty: without one). No ref moves.
    /// Throws `invalid_argument` for a text that no commit may hold.
    HUBPUSH_DECL task<std::string> commit_tree(const lock_type& lock, std::string tree, std::string parent,
                                               std::string text, git_author author);

    /// Stores the empty tree and gives its id.
    HUBPUSH_DECL task<std::string> empty_tree(const lock_type& lock);

    /// What a three-way merge of two commits gives. Nothing but unnamed objects is written.
    HUBPUSH_DECL task<git_merge> merge(std::string ours, std::string theirs);

    /// What changed between two commits, as text for people. Throws `limit_exceeded` above `limit` bytes.
    HUBPUSH_DECL task<std::string> diff(std::string from, std::string to, std::size_t limit);

    /// A part of the history of a commit, newest first, without what `base` holds (empty: nothing is left out).
    HUBPUSH_DECL task<git_log_page> log(std::string commit, std::size_t limit, std::size_t skip, std::string base = "");

    /// The last commit up to `commit` that changed a file or folder (empty: anything), or nothing.
    HUBPUSH_DECL task<std::optional<git_log_entry>> last_change(std::string commit, std::string path);

    /// All refs, by name.
    HUBPUSH_DECL task<std::vector<git_ref>> refs();

    /// Makes a branch, tag or any other ref (full name) at a commit. Throws `conflict` when it exists or cannot stand
    /// beside another one, `invalid_argument` for a name that is not allowed.
    HUBPUSH_DECL task<void> create_ref(const lock_type& lock, std::string ref, std::string commit);

    /// Moves a ref from one commit to another, whatever their histories are. Throws `conflict` when it is not at
    /// `from`.
    HUBPUSH_DECL task<void> move_ref(const lock_type& lock, std::string ref, std::string from, std::string to);

    /// Makes `refs/tags/{name}` as an annotated tag; throws as `create_ref`.
    HUBPUSH_DECL task<void> create_tag(const lock_type& lock, std::string name, std::string commit, std::string text,
                                       git_author author);

    /// Throws `revision_not_found` when there is none.
    HUBPUSH_DECL task<void> delete_ref(const lock_type& lock, std::string ref);

    /// How many git processes this object has started: what tests hold commits to.
    std::uint64_t processes_started() const noexcept { return processes_started_; }

    /// A git command on this repository in a clean environment, counted. For `git_http` and the functions above.
    HUBPUSH_DECL child_command git(std::string subcommand);

private:
    HUBPUSH_DECL task<std::string> run(child_command command, std::size_t output_limit);
    HUBPUSH_DECL task<std::string> import(std::vector<git_change> contents, std::string commands);
    HUBPUSH_DECL task<void> require_head(std::string ref, std::string expected_head);
    HUBPUSH_DECL task<std::string> commit_on(std::string ref, std::string parent, std::vector<git_change> changes,
                                             std::string text, git_author author);
    HUBPUSH_DECL void require_lock(const lock_type& lock) const;

    std::filesystem::path path_;
    async_mutex writing_;
    std::uint64_t processes_started_ = 0;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_repository.ipp>
#include <hubpush/local_hub/impl/git_repository_writing.ipp>
#endif
