#pragma once

#include <hubpush/queue/queue_core.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <string>

namespace hubpush::inline v0::detail {

class queue_core::run_ticket {
public:
    explicit run_ticket(std::shared_ptr<queue_core> queue) : queue_(std::move(queue)) {}
    run_ticket(run_ticket&&) noexcept = default;
    run_ticket& operator=(run_ticket&&) = delete;
    ~run_ticket() {
        if (!queue_) return;
        if (queue_->forked()) {
            leave_to_parent(std::move(queue_));
        } else {
            queue_->abandon();
        }
    }

    const std::shared_ptr<queue_core>& queue() const noexcept { return queue_; }
    void give_back() noexcept { queue_.reset(); }

private:
    std::shared_ptr<queue_core> queue_;
};

HUBPUSH_DECL void queue_core::start(const asio::any_io_executor& where) {
    initiate(where, run(run_ticket(shared_from_this())), [](const std::exception_ptr&) {});
}

/// The run loop. It ends when the queue is empty, so that a queue without work keeps no executor busy.
HUBPUSH_DECL task<void> queue_core::run(run_ticket ticket) {
    const std::shared_ptr<queue_core> self = ticket.queue();
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);  // `co_spawn` may run the first job inside `submit`
    for (;;) {
        const auto group = std::make_shared<task_group>(executor);
        const std::shared_ptr<job_record> job = self->begin_next(group);
        if (!job) break;
        group->spawn(perform(self, job));
        co_await group->join();
    }
    ticket.give_back();
}

HUBPUSH_DECL std::shared_ptr<job_record> queue_core::begin_next(std::shared_ptr<task_group> group) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<job_record> head = ledger_.begin_head();
    if (head) {
        running_ = std::move(group);
    } else {
        strand_.reset();
    }
    return head;
}

HUBPUSH_DECL task<void> queue_core::perform(std::shared_ptr<queue_core> self, std::shared_ptr<job_record> job) {
    std::exception_ptr failure;
    try {
        co_await attempt_patiently(*self, *job);
    } catch (...) {
        failure = translate(std::current_exception());
    }
    job->release_work();
    self->finish(*job, failure);
}

HUBPUSH_DECL task<void> queue_core::attempt_patiently(queue_core& self, job_record& job) {
    patience left(self.options_.give_up_after());
    for (;;) {
        std::exception_ptr failure;
        try {
            co_await job.attempt();
            co_return;
        } catch (...) {
            failure = std::current_exception();
        }
        const std::optional<std::chrono::milliseconds> duration = self.pause_after(failure, job, left);
        if (!duration) std::rethrow_exception(failure);
        co_await pause(self, job, *duration);
    }
}

HUBPUSH_DECL std::optional<std::chrono::milliseconds> queue_core::pause_after(const std::exception_ptr& failure,
                                                                              job_record& job, patience& left) {
    if (!job.may_run_again()) return std::nullopt;
    try {
        std::rethrow_exception(failure);
    } catch (const error& known) {
        if (!options_.may_be_waited_out(known)) return std::nullopt;
        const seams& world = options_.seams();
        const auto duration = left.next_pause(world.clock().now(), known.retry_after(), world.random().next());
        if (duration) {
            const auto seconds = std::chrono::ceil<std::chrono::seconds>(*duration).count();
            world.log().write(log_level::warning, job.label() + " is tried again in " + std::to_string(seconds) +
                                                      " s: " + describe(failure));
        }
        return duration;
    } catch (...) {
        return std::nullopt;
    }
}

HUBPUSH_DECL task<void> queue_core::pause(queue_core& self, job_record& job, std::chrono::milliseconds duration) {
    self.set_status(job, job_status::retrying);
    co_await accept_cancellation();  // the work may have changed how its coroutine takes cancellation
    co_await sleep_for(self.options_.seams().clock(), duration);
    self.set_status(job, job_status::running);
}

/// Throws when the job was cancelled meanwhile: the interruption may have come and gone while the work did not listen.
HUBPUSH_DECL void queue_core::set_status(job_record& job, job_status status) {
    const std::lock_guard lock(mutex_);
    if (ledger_.cancel_requested(job) || stopped_) {
        throw_error(errc::cancelled, job.label() + " was cancelled between two attempts");
    }
    ledger_.set_status(job, status);
}

HUBPUSH_DECL void queue_core::finish(job_record& job, std::exception_ptr failure) {
    std::string result = failure ? std::string() : job.result_text();
    job_list dropped;
    std::unique_lock lock(mutex_);
    running_.reset();
    ledger_.end(job, std::move(failure), std::move(result));
    const bool rest_goes = options_.after_failure() == failed_job::cancel_the_rest;
    if (rest_goes && ledger_.status(job) == job_status::failed) dropped = cancel_rest(job);
    jobs_have_ended();
    const bool report = reports_;
    lock.unlock();
    for (const std::shared_ptr<job_record>& each : dropped) each->release_work();
    if (report) report_unread();
}

/// The executor was destroyed with the run loop in it. The work that has begun is not released here: its frames, which
/// may refer to it, are being destroyed right now, in any order.
HUBPUSH_DECL void queue_core::abandon() noexcept {
    const std::exception_ptr failure =
        make_exception(errc::cancelled, "the executor of the queue ended before the job");
    std::unique_lock lock(mutex_);
    strand_.reset();
    running_.reset();
    const job_list dropped = ledger_.end_waiting(failure);
    const job_list begun = ledger_.unfinished();
    for (const std::shared_ptr<job_record>& job : begun) ledger_.end(*job, failure);
    close();
    const bool report = reports_;
    lock.unlock();
    for (const std::shared_ptr<job_record>& job : dropped) job->release_work();
    if (!report) return;
    try {
        report_unread();
    } catch (...) {  // no memory for a line, and nobody is left to be told
    }
}

}  // namespace hubpush::inline v0::detail
