#pragma once

#include <hubpush/queue/queue_core.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <string>

namespace hubpush::inline v0::detail {

class queue_core::place_in_line {
public:
    place_in_line(std::shared_ptr<queue_core> queue, std::shared_ptr<job_record> job)
        : queue_(std::move(queue)), job_(std::move(job)) {}
    place_in_line(const place_in_line&) = delete;
    place_in_line& operator=(const place_in_line&) = delete;
    ~place_in_line() {
        if (queue_->forked()) {
            leave_to_parent(std::move(queue_));
            return;
        }
        const std::lock_guard lock(queue_->mutex_);
        queue_->line_.remove(job_);
    }

private:
    std::shared_ptr<queue_core> queue_;
    std::shared_ptr<job_record> job_;
};

HUBPUSH_DECL void queue_core::submit(std::shared_ptr<job_record> job) {
    check_process();
    std::shared_ptr<job_record> ended;
    std::unique_lock lock(mutex_);
    if (!enter(job, ended)) {
        if (on_executor_thread()) {
            throw_error(errc::wrong_thread, "a thread that runs the queue's jobs must not wait for a place in it");
        }
        line_.push_back(job);
        waiters_.wait(lock, [&] { return out_of_line(*job); }, end_of_wait(std::chrono::steady_clock::now()));
        leave_line(job, nullptr);
    }
    start_if_idle(std::move(lock));
    if (ended) ended->release_work();
}

HUBPUSH_DECL task<void> queue_core::async_submit(std::shared_ptr<job_record> job) {
    const std::shared_ptr<queue_core> self = shared_from_this();
    check_process();
    const place_in_line place(self, job);
    std::shared_ptr<job_record> ended;
    std::unique_lock lock(mutex_);
    if (!enter(job, ended)) {
        line_.push_back(job);
        lock.unlock();
        clock& time = options_.seams().clock();
        const std::optional<steady_time> until = end_of_wait(time.now());
        const wait_list::condition out = [core = this, job] { return core->out_of_line(*job); };
        std::exception_ptr interrupted;
        try {
            co_await wait_list::async_wait(waiters(), time, out, until);
        } catch (...) {
            interrupted = std::current_exception();
        }
        lock.lock();
        leave_line(job, interrupted);
    }
    start_if_idle(std::move(lock));
    if (ended) ended->release_work();
}

HUBPUSH_DECL bool queue_core::full() const {
    return options_.limit() && ledger_.unfinished().size() >= *options_.limit();
}

/// True when the job has its place; false when it has to wait for one. `ended` is the job that ended by it: the one
/// that gave way, or this very job when the rest is cancelled.
HUBPUSH_DECL bool queue_core::enter(const std::shared_ptr<job_record>& job, std::shared_ptr<job_record>& ended) {
    if (closed_) throw_error(errc::queue_closed, job->name() + " was submitted to a closed queue");
    if (full()) {
        if (options_.when_full() != full_queue::wait) {
            ended = make_room(job);
            return true;
        }
        if (!inside_a_job()) return false;
        throw_error(errc::wrong_thread, "a job must not wait for a place behind itself in a full queue");
    }
    ledger_.add(job);
    if (rest_failure_) {
        ledger_.end(*job, rest_failure_);
        ended = job;
    }
    return true;
}

/// Takes the job in for the oldest that waits, which is given back.
HUBPUSH_DECL std::shared_ptr<job_record> queue_core::make_room(const std::shared_ptr<job_record>& job) {
    const bool may_replace = options_.when_full() == full_queue::replace_oldest;
    const std::shared_ptr<job_record> oldest = may_replace ? ledger_.oldest_waiting() : nullptr;
    if (!oldest) {
        throw_error(errc::queue_full, job->name() + " finds " + std::to_string(ledger_.unfinished().size()) +
                                          " unfinished jobs in the queue");
    }
    ledger_.add(job);
    ledger_.end(*oldest,
                make_exception(errc::cancelled, oldest->label() + " gave way to " + job->label() + " in a full queue",
                               error_details().hint("set a higher queue_limit to keep both")));
    waiters_.notify();
    return oldest;
}

HUBPUSH_DECL std::optional<steady_time> queue_core::end_of_wait(steady_time now) const {
    if (!options_.longest_wait()) return std::nullopt;
    return deadline_after(now, *options_.longest_wait());
}

/// Got a place, or will never get one.
HUBPUSH_DECL bool queue_core::out_of_line(const job_record& job) const { return job.number() != 0 || closed_; }

/// Returns when the job got its place, also if the wait was interrupted just then; otherwise says why it did not.
HUBPUSH_DECL void queue_core::leave_line(const std::shared_ptr<job_record>& job,
                                         const std::exception_ptr& interrupted) {
    if (job->number() != 0) return;
    line_.remove(job);
    if (interrupted) std::rethrow_exception(interrupted);
    if (closed_) throw_error(errc::queue_closed, "the queue was closed while " + job->name() + " waited for a place");
    throw_error(errc::queue_full, job->name() + " has waited for a place in the queue as long as it may");
}

HUBPUSH_DECL void queue_core::start_if_idle(std::unique_lock<std::mutex> lock) {
    if (strand_ || ledger_.unfinished().empty()) return;
    const asio::any_io_executor where = strand_.emplace(executor_);
    lock.unlock();
    start(where);
}

/// The places of jobs that have ended go to those that wait longest.
HUBPUSH_DECL void queue_core::jobs_have_ended() {
    while (!line_.empty() && !full()) {
        ledger_.add(line_.front());
        line_.pop_front();
    }
    waiters_.notify();
}

}  // namespace hubpush::inline v0::detail
