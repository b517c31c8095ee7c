#pragma once

/// \file
/// Plans an upload to Xet storage: which chunks have to be sent, in which xorbs, and what each file consists of
/// (spec/xet-protocol.md §6.2-§6.5). Does no I/O and never sees the bytes of a chunk.
///
/// For every file, batch by batch:
///
///     dedup_file file(session);
///     for (hash of file.global_queries(batch))  ask the service, session.index().add(answer, now)
///     for (action of file.plan(batch))          drop the bytes, keep them for the xorb, or send the xorb
///     file.finish(hash, sha256)                 says where the rest of the file's chunks goes
///
/// and at the end session.finish(). `take_described_files()` gives the files whose xorbs all have names, for the shard,
/// which may be sent when those xorbs are stored (§6.1).

#include <hubpush/core/config.hpp>
#include <hubpush/xet/dedup_index.hpp>
#include <hubpush/xet/fragmentation.hpp>
#include <hubpush/xet/open_xorb.hpp>
#include <hubpush/xet/shard.hpp>
#include <hubpush/xet/xorb.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <variant>
#include <vector>

namespace hubpush::inline v0 {

/// The next `count` chunks of the batch are stored already, or will be: their bytes are not needed.
class reuse_chunks {
public:
    explicit reuse_chunks(std::size_t chunk_count) : count(chunk_count) {}
    std::size_t count;
};

/// The next `count` chunks of the batch are new: their bytes go to the end of the file's open xorb.
class append_chunks {
public:
    explicit append_chunks(std::size_t chunk_count) : count(chunk_count) {}
    std::size_t count;
};

/// An open xorb is complete and has a name. If the session has cut the same xorb before there is nothing to send and
/// nothing to describe.
class cut_xorb {
public:
    cut_xorb() = default;
    cut_xorb(xorb_description description, bool for_the_first_time)
        : xorb(std::move(description)), first_time(for_the_first_time) {}
    xorb_description xorb;
    bool first_time = true;
};

/// What is to be done next with a batch. `cut_xorb` means the file's open xorb: another one, empty, takes its place.
using dedup_action = std::variant<reuse_chunks, append_chunks, cut_xorb>;

/// What becomes of the open xorb of a file that has ended (§6.5). The session has one of its own, the collector.
class packing {
public:
    enum class how {
        nothing,        ///< the file's is empty
        start,          ///< the collector was empty: the file's becomes the collector
        append,         ///< the records of the file's go to the end of the collector
        cut_file,       ///< the file's is complete; the collector stays as it is
        cut_collector,  ///< the collector is complete; the file's takes its place
    };

    how what = how::nothing;
    cut_xorb cut;  ///< with `cut_file` and `cut_collector`
};

namespace detail {

/// A term of a file that is being planned. It refers to a xorb by name, or by number as long as that has none.
class planned_term {
public:
    shard_term term;
    std::uint32_t open_number = 0;  ///< 0: `term.xorb` is the name
};

/// A file that is complete but for the names of some xorbs.
class unnamed_file {
public:
    shard_file file;
    std::vector<std::uint32_t> open_numbers;  ///< of each term
};

}  // namespace detail

/// What the files of one upload share: what is known, the collector, the names that have been given. Files may be
/// planned in turns, but not in several threads at once.
class dedup_session {
public:
    /// `index_bytes` bounds the memory of the index, `seed` is the index's.
    HUBPUSH_DECL explicit dedup_session(std::size_t index_bytes, std::uint64_t seed = 0, xorb_limits limits = {});
    dedup_session(const dedup_session&) = delete;
    dedup_session& operator=(const dedup_session&) = delete;

    /// What is known to be stored. Add answers of global queries, cached shards, the xorbs of an interrupted session;
    /// the session adds every xorb that it cuts.
    dedup_index& index() noexcept { return index_; }

    /// After the last file: the collector, if it holds anything.
    HUBPUSH_DECL std::optional<cut_xorb> finish();

    /// The finished files that only refer to xorbs with names; each once.
    HUBPUSH_DECL std::vector<shard_file> take_described_files();

private:
    friend class dedup_file;

    HUBPUSH_DECL cut_xorb cut(const detail::open_xorb& complete);
    HUBPUSH_DECL packing pack(detail::open_xorb& rest);
    HUBPUSH_DECL bool resolve(detail::unnamed_file& file) const;
    /// The name of an open xorb that has been cut, else zero.
    HUBPUSH_DECL xet_hash name_of(std::uint32_t number) const;

    xorb_limits limits_;
    dedup_index index_;
    detail::open_xorb collector_;
    std::uint32_t last_number_ = 0;
    std::map<std::uint32_t, xet_hash> names_;
    std::unordered_set<xet_hash> cut_;
    std::vector<detail::unnamed_file> finished_;
};

/// Plans one file. Must not outlive its session. A file that is given up may be destroyed at any time.
class dedup_file {
public:
    /// Global queries of a file are at least so many chunks apart (§6.3).
    static constexpr std::uint64_t query_spacing = 256;

    HUBPUSH_DECL explicit dedup_file(dedup_session& session);

    /// The chunks of the next batch that are worth a question to the service. To be called before `plan` with the same
    /// batch, or not at all.
    HUBPUSH_DECL std::vector<xet_hash> global_queries(std::span<const xet_chunk> batch);

    /// Decides about the next chunks of the file. Runs of known chunks are not followed beyond a batch, so that batches
    /// should be some megabytes long. Throws `errc::invalid_argument` for a chunk that is empty or longer than 131072.
    HUBPUSH_DECL std::vector<dedup_action> plan(std::span<const xet_chunk> batch);

    /// The file is complete. `sha256` is needed unless it is for a bucket (§4.4.4). Once.
    HUBPUSH_DECL packing finish(const xet_hash& file_hash, std::optional<sha256_digest> sha256);

private:
    /// A stored copy of the next `count` chunks; refers to a xorb as `planned_term` does.
    class source_run {
    public:
        xet_hash xorb;
        std::uint32_t open_number = 0;
        std::uint32_t first_chunk = 0;
        std::uint32_t count = 0;
    };

    HUBPUSH_DECL std::optional<source_run> find_named(std::span<const xet_chunk> chunks) const;
    HUBPUSH_DECL std::optional<source_run> find_open(std::span<const xet_chunk> chunks) const;
    HUBPUSH_DECL bool accepts(const source_run& run);
    HUBPUSH_DECL bool continues(const source_run& run) const;
    HUBPUSH_DECL void add_to_terms(const source_run& run, std::span<const xet_chunk> chunks);
    HUBPUSH_DECL void append_new(const xet_chunk& chunk, std::vector<dedup_action>& actions);
    HUBPUSH_DECL void close_term();

    dedup_session* session_;
    detail::open_xorb open_;
    std::vector<detail::planned_term> terms_;
    std::vector<xet_chunk> last_term_chunks_;
    fragmentation_control fragmentation_;
    std::uint64_t chunks_planned_ = 0;
    std::optional<std::uint64_t> last_query_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/dedup.ipp>
#endif
