#pragma once

/// \file
/// What to do when a commit was sent and nobody knows whether it was made (spec/reliability.md §3.4, "Commit
/// procedure"). Sans I/O: events in, the next step out.

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/hub/commits.hpp>
#include <hubpush/hub/on_conflict.hpp>
#include <hubpush/net/retry_policy.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// How many commits are looked through for ours.
inline constexpr std::size_t commits_to_look_through = 100;

/// The line by which a commit is recognised: it ends the description.
HUBPUSH_DECL std::string commit_marker(std::string_view upload_id);

/// The id of the commit that carries a marker; empty when none does.
HUBPUSH_DECL std::string find_marked_commit(const std::vector<commit_entry>& commits, std::string_view marker);

/// What the sender does next.
class commit_decision {
public:
    enum class action {
        send,     ///< send the commit with `parent()` (empty: on top of whatever the head is), then report how it went
        probe,    ///< list the recent commits, then report them
        compare,  ///< compare the commit's paths at `parent()` and `head()`, then report what differs
        wait,     ///< wait for `delay()`, then report `waited()`
        finish    ///< the outcome is there
    };

    commit_decision() = default;
    explicit commit_decision(action what) : action_(what) {}
    explicit commit_decision(std::chrono::milliseconds delay) : action_(action::wait), delay_(delay) {}
    static commit_decision send(std::string parent) {
        commit_decision result(action::send);
        result.parent_ = std::move(parent);
        return result;
    }
    static commit_decision compare(std::string base, std::string head) {
        commit_decision result(action::compare);
        result.parent_ = std::move(base);
        result.head_ = std::move(head);
        return result;
    }

    action what() const noexcept { return action_; }
    const std::string& parent() const noexcept { return parent_; }
    const std::string& head() const noexcept { return head_; }
    std::chrono::milliseconds delay() const noexcept { return delay_; }

private:
    action action_ = action::send;
    std::string parent_;
    std::string head_;
    std::chrono::milliseconds delay_{0};
};

/// How the resolver speaks of what it decides about when the outcome stays unknown.
class commit_wording {
public:
    commit_wording() = default;
    commit_wording(std::string what_is_unknown, std::string where_to_look)
        : what_is_unknown_(std::move(what_is_unknown)), where_to_look_(std::move(where_to_look)) {}

    const std::string& what_is_unknown() const noexcept { return what_is_unknown_; }
    const std::string& where_to_look() const noexcept { return where_to_look_; }

private:
    std::string what_is_unknown_ = "the commit may or may not have been made";
    std::string where_to_look_ = "the branch's recent commits";
};

/// Decides until exactly one of these is certain: the commit was made, it was refused, or it cannot be told.
///
/// An attempt is *unknown* when the server may have a complete request and no complete answer came that rules the
/// commit out. Then the recent commits are looked at; if ours is not among them it is sent again on top of the head
/// just seen, so that a late first attempt turns the second one into 412 instead of a double commit. A first attempt
/// that has a parent, too, cannot be carried out after the second one; what no client can exclude is that of an
/// unguarded first attempt.
///
/// An empty listing says that nothing can be told yet: nothing is sent again after it. Not thread-safe.
class commit_resolver {
public:
    /// Rounds of reading the head and sending on top of it, lost to other writers.
    static constexpr int most_rounds = 8;

    /// `parent`: what the first attempt stands on; empty for whatever the head is. `policy` bounds the repetitions
    /// while it is certain that nothing was committed. `patience`: for how long the outcome of an unknown attempt is
    /// looked for, from its first failure on. `when_moved`: what happens to a parent that is not the head any more;
    /// nothing given, the commit follows the head.
    HUBPUSH_DECL commit_resolver(std::string upload_id, std::string parent, retry_policy policy,
                                 std::chrono::milliseconds patience,
                                 std::optional<on_conflict> when_moved = on_conflict::fail,
                                 commit_wording wording = commit_wording());

    const commit_decision& next() const noexcept { return next_; }

    /// A complete answer says that the commit was made.
    HUBPUSH_DECL void applied(std::string oid);
    /// An attempt failed. `complete`: its last byte may have reached the server.
    HUBPUSH_DECL void failed(std::exception_ptr failure, bool complete, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void probed(const std::vector<commit_entry>& commits, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void probe_failed(std::exception_ptr failure, steady_time now, std::uint64_t random);
    /// `overlap`: the failure that a path of the commit is which differs; nothing when none does.
    HUBPUSH_DECL void compared(std::exception_ptr overlap);
    HUBPUSH_DECL void compare_failed(std::exception_ptr failure, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void waited();
    /// Some attempt may have worked, or may still be at work.
    bool unknown() const noexcept { return unknown_; }
    /// The caller does not want to wait any longer. `in_flight`: a complete request may be on its way. One last probe
    /// decides, unless nothing can have been committed.
    HUBPUSH_DECL void cancelled(bool in_flight);

    /// After `finish`: the commit's id, or nothing when there is a failure.
    const std::string& oid() const noexcept { return oid_; }
    std::exception_ptr failure() const noexcept { return failure_; }
    /// After a failure: the parent with which the last attempt was refused, if that was the reason.
    const std::string& refused_parent() const noexcept { return refused_parent_; }

private:
    /// A failure as it was thrown, and what is known about it.
    class known_failure {
    public:
        HUBPUSH_DECL explicit known_failure(std::exception_ptr thrown);
        const std::exception_ptr& thrown() const noexcept { return thrown_; }
        const error& about() const noexcept { return about_; }

    private:
        std::exception_ptr thrown_;
        error about_;
    };

    HUBPUSH_DECL void not_sent(const known_failure& failure, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void repeat(const known_failure& failure, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void lost_race(const known_failure& failure, steady_time now, std::uint64_t random);
    HUBPUSH_DECL void pause_before(commit_decision then, const known_failure& failure, steady_time now,
                                   std::uint64_t random);
    HUBPUSH_DECL void conclude(const known_failure& failure, bool certain);
    HUBPUSH_DECL bool is_stale(const std::vector<commit_entry>& commits) const;
    HUBPUSH_DECL void go_on_from(const std::vector<commit_entry>& commits);
    /// True for a parent that is never replaced.
    bool is_pinned() const noexcept { return when_moved_ == on_conflict::fail && !base_.empty(); }
    HUBPUSH_DECL void finish(std::exception_ptr failure);
    HUBPUSH_DECL void finish_unknown();

    std::string marker_;
    std::string base_;
    retry_policy policy_;
    std::chrono::milliseconds patience_;
    std::optional<on_conflict> when_moved_;
    commit_wording wording_;

    commit_decision next_;
    commit_decision after_wait_;
    std::string parent_;          // what the next attempt is guarded with
    std::string refused_parent_;  // what is certainly not the head any more
    int failures_ = 0;
    int rounds_ = 0;
    bool unknown_ = false;                // some attempt may have worked, or may still be at work
    bool last_probe_ = false;             // the next listing decides
    bool stopped_ = false;                // nobody waits for another one
    std::exception_ptr certain_failure_;  // and if it shows nothing, this is the outcome; unknown otherwise
    std::optional<known_failure> last_failure_;
    std::optional<steady_time> first_failure_;
    std::string oid_;
    std::exception_ptr failure_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/commit_resolver.ipp>
#endif
