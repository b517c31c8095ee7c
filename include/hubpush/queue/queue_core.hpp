#pragma once

/// \file
/// The queue behind `fifo_queue` and `job<T>`: what they share, who comes in, and what the run loop works on.

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/process.hpp>
#include <hubpush/queue/job_ledger.hpp>
#include <hubpush/queue/outcome.hpp>
#include <hubpush/queue/patience.hpp>
#include <hubpush/queue/queue_options.hpp>
#include <hubpush/queue/wait_list.hpp>

#include <chrono>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

namespace hubpush::inline v0::detail {

/// Thread-safe. No lock is held while foreign code runs: work, its captures' destructors, its result, what it
/// throws, the log, rules.
class queue_core : public std::enable_shared_from_this<queue_core> {
public:
    HUBPUSH_DECL queue_core(asio::any_io_executor executor, queue_options options);

    /// Takes the job in, now or when there is a place; blocks where the options say so. Throws `queue_full`,
    /// `queue_closed`, and `wrong_thread` where it would wait for itself.
    HUBPUSH_DECL void submit(std::shared_ptr<job_record> job);
    /// The same for a coroutine of any executor. Cancellation: all types; throws `cancelled`, the job is not taken.
    HUBPUSH_DECL task<void> async_submit(std::shared_ptr<job_record> job);

    HUBPUSH_DECL void cancel(const std::shared_ptr<job_record>& job);
    /// Cancels those that have not ended. Does not wait.
    HUBPUSH_DECL void cancel_all();
    /// Takes no more jobs.
    HUBPUSH_DECL void refuse_new();
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
    using job_list = job_ledger::job_list;

    class place_in_line;  // of a coroutine that waits, for as long as its frame lives
    class run_ticket;     // the right to run jobs; dropped with the frames of a destroyed executor

    HUBPUSH_DECL void start(const asio::any_io_executor& where);
    HUBPUSH_DECL static task<void> run(run_ticket ticket);
    HUBPUSH_DECL std::shared_ptr<job_record> begin_next(std::shared_ptr<task_group> group);
    HUBPUSH_DECL static task<void> perform(std::shared_ptr<queue_core> self, std::shared_ptr<job_record> job);
    HUBPUSH_DECL static task<void> attempt_patiently(queue_core& self, job_record& job);
    HUBPUSH_DECL static task<void> pause(queue_core& self, job_record& job, std::chrono::milliseconds duration);
    HUBPUSH_DECL std::optional<std::chrono::milliseconds> pause_after(const std::exception_ptr& failure,
                                                                      job_record& job, patience& left);
    HUBPUSH_DECL void set_status(job_record& job, job_status status);
    HUBPUSH_DECL void finish(job_record& job, std::exception_ptr failure);
    HUBPUSH_DECL void abandon() noexcept;

    HUBPUSH_DECL void start_if_idle(std::unique_lock<std::mutex> lock);
    HUBPUSH_DECL void report_unread();
    HUBPUSH_DECL std::shared_ptr<wait_list> waiters();
    HUBPUSH_DECL std::optional<steady_time> end_of_wait(steady_time now) const;

    // The rest is called under the mutex.
    HUBPUSH_DECL bool full() const;
    HUBPUSH_DECL bool enter(const std::shared_ptr<job_record>& job, std::shared_ptr<job_record>& ended);
    HUBPUSH_DECL std::shared_ptr<job_record> make_room(const std::shared_ptr<job_record>& job);
    HUBPUSH_DECL bool out_of_line(const job_record& job) const;
    HUBPUSH_DECL void leave_line(const std::shared_ptr<job_record>& job, const std::exception_ptr& interrupted);
    HUBPUSH_DECL void jobs_have_ended();
    HUBPUSH_DECL job_list cancel_rest(const job_record& failed);
    HUBPUSH_DECL void close();
    HUBPUSH_DECL void interrupt_running();
    HUBPUSH_DECL bool inside_a_job() const;
    HUBPUSH_DECL bool on_executor_thread() const;

    const queue_options options_;
    const birthplace birthplace_;

    mutable std::mutex mutex_;
    wait_list waiters_{mutex_};
    job_ledger ledger_;
    std::list<std::shared_ptr<job_record>> line_;  // what waits for a place
    std::exception_ptr rest_failure_;              // of every job, since one has failed and until that is drained
    asio::any_io_executor executor_;               // until the owner goes: handles may outlive the context
    std::optional<strand> strand_;                 // of the run loop, while there is one
    std::shared_ptr<task_group> running_;          // the head, while it is at work
    bool closed_ = false;                          // takes no more jobs
    bool stopped_ = false;                         // ends those it has
    bool reports_ = false;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/queue_core.ipp>
#include <hubpush/queue/impl/queue_core_entry.ipp>
#include <hubpush/queue/impl/queue_core_run.ipp>
#endif
