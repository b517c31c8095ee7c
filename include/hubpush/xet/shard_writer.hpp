#pragma once

/// \file
/// Collects descriptions of files and xorbs and writes them as a shard (spec/xet-protocol.md §4.8).

#include <hubpush/core/config.hpp>
#include <hubpush/xet/shard.hpp>

#include <cstddef>
#include <map>
#include <vector>

namespace hubpush::inline v0 {

/// One shard in the making. Every file and every xorb is in it once, in the order of their hashes, so that the same
/// content gives the same bytes. Not thread-safe.
class shard_writer {
public:
    /// `size_limit`: bytes of the finished shard.
    HUBPUSH_DECL explicit shard_writer(std::size_t size_limit = shard_size_limit);

    /// Adds a file; false if the shard would become too large: then this one is full and the file belongs to the next.
    /// A file that is already there is not added again. Throws `errc::limit_exceeded` if the file fits into no shard,
    /// `errc::invalid_argument` if only some files are verified (§4.4.3).
    HUBPUSH_DECL bool add(const shard_file& file);

    /// The same for a xorb. Its description may be in another shard than the files that use it.
    HUBPUSH_DECL bool add(const xorb_description& xorb);

    bool empty() const noexcept { return files_.empty() && xorbs_.empty(); }
    std::size_t size() const noexcept { return size_; }  ///< bytes of the upload form

    /// The upload form: no footer.
    HUBPUSH_DECL std::vector<std::byte> finish() const;
    /// With a footer, as a service answers global queries and as a cache keeps it. If the footer has a key the chunk
    /// hashes are written keyed; those in this object are never.
    HUBPUSH_DECL std::vector<std::byte> finish(const shard_footer& footer) const;

private:
    HUBPUSH_DECL bool has_room(std::size_t bytes) const;

    std::size_t size_limit_;
    std::size_t size_;
    std::map<xet_hash, shard_file> files_;
    std::map<xet_hash, xorb_description> xorbs_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/shard_writer.ipp>
#endif
