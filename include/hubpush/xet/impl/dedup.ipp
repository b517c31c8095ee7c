#pragma once

#include <hubpush/xet/dedup.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

// A file has to be described in one shard, which has room for 699,000 terms. A file with very many terms only gets
// long ones from then on: that is enough for terabytes.
inline constexpr std::size_t many_terms = 300'000;
inline constexpr std::size_t long_run = 128;

/// Adds chunks to the last action if it is of the same kind, else as a new one.
template <class Action>
void count_chunks(std::vector<dedup_action>& actions, std::size_t count) {
    if (!actions.empty()) {
        if (auto* const last = std::get_if<Action>(&actions.back())) {
            last->count += count;
            return;
        }
    }
    actions.emplace_back(Action(count));
}

}  // namespace detail

HUBPUSH_DECL dedup_session::dedup_session(std::size_t index_bytes, std::uint64_t seed, xorb_limits limits)
    : limits_(limits), index_(index_bytes, seed) {}

/// Gives a xorb its name, from now on to be found in the index.
HUBPUSH_DECL cut_xorb dedup_session::cut(const detail::open_xorb& complete) {
    cut_xorb named(xorb_description(complete.chunks()), true);
    names_.emplace(complete.number(), named.xorb.hash);
    named.first_time = cut_.insert(named.xorb.hash).second;
    index_.add(named.xorb);
    return named;
}

/// Two rests that do not fit into one xorb: the larger one is cut, because more cannot be added to it anyway.
HUBPUSH_DECL packing dedup_session::pack(detail::open_xorb& rest) {
    packing result;
    if (rest.empty()) return result;
    if (collector_.empty()) {
        result.what = packing::how::start;
        collector_ = std::move(rest);
    } else if (limits_.allow(collector_.chunks().size() + rest.chunks().size(),
                             collector_.raw_bytes() + rest.raw_bytes())) {
        result.what = packing::how::append;
        for (const xet_chunk& chunk : rest.chunks()) collector_.append(chunk);
    } else if (rest.raw_bytes() >= collector_.raw_bytes()) {
        result.what = packing::how::cut_file;
        result.cut = cut(rest);
    } else {
        result.what = packing::how::cut_collector;
        result.cut = cut(collector_);
        collector_ = std::move(rest);
    }
    return result;
}

HUBPUSH_DECL std::optional<cut_xorb> dedup_session::finish() {
    if (collector_.empty()) return std::nullopt;
    cut_xorb last = cut(collector_);
    collector_ = detail::open_xorb();
    return last;
}

HUBPUSH_DECL xet_hash dedup_session::name_of(std::uint32_t number) const {
    const auto found = names_.find(number);
    return found == names_.end() ? xet_hash() : found->second;
}

/// Replaces numbers by names as far as there are any. True if none is left.
HUBPUSH_DECL bool dedup_session::resolve(detail::unnamed_file& file) const {
    bool complete = true;
    for (std::size_t i = 0; i != file.open_numbers.size(); ++i) {
        if (file.open_numbers[i] == 0) continue;
        const xet_hash name = name_of(file.open_numbers[i]);
        if (name == xet_hash()) {
            complete = false;
        } else {
            file.file.terms[i].xorb = name;
            file.open_numbers[i] = 0;
        }
    }
    return complete;
}

HUBPUSH_DECL std::vector<shard_file> dedup_session::take_described_files() {
    std::vector<shard_file> described;
    std::erase_if(finished_, [&](detail::unnamed_file& file) {
        if (!resolve(file)) return false;
        described.push_back(std::move(file.file));
        return true;
    });
    return described;
}

HUBPUSH_DECL dedup_file::dedup_file(dedup_session& session) : session_(&session) {}

HUBPUSH_DECL std::vector<xet_hash> dedup_file::global_queries(std::span<const xet_chunk> batch) {
    std::vector<xet_hash> queries;
    for (std::size_t i = 0; i < batch.size();) {
        const auto upcoming = batch.subspan(i);
        auto known = find_named(upcoming);
        if (!known) known = find_open(upcoming);
        if (known) {
            i += known->count;
            continue;
        }
        const std::uint64_t position = chunks_planned_ + i;
        const bool eligible = position == 0 || eligible_by_hash(batch[i].hash);
        if (eligible && (!last_query_ || position - *last_query_ >= query_spacing)) {
            queries.push_back(batch[i].hash);
            last_query_ = position;
        }
        ++i;
    }
    return queries;
}

HUBPUSH_DECL std::vector<dedup_action> dedup_file::plan(std::span<const xet_chunk> batch) {
    const auto impossible = [](const xet_chunk& chunk) { return chunk.length == 0 || chunk.length > chunk_raw_limit; };
    if (std::ranges::any_of(batch, impossible)) throw_error(errc::invalid_argument, "a chunk has 1 to 131072 bytes");
    std::vector<dedup_action> actions;
    std::size_t end_of_refused = 0;
    for (std::size_t i = 0; i != batch.size();) {
        const auto upcoming = batch.subspan(i);
        // The rest of a run that was refused is not offered again (§6.4).
        const auto named = i >= end_of_refused ? find_named(upcoming) : std::nullopt;
        const auto run = named ? named : find_open(upcoming);
        if (run && accepts(*run)) {
            add_to_terms(*run, upcoming.first(run->count));
            detail::count_chunks<reuse_chunks>(actions, run->count);
            i += run->count;
            continue;
        }
        if (named) end_of_refused = i + named->count;
        append_new(batch[i], actions);
        ++i;
    }
    chunks_planned_ += batch.size();
    return actions;
}

HUBPUSH_DECL std::optional<dedup_file::source_run> dedup_file::find_named(std::span<const xet_chunk> chunks) const {
    const auto match = session_->index_.find(chunks);
    if (!match) return std::nullopt;
    source_run run;
    run.xorb = match->xorb;
    run.first_chunk = match->first_chunk;
    run.count = match->count;
    return run;
}

/// In the file's open xorb, or in the collector: that one has no name either, but will have one before the shard needs
/// it. (The reference does not look there.)
HUBPUSH_DECL std::optional<dedup_file::source_run> dedup_file::find_open(std::span<const xet_chunk> chunks) const {
    for (const auto* const open : std::array<const detail::open_xorb*, 2>{&open_, &session_->collector_}) {
        if (const auto match = open->find(chunks)) {
            source_run run;
            run.open_number = open->number();
            run.first_chunk = match->first_chunk;
            run.count = match->count;
            return run;
        }
    }
    return std::nullopt;
}

HUBPUSH_DECL bool dedup_file::accepts(const source_run& run) {
    if (continues(run)) return true;
    if (terms_.size() >= detail::many_terms) return run.count >= detail::long_run;
    return fragmentation_.allows(run.count);
}

/// Does the run go on in the xorb of the last term where that term ends?
HUBPUSH_DECL bool dedup_file::continues(const source_run& run) const {
    if (terms_.empty() || terms_.back().term.end_chunk != run.first_chunk) return false;
    const detail::planned_term& last = terms_.back();
    if (last.open_number == 0 || last.open_number == run.open_number) {
        return last.open_number == run.open_number && last.term.xorb == run.xorb;
    }
    return run.open_number == 0 && session_->name_of(last.open_number) == run.xorb;
}

HUBPUSH_DECL void dedup_file::add_to_terms(const source_run& run, std::span<const xet_chunk> chunks) {
    if (continues(run)) {
        fragmentation_.extend_term(run.count);
    } else {
        close_term();
        fragmentation_.start_term(run.count);
        detail::planned_term& added = terms_.emplace_back();
        added.term.xorb = run.xorb;
        added.open_number = run.open_number;
        added.term.first_chunk = run.first_chunk;
        added.term.end_chunk = run.first_chunk;
    }
    shard_term& term = terms_.back().term;
    term.end_chunk += run.count;
    for (const xet_chunk& chunk : chunks) term.length += chunk.length;
    last_term_chunks_.insert(last_term_chunks_.end(), chunks.begin(), chunks.end());
}

/// The last term will not grow any more: its proof can be computed.
HUBPUSH_DECL void dedup_file::close_term() {
    if (!terms_.empty()) terms_.back().term.range_hash = range_hash(last_term_chunks_);
    last_term_chunks_.clear();
}

HUBPUSH_DECL void dedup_file::append_new(const xet_chunk& chunk, std::vector<dedup_action>& actions) {
    if (!session_->limits_.allow(open_.chunks().size() + 1, open_.raw_bytes() + chunk.length)) {
        actions.emplace_back(session_->cut(open_));
        open_ = detail::open_xorb();
    }
    if (open_.empty()) open_ = detail::open_xorb(++session_->last_number_);
    source_run own;
    own.open_number = open_.number();
    own.first_chunk = open_.size();
    own.count = 1;
    open_.append(chunk);
    add_to_terms(own, std::span(&chunk, 1));
    detail::count_chunks<append_chunks>(actions, 1);
}

HUBPUSH_DECL packing dedup_file::finish(const xet_hash& file_hash, std::optional<sha256_digest> sha256) {
    close_term();
    const std::uint32_t own = open_.number();
    const std::uint32_t collector = session_->collector_.number();
    const std::uint32_t shift = session_->collector_.size();
    packing result = session_->pack(open_);

    detail::unnamed_file planned;
    planned.file = shard_file(file_hash, {}, sha256);
    planned.file.terms.reserve(terms_.size());
    for (detail::planned_term& term : terms_) {
        if (result.what == packing::how::append && term.open_number == own) {
            term.open_number = collector;
            term.term.first_chunk += shift;
            term.term.end_chunk += shift;
        }
        planned.file.terms.push_back(term.term);
        planned.open_numbers.push_back(term.open_number);
    }
    session_->finished_.push_back(std::move(planned));
    return result;
}

}  // namespace hubpush::inline v0
