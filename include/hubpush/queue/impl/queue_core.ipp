#pragma once

#include <hubpush/queue/queue_core.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <unistd.h>
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

inline std::string label(std::uint64_t number, const std::string& name) {
    return "job " + std::to_string(number) + " (" + name + ")";
}

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
        return queue_->reached(parked_->until);
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
    if (options_.limit() && jobs_.size() >= *options_.limit()) {
        throw_error(errc::queue_full,
                    job->name() + " finds " + std::to_string(jobs_.size()) + " unfinished jobs in the queue");
    }
    job->number_ = last_number_ + 1;
    jobs_.push_back(std::move(job));
    ++last_number_;
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
    if (jobs_.empty()) {
        strand_.reset();
        return nullptr;
    }
    jobs_.front()->status_ = job_status::running;
    running_ = std::move(group);
    return jobs_.front();
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
            world.log().write(log_level::warning, label(job.number_, job.name_) + " is tried again in " +
                                                      std::to_string(seconds) + " s: " + describe(failure));
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
    if (job.cancel_requested_ || closed_) {
        throw_error(errc::cancelled, label(job.number_, job.name_) + " was cancelled between two attempts");
    }
    job.status_ = status;
}

HUBPUSH_DECL void queue_core::finish(job_record& job, std::exception_ptr failure) {
    std::unique_lock lock(mutex_);
    running_.reset();
    end(job, std::move(failure));
    const bool report = reports_;
    lock.unlock();
    if (report) report_unread();
}

HUBPUSH_DECL void queue_core::end(job_record& job, std::exception_ptr failure) {
    const job_status status = status_of(failure);
    job_outcome outcome(job.number_, job.name_, status, failure, failure ? std::string() : job.result_text());
    outcomes_[job.number_] = known_outcome{std::move(outcome), job.cancel_requested_};
    job.failure_ = std::move(failure);
    job.status_ = status;
    jobs_.erase(find(job.number_));
    wake_waiters();
}

HUBPUSH_DECL queue_core::job_list::iterator queue_core::find(std::uint64_t number) {
    return std::lower_bound(jobs_.begin(), jobs_.end(), number,
                            [](const auto& job, std::uint64_t wanted) { return job->number_ < wanted; });
}

HUBPUSH_DECL void queue_core::wake_waiters() {
    ended_.notify_all();
    for (const std::shared_ptr<parked>& waiter : parked_) {
        if (!reached(waiter->until)) continue;
        asio::post(waiter->wake.get_executor(), [waiter] { waiter->wake.cancel(); });
    }
}

HUBPUSH_DECL void queue_core::cancel(const std::shared_ptr<job_record>& job) {
    check_process();
    std::unique_lock lock(mutex_);
    if (has_ended(job->status_)) return;
    job->cancel_requested_ = true;
    if (job->status_ != job_status::waiting) {
        interrupt_running();
        return;
    }
    end(*job, make_exception(errc::cancelled, label(job->number_, job->name_) + " was cancelled before it began"));
    lock.unlock();
    job->release_work();
}

HUBPUSH_DECL void queue_core::interrupt_running() {
    if (running_) asio::post(*strand_, [group = running_] { group->cancel(); });
}

HUBPUSH_DECL void queue_core::stop() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    const job_list dropped = end_waiting(make_exception(errc::cancelled, "the queue was closed before the job began",
                                                        error_details().hint("submit it again")));
    interrupt_running();
    lock.unlock();
    for (const std::shared_ptr<job_record>& job : dropped) job->release_work();
}

HUBPUSH_DECL queue_core::job_list queue_core::end_waiting(const std::exception_ptr& failure) {
    const auto begun = [](const auto& job) { return job->status_ != job_status::waiting; };
    job_list waiting(std::find_if_not(jobs_.begin(), jobs_.end(), begun), jobs_.end());
    for (const std::shared_ptr<job_record>& job : waiting) end(*job, failure);
    return waiting;
}

/// The executor was destroyed with the run loop in it. The work that has begun is not released here: its frames, which
/// may refer to it, are being destroyed right now, in any order.
HUBPUSH_DECL void queue_core::abandon() noexcept {
    const std::exception_ptr failure =
        make_exception(errc::cancelled, "the executor of the queue ended before the job");
    std::unique_lock lock(mutex_);
    strand_.reset();
    running_.reset();
    const job_list dropped = end_waiting(failure);
    const job_list begun = jobs_;
    for (const std::shared_ptr<job_record>& job : begun) end(*job, failure);
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
    std::vector<std::string> lines;
    std::unique_lock lock(mutex_);
    for (auto& [number, known] : outcomes_) {
        if (known.read || known.outcome) continue;
        known.read = true;
        const bool failed = known.outcome.status() == job_status::failed;
        lines.push_back(label(number, known.outcome.name()) + (failed ? " failed: " : " was not done: ") +
                        describe(known.outcome.failure()));
    }
    lock.unlock();
    for (const std::string& line : lines) options_.seams().log().write(log_level::error, line);
}

HUBPUSH_DECL job_status queue_core::status(const job_record& job) const {
    check_process();
    const std::lock_guard lock(mutex_);
    return job.status_;
}

HUBPUSH_DECL void queue_core::check_outcome(const job_record& job) {
    const std::lock_guard lock(mutex_);
    const auto known = outcomes_.find(job.number_);
    if (known != outcomes_.end()) known->second.read = true;
    if (job.failure_) std::rethrow_exception(job.failure_);
}

HUBPUSH_DECL drain_result queue_core::take_outcomes() {
    std::vector<job_outcome> ended;
    std::vector<job_outcome> left;
    const std::lock_guard lock(mutex_);
    for (auto& [number, known] : outcomes_) ended.push_back(std::move(known.outcome));
    outcomes_.clear();
    for (const auto& job : jobs_) left.emplace_back(job->number_, job->name_, job->status_, nullptr, std::string());
    return drain_result(std::move(ended), std::move(left));
}

HUBPUSH_DECL milestone queue_core::everything() const {
    check_process();
    const std::lock_guard lock(mutex_);
    return {last_number_, true};
}

HUBPUSH_DECL bool queue_core::reached(milestone until) const {
    if (until.with_all_before) return jobs_.empty() || jobs_.front()->number_ > until.number;
    const auto by_number = [](const auto& job, std::uint64_t wanted) { return job->number_ < wanted; };
    const auto found = std::lower_bound(jobs_.begin(), jobs_.end(), until.number, by_number);
    return found == jobs_.end() || (*found)->number_ != until.number;
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
    if (inside_a_job() || (!reached(until) && on_executor_thread())) {
        throw_error(errc::wrong_thread, "a thread that runs the queue's jobs must not block until one has ended");
    }
    const auto done = [&] { return reached(until); };
    if (deadline) return ended_.wait_until(lock, *deadline, done);
    ended_.wait(lock, done);
    return true;
}

HUBPUSH_DECL task<bool> queue_core::async_wait(milestone until, std::optional<steady_time> deadline) {
    const std::shared_ptr<queue_core> self = shared_from_this();
    check_process();
    {
        const std::lock_guard lock(mutex_);
        if (reached(until)) co_return true;
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
