#pragma once

#include <hubpush/hub/commit_resolver.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

enum class commit_answer { refused, not_sent, nothing_done, lost_race, unclear };

/// Trouble that another attempt may not meet.
inline bool may_pass(const error& failure) { return failure.retryable() || retryable_failure(failure.kind()); }

/// What one failed attempt says about the commit (spec/reliability.md §3.4, step 3).
inline commit_answer read_commit_failure(const error& failure, bool complete) {
    // A status is the Hub's word only when the Hub was reached: a proxy answers, too.
    if (!failure.reached_server()) return commit_answer::not_sent;
    const int status = failure.status();
    if (status == 412) return commit_answer::lost_race;
    if (status == 409 || status == 429) return commit_answer::nothing_done;
    const bool final_answer = status >= 300 && status < 500 && status != 408 && status != 425;
    if (final_answer || (status != 0 && failure.kind() == errc::quota_exceeded)) return commit_answer::refused;
    if (complete) return commit_answer::unclear;
    // The server has at most a part of the request. Trouble on the way may pass; trouble with the files will not.
    const bool passes = retryable_status(status) || retryable_failure(failure.kind());
    return passes ? commit_answer::nothing_done : commit_answer::not_sent;
}

/// The full id of a commit that may be given by its first digits, if it is listed.
inline std::string whole_id(const std::vector<commit_entry>& commits, const std::string& digits) {
    const auto found = std::find_if(commits.begin(), commits.end(),
                                    [&](const commit_entry& each) { return each.oid().starts_with(digits); });
    return found == commits.end() ? digits : found->oid();
}

/// Between half and all of a pause that doubles: nobody waits for nothing, nobody comes back in the same instant.
inline std::chrono::milliseconds growing_pause(const backoff& pauses, int failures, std::uint64_t random) {
    std::chrono::milliseconds bound = pauses.base();
    for (int doubled = 1; doubled < failures && bound < pauses.cap(); ++doubled) bound *= 2;
    const auto half = static_cast<std::uint64_t>(std::min(bound, pauses.cap()).count()) / 2;
    return std::chrono::milliseconds(static_cast<std::int64_t>(half + random % (half + 1)));
}

}  // namespace detail

HUBPUSH_DECL std::string commit_marker(std::string_view upload_id) {
    return "hubpush-upload-id: " + std::string(upload_id);
}

HUBPUSH_DECL std::string find_marked_commit(const std::vector<commit_entry>& commits, std::string_view marker) {
    const auto found = std::find_if(commits.begin(), commits.end(), [&](const commit_entry& each) {
        return each.text().find(marker) != std::string::npos || each.title().find(marker) != std::string::npos;
    });
    return found == commits.end() ? std::string() : found->oid();
}

HUBPUSH_DECL commit_resolver::commit_resolver(std::string upload_id, std::string parent, retry_policy policy,
                                              std::chrono::milliseconds patience, std::optional<on_conflict> when_moved,
                                              commit_wording wording)
    : marker_(commit_marker(upload_id)),
      base_(std::move(parent)),
      policy_(std::move(policy)),
      patience_(patience),
      when_moved_(when_moved),
      wording_(std::move(wording)),
      next_(commit_decision::send(base_)),
      parent_(base_) {}

HUBPUSH_DECL void commit_resolver::applied(std::string oid) {
    oid_ = std::move(oid);
    finish(nullptr);
}

HUBPUSH_DECL void commit_resolver::finish(std::exception_ptr failure) {
    failure_ = std::move(failure);
    next_ = commit_decision(commit_decision::action::finish);
}

HUBPUSH_DECL commit_resolver::known_failure::known_failure(std::exception_ptr thrown)
    : thrown_(std::move(thrown)), about_(errc::internal, "an unexpected exception") {
    try {
        std::rethrow_exception(thrown_);
    } catch (const error& ours) {
        about_ = ours;
    } catch (...) {  // somebody else's: kept as it is, of no known meaning
    }
}

HUBPUSH_DECL void commit_resolver::finish_unknown() {
    error_details details;
    std::string text = wording_.what_is_unknown();
    if (last_failure_) {
        const error& last = last_failure_->about();
        details.status(last.status()).server_message(last.server_message()).request_id(last.request_id());
        if (last.status() == 0) text += std::string(": ") + last.what();
    }
    details.hint("look for '" + marker_ + "' in " + wording_.where_to_look() + " before pushing again");
    finish(make_exception(errc::outcome_unknown, text, std::move(details)));
}

/// There will be no other attempt. If one of them may have worked, a last look at the branch decides; `certain`: if
/// that shows nothing, `failure` is the outcome, else the outcome is unknown.
HUBPUSH_DECL void commit_resolver::conclude(const known_failure& failure, bool certain) {
    last_failure_ = failure;
    if (!unknown_) return finish(failure.thrown());
    if (last_probe_) return finish_unknown();
    if (certain) certain_failure_ = failure.thrown();
    last_probe_ = true;
    next_ = commit_decision(commit_decision::action::probe);
}

HUBPUSH_DECL void commit_resolver::failed(std::exception_ptr failure, bool complete, steady_time now,
                                          std::uint64_t random) {
    const known_failure known(std::move(failure));
    ++failures_;
    if (!first_failure_) first_failure_ = now;
    switch (detail::read_commit_failure(known.about(), complete)) {
        // The same request with the same rights: what refuses this attempt has refused the unknown ones too.
        case detail::commit_answer::refused:
            return conclude(known, true);
        case detail::commit_answer::not_sent:
            return not_sent(known, now, random);
        case detail::commit_answer::nothing_done:
            return repeat(known, now, random);
        case detail::commit_answer::lost_race:
            return lost_race(known, now, random);
        case detail::commit_answer::unclear:
            break;
    }
    unknown_ = true;
    pause_before(commit_decision(commit_decision::action::probe), known, now, random);
}

/// No whole request left this machine, for a reason that does not pass or was waited out by the HTTP client already.
/// That says nothing about an attempt that is unknown.
HUBPUSH_DECL void commit_resolver::not_sent(const known_failure& failure, steady_time now, std::uint64_t random) {
    if (!unknown_ || !detail::may_pass(failure.about())) return conclude(failure, false);
    pause_before(commit_decision(commit_decision::action::probe), failure, now, random);
}

/// This attempt did nothing and may be repeated as it is: 409, 429, 412 without a parent, or a request that did not
/// arrive as a whole.
HUBPUSH_DECL void commit_resolver::repeat(const known_failure& failure, steady_time now, std::uint64_t random) {
    if (unknown_) return pause_before(commit_decision::send(parent_), failure, now, random);
    if (!policy_.allows(failure.about())) return conclude(failure, true);
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - *first_failure_);
    const int status = failure.about().status() == 429 ? 429 : 503;  // the policy does not know the other reasons
    const auto delay =
        policy_.next_wait(failed_attempt(failures_, since, status, failure.about().retry_after()), random);
    if (!delay) return conclude(failure, true);
    after_wait_ = commit_decision::send(parent_);
    next_ = commit_decision(*delay);
}

/// 412: the head is another one. Either our unknown attempt has moved it, or somebody else. An attempt without a parent
/// stands on no head: two commits met, and this one has done nothing (spec/hub-http-api.md §4.5).
HUBPUSH_DECL void commit_resolver::lost_race(const known_failure& failure, steady_time now, std::uint64_t random) {
    if (!unknown_ && parent_.empty()) return repeat(failure, now, random);
    refused_parent_ = parent_;
    if (is_pinned()) return conclude(failure, true);
    if (++rounds_ > most_rounds) return conclude(failure, false);
    pause_before(commit_decision(commit_decision::action::probe), failure, now, random);
}

/// Waits, as long as there is patience.
HUBPUSH_DECL void commit_resolver::pause_before(commit_decision then, const known_failure& failure, steady_time now,
                                                std::uint64_t random) {
    const std::chrono::milliseconds asked = std::min<std::chrono::milliseconds>(
        failure.about().retry_after().value_or(std::chrono::milliseconds(0)), retry_policy::requested_wait_limit);
    const std::chrono::milliseconds pause =
        std::max(asked, detail::growing_pause(policy_.backoff(), failures_, random));
    if (now + pause > *first_failure_ + patience_) return conclude(failure, false);
    last_failure_ = failure;
    after_wait_ = std::move(then);
    next_ = commit_decision(pause);
}

/// Reads may come from a copy that lags behind (spec/reliability.md S05). After a 412 a current listing has commits
/// above the parent that was refused. One that does not have that parent at all is not proof enough for an outcome, but
/// may be sent on top of: a lagging head is refused again.
HUBPUSH_DECL bool commit_resolver::is_stale(const std::vector<commit_entry>& commits) const {
    if (commits.empty()) return true;
    if (refused_parent_.empty()) return false;
    const auto refused = std::find_if(commits.begin(), commits.end(), [&](const commit_entry& each) {
        return each.oid().starts_with(refused_parent_);
    });
    return refused == commits.begin() || (refused == commits.end() && last_probe_);
}

HUBPUSH_DECL void commit_resolver::probed(const std::vector<commit_entry>& commits, steady_time now,
                                          std::uint64_t random) {
    std::string found = find_marked_commit(commits, marker_);
    if (!found.empty()) return applied(std::move(found));
    if (last_probe_ && !certain_failure_) return finish_unknown();
    if (is_stale(commits)) {
        ++failures_;
        return pause_before(commit_decision(commit_decision::action::probe), *last_failure_, now, random);
    }
    if (last_probe_) return finish(certain_failure_);
    go_on_from(commits);
}

/// Ours is not in the history, so it is sent again: on top of the head, if that is allowed.
HUBPUSH_DECL void commit_resolver::go_on_from(const std::vector<commit_entry>& commits) {
    const std::string& head = commits.front().oid();
    const bool moved = parent_.empty() || !head.starts_with(parent_);
    if (when_moved_ == on_conflict::rebase_if_disjoint && moved && !base_.empty()) {
        next_ = commit_decision::compare(detail::whole_id(commits, base_), head);
        return;
    }
    if (!is_pinned()) parent_ = head;
    next_ = commit_decision::send(parent_);
}

HUBPUSH_DECL void commit_resolver::compared(std::exception_ptr overlap) {
    std::string refused = std::exchange(parent_, next_.head());
    if (!overlap) {
        next_ = commit_decision::send(parent_);
        return;
    }
    refused_parent_ = std::move(refused);  // no attempt so far can be carried out any more
    conclude(known_failure(std::move(overlap)), true);
}

HUBPUSH_DECL void commit_resolver::compare_failed(std::exception_ptr failure, steady_time now, std::uint64_t random) {
    const known_failure known(std::move(failure));
    ++failures_;
    detail::may_pass(known.about()) ? pause_before(next_, known, now, random) : conclude(known, false);
}

HUBPUSH_DECL void commit_resolver::probe_failed(std::exception_ptr failure, steady_time now, std::uint64_t random) {
    const known_failure known(std::move(failure));
    ++failures_;
    if (detail::may_pass(known.about()) && !stopped_)
        return pause_before(commit_decision(commit_decision::action::probe), known, now, random);
    last_failure_ = known;
    unknown_ ? finish_unknown() : finish(known.thrown());
}

HUBPUSH_DECL void commit_resolver::waited() { next_ = after_wait_; }

HUBPUSH_DECL void commit_resolver::cancelled(bool in_flight) {
    unknown_ = unknown_ || in_flight;
    stopped_ = true;
    conclude(known_failure(make_exception(errc::cancelled, "the operation was cancelled")), false);
}

}  // namespace hubpush::inline v0
