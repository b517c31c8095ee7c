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

/// A path as fast-import reads it, whatever bytes it has.
HUBPUSH_DECL std::string quote_git_path(std::string_view path);

/// The head of a commit in a fast-import stream, as mark 1; what follows are its changes.
HUBPUSH_DECL std::string import_commit(std::string_view ref, std::string_view parent, std::string_view message,
                                       const git_author& author);

/// An annotated tag in a fast-import stream.
HUBPUSH_DECL std::string import_tag(std::string_view name, std::string_view commit, std::string_view message,
                                    const git_author& author);

/// Reads the answers of `cat-file --batch-check`: the id in the first line that found something.
HUBPUSH_DECL std::optional<std::string> first_object_found(std::string_view output);

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

/// Reads the output of `for-each-ref --format=<refs_format>`.
inline constexpr std::string_view refs_format = "%(refname) %(objectname) %(*objectname)";
HUBPUSH_DECL std::vector<git_ref> parse_refs(std::string_view output);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_formats.ipp>
#endif
