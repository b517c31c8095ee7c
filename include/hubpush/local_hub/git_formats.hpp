#pragma once

/// \file
/// The text that goes into git and comes out of it, without any process: fast-import streams, listings, blobs, logs.

#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/git_objects.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// Throws `conflict` when git says that a ref exists already or has moved, else `server_error` with git's words.
[[noreturn]] HUBPUSH_DECL void throw_git_failure(std::string_view errors);

// A fast-import that loses its writer finishes the command it is in with the part of the last line that it got. Streams
// of these functions leave nothing behind then that `git fsck --strict` minds: contents come as blobs of their own
// before the commit (a cut `inline` makes a tree with a null id), and paths are spelled so that no part of one means
// anything.

/// A path as fast-import reads it, whatever bytes it has.
HUBPUSH_DECL std::string quote_git_path(std::string_view path);

/// What comes before the content of `changes[index]`; a line feed comes after it.
HUBPUSH_DECL std::string import_blob(std::size_t index, std::uint64_t size);

/// One commit with all its changes, whose contents have been sent; it asks for the commit's id. `parent` may be empty.
HUBPUSH_DECL std::string import_commit(std::string_view ref, std::string_view parent,
                                       const std::vector<git_change>& changes, std::string_view message_text,
                                       const git_author& author);

/// An annotated tag in a fast-import stream.
HUBPUSH_DECL std::string import_tag(std::string_view name, std::string_view commit, std::string_view message_text,
                                    const git_author& author);

/// Reads the answers of `cat-file --batch-check`: the ids of all commits that were found, in the order of the
/// questions.
HUBPUSH_DECL std::vector<std::string> commits_found(std::string_view output);

/// Reads the output of `ls-tree -l -z` piece by piece, so that no listing is held twice.
class tree_listing_parser {
public:
    HUBPUSH_DECL void feed(std::string_view bytes);
    /// What has been read. Throws `server_error` when the listing is cut.
    HUBPUSH_DECL std::vector<git_tree_entry> finish();

private:
    HUBPUSH_DECL void add(std::string_view record);

    std::string partial_record_;
    std::vector<git_tree_entry> entries_;
};

/// Reads the output of `cat-file --batch` for `count` ids. Throws `entry_not_found` when one is no blob.
HUBPUSH_DECL std::vector<std::string> parse_blobs(std::string_view output, std::size_t count);

/// Reads the output of `log -z --format=<log_format>`.
inline constexpr std::string_view log_format = "%H%x00%an%x00%ae%x00%at%x00%s%x00%b";
HUBPUSH_DECL std::vector<git_log_entry> parse_log(std::string_view output);

/// Reads the output of `merge-tree --write-tree --name-only --no-messages -z`.
HUBPUSH_DECL git_merge parse_merge(std::string_view output, std::string_view our_tree);

/// Reads the output of `for-each-ref --format=<refs_format>`.
inline constexpr std::string_view refs_format = "%(refname) %(objectname) %(*objectname)";
HUBPUSH_DECL std::vector<git_ref> parse_refs(std::string_view output);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_formats.ipp>
#endif
