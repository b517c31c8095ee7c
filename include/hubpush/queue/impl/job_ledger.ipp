#pragma once

#include <hubpush/queue/job_ledger.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

inline job_status status_of(const std::exception_ptr& failure) {
    if (!failure) return job_status::done;
    try {
        std::rethrow_exception(failure);
    } catch (const error& known) {
        return known.kind() == errc::cancelled ? job_status::cancelled : job_status::failed;
    } catch (...) {
        return job_status::failed;
    }
}

HUBPUSH_DECL void job_ledger::add(std::shared_ptr<job_record> job) {
    job->number_ = last_number_ + 1;
    jobs_.push_back(std::move(job));
    ++last_number_;
}

HUBPUSH_DECL std::shared_ptr<job_record> job_ledger::begin_head() {
    if (jobs_.empty()) return nullptr;
    jobs_.front()->status_ = job_status::running;
    return jobs_.front();
}

HUBPUSH_DECL void job_ledger::end(job_record& job, std::exception_ptr failure, std::string result) {
    const job_status status = status_of(failure);
    job_outcome outcome(job.number_, job.name_, status, failure, std::move(result));
    // Who asked for a cancellation and got it knows; anything else is news.
    const bool known = job.cancel_requested_ && status == job_status::cancelled;
    outcomes_[job.number_] = known_outcome{std::move(outcome), known};
    job.failure_ = std::move(failure);
    job.status_ = status;
    jobs_.erase(find(job.number_));
}

HUBPUSH_DECL job_ledger::job_list job_ledger::end_waiting(const std::exception_ptr& failure) {
    job_list waiting(first_waiting(), jobs_.cend());
    for (const std::shared_ptr<job_record>& job : waiting) end(*job, failure);
    return waiting;
}

HUBPUSH_DECL std::shared_ptr<job_record> job_ledger::oldest_waiting() const {
    const auto oldest = first_waiting();
    return oldest == jobs_.end() ? nullptr : *oldest;
}

HUBPUSH_DECL job_ledger::job_list::const_iterator job_ledger::first_waiting() const {
    return std::find_if(jobs_.begin(), jobs_.end(),
                        [](const auto& job) { return job->status_ == job_status::waiting; });
}

HUBPUSH_DECL job_ledger::job_list::const_iterator job_ledger::find(std::uint64_t number) const {
    return std::lower_bound(jobs_.begin(), jobs_.end(), number,
                            [](const auto& job, std::uint64_t wanted) { return job->number_ < wanted; });
}

HUBPUSH_DECL std::exception_ptr job_ledger::read_failure(const job_record& job) {
    const auto known = outcomes_.find(job.number_);
    if (known != outcomes_.end()) known->second.read = true;
    return job.failure_;
}

HUBPUSH_DECL drain_result job_ledger::take_outcomes() {
    std::vector<job_outcome> ended;
    std::vector<job_outcome> left;
    for (auto& [number, known] : outcomes_) ended.push_back(std::move(known.outcome));
    outcomes_.clear();
    for (const auto& job : jobs_) left.emplace_back(job->number_, job->name_, job->status_, nullptr, std::string());
    return drain_result(std::move(ended), std::move(left));
}

HUBPUSH_DECL std::vector<job_outcome> job_ledger::take_unread_failures() {
    std::vector<job_outcome> unread;
    for (auto& [number, known] : outcomes_) {
        if (known.read || known.outcome) continue;
        unread.push_back(known.outcome);
        known.read = true;
    }
    return unread;
}

HUBPUSH_DECL bool job_ledger::reached(milestone until) const {
    if (until.with_all_before) return jobs_.empty() || jobs_.front()->number_ > until.number;
    const auto found = find(until.number);
    return found == jobs_.end() || (*found)->number_ != until.number;
}

}  // namespace hubpush::inline v0::detail
