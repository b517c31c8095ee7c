#pragma once

#include <hubpush/queue/queue_core.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <string>
#include <vector>

#include <unistd.h>

namespace hubpush::inline v0::detail {

/// A coroutine that waits. The timer never expires; it is cancelled to wake the coroutine, on the coroutine's own
/// strand.
struct queue_core::parked {
    parked(milestone awaited, const asio::any_io_executor& executor)
        : until(awaited), wake(executor, asio::steady_timer::time_point::max()) {}

    const milestone until;
    asio::steady_timer wake;
};

/// Wakers post under the mutex and this leaves the list under it, so nobody posts to an executor that is gone.
class queue_core::parking_space {
public:
    parking_space(std::shared_ptr<queue_core> queue, milestone until, const asio::any_io_executor& executor)
        : queue_(std::move(queue)), parked_(std::make_shared<parked>(until, executor)) {
        const std::lock_guard lock(queue_->mutex_);
        queue_->parked_.push_back(parked_);
    }
    parking_space(const parking_space&) = delete;
    parking_space& operator=(const parking_space&) = delete;
    ~parking_space() {
        const std::lock_guard lock(queue_->mutex_);
        queue_->parked_.remove(parked_);
    }

    bool reached() const {
        const std::lock_guard lock(queue_->mutex_);
        return queue_->ledger_.reached(parked_->until);
    }
    const std::shared_ptr<parked>& waiter() const noexcept { return parked_; }

private:
    std::shared_ptr<queue_core> queue_;
    std::shared_ptr<parked> parked_;
};

class queue_core::run_ticket {
public:
    explicit run_ticket(std::shared_ptr<queue_core> queue) : queue_(std::move(queue)) {}
    run_ticket(run_ticket&&) noexcept = default;
    run_ticket& operator=(run_ticket&&) = delete;
    ~run_ticket() {
        if (queue_) queue_->abandon();
    }

    const std::shared_ptr<queue_core>& queue() const noexcept { return queue_; }
    void give_back() noexcept { queue_.reset(); }

private:
    std::shared_ptr<queue_core> queue_;
};

HUBPUSH_DECL queue_core::queue_core(asio::any_io_executor executor, queue_options options)
    : options_(std::move(options)), process_(::getpid()), executor_(std::move(executor)) {}

HUBPUSH_DECL bool queue_core::forked() const noexcept { return ::getpid() != process_; }

HUBPUSH_DECL void queue_core::check_process() const {
    if (forked()) throw_error(errc::forked, "this queue belongs to the parent process");
}

HUBPUSH_DECL void queue_core::submit(std::shared_ptr<job_record> job) {
    check_process();
    std::unique_lock lock(mutex_);
    if (closed_) throw_error(errc::queue_closed, job->name() + " was submitted to a closed queue");
    const std::size_t unfinished = ledger_.unfinished().size();
    if (options_.limit() && unfinished >= *options_.limit()) {
        throw_error(errc::queue_full,
                    job->name() + " finds " + std::to_string(unfinished) + " unfinished jobs in the queue");
    }
    ledger_.add(std::move(job));
    if (strand_) return;
    const strand where = strand_.emplace(executor_);
    lock.unlock();
    start(where);
}

/// Posted, because `co_spawn` may run the first job inside this very call.
HUBPUSH_DECL void queue_core::start(strand where) {
    asio::post(where, [where, ticket = run_ticket(shared_from_this())]() mutable {
        initiate(where, run(std::move(ticket)), [](const std::exception_ptr&) {});
    });
}

/// The run loop. It ends when the queue is empty, so that a queue without work keeps no executor busy.
HUBPUSH_DECL task<void> queue_core::run(run_ticket ticket) {
    const std::shared_ptr<queue_core> self = ticket.queue();
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
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
    if (ledger_.cancel_requested(job) || closed_) {
        throw_error(errc::cancelled, job.label() + " was cancelled between two attempts");
    }
    ledger_.set_status(job, status);
}

HUBPUSH_DECL void queue_core::finish(job_record& job, std::exception_ptr failure) {
    std::unique_lock lock(mutex_);
    running_.reset();
    ledger_.end(job, std::move(failure));
    wake_waiters();
    const bool report = reports_;
    lock.unlock();
    if (report) report_unread();
}

HUBPUSH_DECL void queue_core::wake_waiters() {
    ended_.notify_all();
    for (const std::shared_ptr<parked>& waiter : parked_) {
        if (!ledger_.reached(waiter->until)) continue;
        asio::post(waiter->wake.get_executor(), [waiter] { waiter->wake.cancel(); });
    }
}

HUBPUSH_DECL void queue_core::cancel(const std::shared_ptr<job_record>& job) {
    check_process();
    std::unique_lock lock(mutex_);
    if (has_ended(ledger_.status(*job))) return;
    ledger_.request_cancel(*job);
    if (ledger_.status(*job) != job_status::waiting) {
        interrupt_running();
        return;
    }
    ledger_.end(*job, make_exception(errc::cancelled, job->label() + " was cancelled before it began"));
    wake_waiters();
    lock.unlock();
    job->release_work();
}

HUBPUSH_DECL void queue_core::interrupt_running() {
    if (running_) asio::post(*strand_, [group = running_] { group->cancel(); });
}

HUBPUSH_DECL void queue_core::stop() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    const auto dropped = ledger_.end_waiting(make_exception(
        errc::cancelled, "the queue was closed before the job began", error_details().hint("submit it again")));
    wake_waiters();
    interrupt_running();
    lock.unlock();
    for (const std::shared_ptr<job_record>& job : dropped) job->release_work();
}

/// The executor was destroyed with the run loop in it. The work that has begun is not released here: its frames, which
/// may refer to it, are being destroyed right now, in any order.
HUBPUSH_DECL void queue_core::abandon() noexcept {
    const std::exception_ptr failure =
        make_exception(errc::cancelled, "the executor of the queue ended before the job");
    std::unique_lock lock(mutex_);
    strand_.reset();
    running_.reset();
    const auto dropped = ledger_.end_waiting(failure);
    const auto begun = ledger_.unfinished();
    for (const std::shared_ptr<job_record>& job : begun) ledger_.end(*job, failure);
    wake_waiters();
    lock.unlock();
    for (const std::shared_ptr<job_record>& job : dropped) job->release_work();
}

HUBPUSH_DECL void queue_core::retire() {
    stop();
    std::unique_lock lock(mutex_);
    executor_ = asio::any_io_executor();
    reports_ = true;
    lock.unlock();
    report_unread();
}

HUBPUSH_DECL void queue_core::report_unread() {
    std::unique_lock lock(mutex_);
    const std::vector<std::string> lines = ledger_.take_unread_failures();
    lock.unlock();
    for (const std::string& line : lines) options_.seams().log().write(log_level::error, line);
}

HUBPUSH_DECL job_status queue_core::status(const job_record& job) const {
    check_process();
    const std::lock_guard lock(mutex_);
    return ledger_.status(job);
}

HUBPUSH_DECL void queue_core::check_outcome(const job_record& job) {
    const std::lock_guard lock(mutex_);
    if (const std::exception_ptr failure = ledger_.read_failure(job)) std::rethrow_exception(failure);
}

HUBPUSH_DECL drain_result queue_core::take_outcomes() {
    const std::lock_guard lock(mutex_);
    return ledger_.take_outcomes();
}

HUBPUSH_DECL milestone queue_core::everything() const {
    check_process();
    const std::lock_guard lock(mutex_);
    return ledger_.everything();
}

HUBPUSH_DECL bool queue_core::inside_a_job() const { return strand_ && strand_->running_in_this_thread(); }

/// Only an io_context can be asked; on other executors a blocking call on their own thread is not noticed.
HUBPUSH_DECL bool queue_core::on_executor_thread() const {
    if (!strand_) return false;
    const asio::any_io_executor executor = strand_->get_inner_executor();
    const auto* const context = executor.target<asio::io_context::executor_type>();
    return context != nullptr && context->running_in_this_thread();
}

HUBPUSH_DECL bool queue_core::wait(milestone until, std::optional<steady_time> deadline) {
    check_process();
    std::unique_lock lock(mutex_);
    // Inside a job always, so that the mistake does not depend on timing. Elsewhere the executor may be gone once all
    // is done.
    if (inside_a_job() || (!ledger_.reached(until) && on_executor_thread())) {
        throw_error(errc::wrong_thread, "a thread that runs the queue's jobs must not block until one has ended");
    }
    const auto done = [&] { return ledger_.reached(until); };
    if (deadline) return ended_.wait_until(lock, *deadline, done);
    ended_.wait(lock, done);
    return true;
}

HUBPUSH_DECL task<bool> queue_core::async_wait(milestone until, std::optional<steady_time> deadline) {
    const std::shared_ptr<queue_core> self = shared_from_this();
    check_process();
    {
        const std::lock_guard lock(mutex_);
        if (ledger_.reached(until)) co_return true;
        if (inside_a_job()) throw_error(errc::wrong_thread, "a job must not wait for itself or for a job behind it");
    }
    // On a strand of its own the wake-up cannot overtake the wait, whatever executor the caller is on.
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_return co_await initiate(asio::make_strand(executor), wait_parked(self, until, deadline), asio::use_awaitable);
}

HUBPUSH_DECL task<bool> queue_core::wait_parked(std::shared_ptr<queue_core> self, milestone until,
                                                std::optional<steady_time> deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const parking_space space(self, until, executor);
    const std::shared_ptr<parked> waiter = space.waiter();
    clock& time = self->options_.seams().clock();
    const std::unique_ptr<timer> alarm = time.make_timer(executor);
    if (deadline) alarm->start(*deadline, [waiter] { waiter->wake.cancel(); });
    while (!space.reached()) {
        co_await throw_if_cancelled();
        if (deadline && time.now() >= *deadline) co_return false;
        std::error_code woken;
        co_await waiter->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return true;
}

}  // namespace hubpush::inline v0::detail
