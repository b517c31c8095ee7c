#pragma once

#include <hubpush/hub/commit_resolver.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

namespace detail {

enum class commit_answer { made_impossible, busy, lost_race, unclear };

/// What one failed attempt says about the commit (spec/reliability.md §3.4, step 3).
inline commit_answer read_commit_failure(const error& failure, bool complete) {
    const int status = failure.status();
    if (status == 412) return commit_answer::lost_race;
    if (status == 409 || status == 429) return commit_answer::busy;
    const bool final_answer = status >= 300 && status < 500 && status != 408 && status != 425;
    if (final_answer) return commit_answer::made_impossible;
    if (complete && failure.reached_server()) return commit_answer::unclear;
    // The server has at most a part of the request. Trouble on the way may pass; trouble with the files will not.
    const bool may_pass = retryable_status(status) || (status == 0 && failure.reached_server() && retryable_failure(failure.kind()));
    return may_pass ? commit_answer::busy : commit_answer::made_impossible;
}

inline std::string find_marked_commit(const std::vector<commit_entry>& commits, std::string_view marker) {
    const auto found = std::find_if(commits.begin(), commits.end(), [&](const commit_entry& each) {
        return each.text().find(marker) != std::string::npos || each.title().find(marker) != std::string::npos;
    });
    return found == commits.end() ? std::string() : found->oid();
}

/// Between half and all of a pause that doubles: nobody waits for nothing, nobody comes back in the same instant.
inline std::chrono::milliseconds growing_pause(const backoff& pauses, int failures, std::uint64_t random) {
    std::chrono::milliseconds bound = pauses.base();
    for (int doubled = 1; doubled < failures && bound < pauses.cap(); ++doubled) bound *= 2;
    const auto half = static_cast<std::uint64_t>(std::min(bound, pauses.cap()).count()) / 2;
    return std::chrono::milliseconds(static_cast<std::int64_t>(half + random % (half + 1)));
}

}  // namespace detail

HUBPUSH_DECL std::string commit_marker(std::string_view upload_id) { return "hubpush-upload-id: " + std::string(upload_id); }

HUBPUSH_DECL commit_resolver::commit_resolver(std::string upload_id, std::string caller_parent, retry_policy policy,
                                              std::chrono::milliseconds patience)
    : marker_(commit_marker(upload_id)),
      caller_parent_(std::move(caller_parent)),
      policy_(policy),
      patience_(patience),
      next_(commit_step::send(caller_parent_)),
      parent_(caller_parent_) {}

HUBPUSH_DECL void commit_resolver::applied(std::string oid) {
    oid_ = std::move(oid);
    finish(nullptr);
}

HUBPUSH_DECL void commit_resolver::finish(std::exception_ptr failure) {
    failure_ = std::move(failure);
    next_ = commit_step(commit_step::action::finish);
}

HUBPUSH_DECL void commit_resolver::finish_unknown() {
    error_details details;
    details.hint("look for '" + marker_ + "' in the branch's recent commits before pushing again");
    std::string cause;
    if (last_failure_) {
        details.status(last_failure_->status()).request_id(last_failure_->request_id());
        cause = std::string(": ") + last_failure_->what();
    }
    finish(make_exception(errc::outcome_unknown, "the commit may or may not have been made" + cause, std::move(details)));
}

/// There will be no other attempt. If one of them may have worked, a last look at the branch decides; `certain`: if that
/// finds nothing, `failure` is what has to be told, else that the outcome is unknown.
HUBPUSH_DECL void commit_resolver::conclude(const error& failure, bool certain) {
    last_failure_ = failure;
    refused_for_certain_ = certain;
    last_probe_ = true;
    if (unknown_) {
        next_ = commit_step(commit_step::action::probe);
    } else {
        finish(make_exception(failure.kind(), failure.what(), failure.details()));
    }
}

HUBPUSH_DECL failed_attempt commit_resolver::attempt_of(int status, const error& failure, steady_time now) const {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now - first_failure_.value_or(now));
    return failed_attempt(failures_, since, status, failure.retry_after());
}

HUBPUSH_DECL void commit_resolver::failed(const error& failure, bool complete, steady_time now, std::uint64_t random) {
    ++failures_;
    if (!first_failure_) first_failure_ = now;
    switch (detail::read_commit_failure(failure, complete)) {
        case detail::commit_answer::made_impossible:
            // The same request with the same rights: what refuses this attempt has refused the unknown ones too.
            return conclude(failure, true);
        case detail::commit_answer::lost_race: return lost_race(failure, now, random);
        case detail::commit_answer::busy: return busy(failure, attempt_of(failure.status() == 429 ? 429 : 503, failure, now), now, random);
        default: break;
    }
    unknown_ = true;
    look_later(failure, commit_step(commit_step::action::probe), now, random);
}

/// This attempt did nothing and may be repeated as it is: 409, 429, or a request that did not arrive as a whole.
HUBPUSH_DECL void commit_resolver::busy(const error& failure, const failed_attempt& attempt, steady_time now, std::uint64_t random) {
    if (unknown_) return look_later(failure, commit_step::send(parent_), now, random);
    const std::optional<std::chrono::milliseconds> delay = policy_.next_wait(attempt, random);
    if (!delay) return conclude(failure, true);
    after_wait_ = commit_step::send(parent_);
    next_ = commit_step(*delay);
}

/// 412: the head is another one. Either our unknown attempt has moved it, or somebody else.
HUBPUSH_DECL void commit_resolver::lost_race(const error& failure, steady_time now, std::uint64_t random) {
    if (!caller_parent_.empty()) return conclude(failure, true);
    if (++rounds_ > most_rounds) return conclude(failure, false);
    // From the second time on the head that we read may have been a stale copy, which time cures.
    if (rounds_ > 1) return look_later(failure, commit_step(commit_step::action::probe), now, random);
    last_failure_ = failure;
    next_ = commit_step(commit_step::action::probe);
}

/// Waits, as long as there is patience.
HUBPUSH_DECL void commit_resolver::look_later(const error& failure, commit_step then, steady_time now, std::uint64_t random) {
    last_failure_ = failure;
    const std::chrono::milliseconds asked = std::min<std::chrono::milliseconds>(failure.retry_after().value_or(std::chrono::milliseconds(0)),
                                                                                retry_policy::requested_wait_limit);
    const std::chrono::milliseconds pause = std::max(asked, detail::growing_pause(policy_.backoff(), failures_, random));
    if (now + pause > *first_failure_ + patience_) return conclude(failure, false);
    after_wait_ = std::move(then);
    next_ = commit_step(pause);
}

HUBPUSH_DECL void commit_resolver::probed(const std::vector<commit_entry>& commits, steady_time now, std::uint64_t random) {
    std::string found = detail::find_marked_commit(commits, marker_);
    if (!found.empty()) return applied(std::move(found));
    if (last_probe_ && refused_for_certain_) return finish(make_exception(last_failure_->kind(), last_failure_->what(), last_failure_->details()));
    if (last_probe_) return finish_unknown();
    if (commits.empty()) return probe_failed(error(errc::protocol_error, "the branch has no commits"), now, random);
    if (caller_parent_.empty()) parent_ = commits.front().oid();
    next_ = commit_step::send(parent_);
}

HUBPUSH_DECL void commit_resolver::probe_failed(const error& failure, steady_time now, std::uint64_t random) {
    ++failures_;
    if (last_probe_) return finish_unknown();
    if (failure.retryable() || retryable_failure(failure.kind())) {
        return look_later(failure, commit_step(commit_step::action::probe), now, random);
    }
    last_failure_ = failure;
    unknown_ ? finish_unknown() : finish(make_exception(failure.kind(), failure.what(), failure.details()));
}

HUBPUSH_DECL void commit_resolver::waited() { next_ = after_wait_; }

HUBPUSH_DECL void commit_resolver::cancelled(bool in_flight) {
    unknown_ = unknown_ || in_flight;
    conclude(error(errc::cancelled, "the operation was cancelled"), !unknown_);
}

}  // namespace hubpush::inline v0
