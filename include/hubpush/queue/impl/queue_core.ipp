#pragma once

#include <hubpush/queue/queue_core.hpp>

#include <hubpush/core/error.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// Only an io_context and strands of it can be asked; on other executors, and without run-time type information, a
/// blocking call on their own thread is not noticed.
inline bool runs_here(const asio::any_io_executor& executor) {
    using context_executor = asio::io_context::executor_type;
    if (const auto* strand = target_of<asio::strand<asio::any_io_executor>>(executor)) {
        return runs_here(strand->get_inner_executor());
    }
    if (const auto* strand = target_of<asio::strand<context_executor>>(executor)) {
        return strand->get_inner_executor().running_in_this_thread();
    }
    const auto* const context = target_of<context_executor>(executor);
    return context != nullptr && context->running_in_this_thread();
}

HUBPUSH_DECL queue_core::queue_core(asio::any_io_executor executor, queue_options options)
    : options_(std::move(options)), executor_(std::move(executor)) {
    if (options_.limit() == std::size_t{0})
        throw_error(errc::invalid_argument, "the limit of a queue must be one job at least");
}

HUBPUSH_DECL bool queue_core::forked() const noexcept { return birthplace_.forked(); }

HUBPUSH_DECL void queue_core::check_process() const {
    if (forked()) throw_error(errc::forked, "this queue belongs to the parent process");
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
    jobs_have_ended();
    lock.unlock();
    job->release_work();
}

HUBPUSH_DECL void queue_core::cancel_all() {
    check_process();
    std::unique_lock lock(mutex_);
    for (const std::shared_ptr<job_record>& job : ledger_.unfinished()) ledger_.request_cancel(*job);
    const job_list dropped =
        ledger_.end_waiting(make_exception(errc::cancelled, "every job was cancelled before this one began"));
    jobs_have_ended();
    interrupt_running();
    lock.unlock();
    for (const std::shared_ptr<job_record>& job : dropped) job->release_work();
}

/// Those that wait for a place come in for it: they are submitted, as far as their callers can tell.
HUBPUSH_DECL queue_core::job_list queue_core::cancel_rest(const job_record& failed) {
    for (const std::shared_ptr<job_record>& job : std::exchange(line_, {})) ledger_.add(job);
    rest_failure_ = make_exception(errc::cancelled, failed.label() + " failed, and this queue cancels the rest",
                                   error_details().hint("mend the cause, drain the queue and submit it again"));
    return ledger_.end_waiting(rest_failure_);
}

HUBPUSH_DECL void queue_core::interrupt_running() {
    if (running_) asio::post(*strand_, [group = running_] { group->cancel(); });
}

HUBPUSH_DECL void queue_core::close() {
    closed_ = true;
    line_.clear();
    waiters_.notify();
}

HUBPUSH_DECL void queue_core::refuse_new() {
    check_process();
    const std::lock_guard lock(mutex_);
    close();
}

HUBPUSH_DECL void queue_core::stop() {
    check_process();
    std::unique_lock lock(mutex_);
    stopped_ = true;
    const job_list dropped = ledger_.end_waiting(make_exception(
        errc::cancelled, "the queue was closed before the job began", error_details().hint("submit it again")));
    close();
    interrupt_running();
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

/// One line about a job that was not done. Asks its failure, which is foreign code: never under a lock.
inline std::string line_about(const job_outcome& outcome) {
    const bool failed = outcome.status() == job_status::failed;
    return "job " + std::to_string(outcome.number()) + " (" + outcome.name() + ")" +
           (failed ? " failed: " : " was not done: ") + describe(outcome.failure());
}

HUBPUSH_DECL void queue_core::report_unread() {
    std::unique_lock lock(mutex_);
    const std::vector<job_outcome> unread = ledger_.take_unread_failures();
    lock.unlock();
    for (const job_outcome& each : unread) options_.seams().log().write(log_level::error, line_about(each));
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
    rest_failure_ = nullptr;
    return ledger_.take_outcomes();
}

HUBPUSH_DECL milestone queue_core::everything() const {
    check_process();
    const std::lock_guard lock(mutex_);
    return ledger_.everything();
}

HUBPUSH_DECL bool queue_core::inside_a_job() const { return strand_ && strand_->running_in_this_thread(); }

HUBPUSH_DECL bool queue_core::on_executor_thread() const { return strand_ && runs_here(strand_->get_inner_executor()); }

/// For coroutines, whose frames may outlive the frame that holds the queue.
HUBPUSH_DECL std::shared_ptr<wait_list> queue_core::waiters() { return {shared_from_this(), &waiters_}; }

HUBPUSH_DECL bool queue_core::wait(milestone until, std::optional<steady_time> deadline) {
    check_process();
    std::unique_lock lock(mutex_);
    // Inside a job always, so that the mistake does not depend on timing. Elsewhere the executor may be gone once all
    // is done.
    if (inside_a_job() || (!ledger_.reached(until) && on_executor_thread())) {
        throw_error(errc::wrong_thread, "a thread that runs the queue's jobs must not block until one has ended");
    }
    return waiters_.wait(lock, [&] { return ledger_.reached(until); }, deadline);
}

HUBPUSH_DECL task<bool> queue_core::async_wait(milestone until, std::optional<steady_time> deadline) {
    const std::shared_ptr<queue_core> self = shared_from_this();
    check_process();
    {
        const std::lock_guard lock(mutex_);
        if (ledger_.reached(until)) co_return true;
        if (inside_a_job()) throw_error(errc::wrong_thread, "a job must not wait for itself or for a job behind it");
    }
    const wait_list::condition reached = [core = this, until] { return core->ledger_.reached(until); };
    co_return co_await wait_list::async_wait(waiters(), options_.seams().clock(), reached, deadline);
}

}  // namespace hubpush::inline v0::detail
