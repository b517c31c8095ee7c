#pragma once

/// \file
/// The books of a queue: which jobs there are, where each stands, what became of those that have ended. Decides
/// nothing, waits for nothing and locks nothing.

#include <hubpush/async/task.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/queue/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

class queue_core;

/// One job, without its result type: shared by the queue until the job has ended and by the handles.
class job_record {
public:
    job_record(std::shared_ptr<queue_core> queue, std::string name, bool may_run_again)
        : queue_(std::move(queue)), name_(std::move(name)), may_run_again_(may_run_again) {}
    job_record(const job_record&) = delete;
    job_record& operator=(const job_record&) = delete;
    virtual ~job_record() = default;

    /// Does the work once and keeps its result. Called again after a retryable failure if the work allows it.
    virtual task<void> attempt() = 0;
    /// Destroys the work with everything it captured.
    virtual void release_work() noexcept = 0;
    /// The address of what the work made, for the outcome. Foreign code: never under a lock.
    virtual std::string result_text() const = 0;

    queue_core& queue() const noexcept { return *queue_; }
    std::uint64_t number() const noexcept { return number_; }
    const std::string& name() const noexcept { return name_; }
    bool may_run_again() const noexcept { return may_run_again_; }
    /// For messages: `job 3 (upload_folder user/model)`.
    std::string label() const { return "job " + std::to_string(number_) + " (" + name_ + ")"; }

private:
    friend class job_ledger;

    const std::shared_ptr<queue_core> queue_;
    const std::string name_;
    const bool may_run_again_;
    // Written under the queue's mutex; the number only before anybody else sees the job.
    bool cancel_requested_ = false;
    job_status status_ = job_status::waiting;
    std::uint64_t number_ = 0;
    std::exception_ptr failure_;
};

/// What is waited for: the end of one job, or of every job up to it.
struct milestone {
    std::uint64_t number;
    bool with_all_before;
};

/// Not thread-safe: the queue's mutex guards it.
class job_ledger {
public:
    using job_list = std::deque<std::shared_ptr<job_record>>;

    /// Those that have not ended, by number; the head first.
    const job_list& unfinished() const noexcept { return jobs_; }

    /// Gives the job its number and a place at the end.
    HUBPUSH_DECL void add(std::shared_ptr<job_record> job);
    /// The head begins; nothing when there is none.
    HUBPUSH_DECL std::shared_ptr<job_record> begin_head();
    /// The job has ended, with its result, whose address is `result`, or with `failure`.
    HUBPUSH_DECL void end(job_record& job, std::exception_ptr failure, std::string result = std::string());
    /// Every job that has not begun ends with `failure`.
    HUBPUSH_DECL job_list end_waiting(const std::exception_ptr& failure);
    /// The first job that has not begun, or nothing.
    HUBPUSH_DECL std::shared_ptr<job_record> oldest_waiting() const;

    job_status status(const job_record& job) const noexcept { return job.status_; }
    void set_status(job_record& job, job_status status) noexcept { job.status_ = status; }
    bool cancel_requested(const job_record& job) const noexcept { return job.cancel_requested_; }
    void request_cancel(job_record& job) noexcept { job.cancel_requested_ = true; }

    /// The failure of a job that has ended, or nothing. Counts as read from now on.
    HUBPUSH_DECL std::exception_ptr read_failure(const job_record& job);
    /// Takes the outcomes since the last call.
    HUBPUSH_DECL drain_result take_outcomes();
    /// The failures that nobody has read; each only once.
    HUBPUSH_DECL std::vector<job_outcome> take_unread_failures();

    /// Everything that was added until now.
    milestone everything() const noexcept { return {last_number_, true}; }
    HUBPUSH_DECL bool reached(milestone until) const;

private:
    struct known_outcome {
        job_outcome outcome;
        bool read = false;
    };

    HUBPUSH_DECL job_list::const_iterator find(std::uint64_t number) const;
    HUBPUSH_DECL job_list::const_iterator first_waiting() const;

    job_list jobs_;
    std::map<std::uint64_t, known_outcome> outcomes_;  // of those that have ended, until they are taken
    std::uint64_t last_number_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/job_ledger.ipp>
#endif
