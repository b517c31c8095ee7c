#pragma once

/// \file
/// The queue behind `fifo_queue` and `job<T>`: what they share, what the run loop works on, and how others wait for it.

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/queue/outcome.hpp>
#include <hubpush/queue/patience.hpp>
#include <hubpush/queue/queue_options.hpp>

#include <sys/types.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
    /// The address of what the work made, for the outcome.
    virtual std::string result_text() const = 0;

    queue_core& queue() const noexcept { return *queue_; }
    std::uint64_t number() const noexcept { return number_; }
    const std::string& name() const noexcept { return name_; }
    bool may_run_again() const noexcept { return may_run_again_; }

private:
    friend class queue_core;

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

/// `duration` from now for a thread that waits; a hundred years stand for "for ever", which would overflow.
inline steady_time deadline_after(std::chrono::milliseconds duration) {
    constexpr std::chrono::milliseconds for_ever = std::chrono::hours(24 * 365 * 100);
    return std::chrono::steady_clock::now() + std::min(duration, for_ever);
}

/// Thread-safe. No lock is held while foreign code runs: work, its captures' destructors, the log, rules.
class queue_core : public std::enable_shared_from_this<queue_core> {
public:
    HUBPUSH_DECL queue_core(asio::any_io_executor executor, queue_options options);

    HUBPUSH_DECL void submit(std::shared_ptr<job_record> job);
    HUBPUSH_DECL void cancel(const std::shared_ptr<job_record>& job);
    /// Takes no more jobs and cancels those that have not ended. Does not wait.
    HUBPUSH_DECL void stop();
    /// The owner goes: stops, lets go of the executor, and reports each failure that nobody has read, now or when it
    /// happens.
    HUBPUSH_DECL void retire();

    HUBPUSH_DECL job_status status(const job_record& job) const;
    /// Rethrows the failure of a job that has ended and counts it as read.
    HUBPUSH_DECL void check_outcome(const job_record& job);
    /// Takes the outcomes since the last call.
    HUBPUSH_DECL drain_result take_outcomes();
    /// Everything that was submitted until now.
    HUBPUSH_DECL milestone everything() const;

    /// Blocks until the milestone (true) or the deadline (false). Throws `wrong_thread` where it would wait for itself.
    HUBPUSH_DECL bool wait(milestone until, std::optional<steady_time> deadline);
    /// The same for a coroutine of any executor. Cancellation: all types; throws `cancelled`.
    HUBPUSH_DECL task<bool> async_wait(milestone until, std::optional<steady_time> deadline);

    /// True in a child process: there is no thread here that would do the work, and the mutex may be locked for ever.
    HUBPUSH_DECL bool forked() const noexcept;
    HUBPUSH_DECL void check_process() const;

private:
    using strand = asio::strand<asio::any_io_executor>;
    using job_list = std::deque<std::shared_ptr<job_record>>;

    struct parked;        // a coroutine that waits
    class parking_space;  // its place in the list, for as long as its frame lives
    class run_ticket;     // the right to run jobs; dropped with the frames of a destroyed executor
    struct known_outcome {
        job_outcome outcome;
        bool read = false;
    };

    HUBPUSH_DECL static task<void> run(run_ticket ticket);
    HUBPUSH_DECL static task<void> perform(std::shared_ptr<queue_core> self, std::shared_ptr<job_record> job);
    HUBPUSH_DECL static task<void> attempt_patiently(queue_core& self, job_record& job);
    HUBPUSH_DECL static task<void> pause(queue_core& self, job_record& job, std::chrono::milliseconds duration);
    HUBPUSH_DECL static task<bool> wait_parked(std::shared_ptr<queue_core> self, milestone until,
                                               std::optional<steady_time> deadline);

    HUBPUSH_DECL void start(strand where);
    HUBPUSH_DECL std::shared_ptr<job_record> begin_next(std::shared_ptr<task_group> group);
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> pause_after(const std::exception_ptr& failure,
                                                                      job_record& job, patience& left);
    HUBPUSH_DECL void set_status(job_record& job, job_status status);
    HUBPUSH_DECL void finish(job_record& job, std::exception_ptr failure);
    HUBPUSH_DECL void abandon() noexcept;
    HUBPUSH_DECL void report_unread();

    // The rest is called under the mutex.
    HUBPUSH_DECL void end(job_record& job, std::exception_ptr failure);
    HUBPUSH_DECL job_list end_waiting(const std::exception_ptr& failure);
    HUBPUSH_DECL job_list::iterator find(std::uint64_t number);
    HUBPUSH_DECL void interrupt_running();
    HUBPUSH_DECL void wake_waiters();
    HUBPUSH_DECL bool reached(milestone until) const;
    HUBPUSH_DECL bool inside_a_job() const;
    HUBPUSH_DECL bool on_executor_thread() const;

    const queue_options options_;
    const ::pid_t process_;

    mutable std::mutex mutex_;
    std::condition_variable ended_;
    std::list<std::shared_ptr<parked>> parked_;
    job_list jobs_;                                    // those that have not ended, by number; the head first
    std::map<std::uint64_t, known_outcome> outcomes_;  // those that have, until the next drain
    asio::any_io_executor executor_;                   // until the owner goes: handles may outlive the context
    std::optional<strand> strand_;                     // of the run loop, while there is one
    std::shared_ptr<task_group> running_;              // the head, while it is at work
    std::uint64_t last_number_ = 0;
    bool closed_ = false;
    bool reports_ = false;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/queue_core.ipp>
#endif
