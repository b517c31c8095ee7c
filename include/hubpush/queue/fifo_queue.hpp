#pragma once

/// \file
/// A strict FIFO of coroutines on an executor: one at a time, in order of submission, every outcome kept until it is
/// read.

#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/queue/job.hpp>
#include <hubpush/queue/queue_core.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// Work the queue takes, and what it gives: a task runs once, a callable that makes tasks can be run again.
template <class Work>
struct work_traits {
    static constexpr bool fits = false;
    static constexpr bool ends_quietly = true;
};

template <class Work>
    requires is_task<std::invoke_result_t<Work&>>
struct work_traits<Work> {
    using made = std::invoke_result_t<Work&>;
    using result = typename made::value_type;
    static constexpr bool fits = true;
    static constexpr bool ends_quietly =
        std::is_nothrow_destructible_v<Work> && (std::is_void_v<result> || std::is_nothrow_destructible_v<result>);
    static constexpr bool may_run_again = true;
    static made start(Work& work) { return work(); }
};

template <class T>
struct work_traits<task<T>> {
    using result = T;
    static constexpr bool fits = true;
    static constexpr bool ends_quietly = std::is_void_v<T> || std::is_nothrow_destructible_v<T>;
    static constexpr bool may_run_again = false;
    static task<T> start(task<T>& work) { return std::move(work); }
};

template <class Work>
class queued_work final : public job_state<typename work_traits<Work>::result> {
public:
    using traits = work_traits<Work>;
    using result = typename traits::result;

    template <class Given>
    queued_work(std::shared_ptr<queue_core> queue, std::string name, Given&& work)
        : job_state<result>(std::move(queue), std::move(name), traits::may_run_again),
          work_(std::forward<Given>(work)) {}

    task<void> attempt() override {
        task<result> work = traits::start(*work_);
        if constexpr (std::is_void_v<result>) {
            co_await std::move(work);
            this->value_.emplace();
        } else {
            result value = co_await std::move(work);
            this->value_.emplace(std::move(value));
        }
    }

    void release_work() noexcept override { work_.reset(); }

private:
    std::optional<Work> work_;
};

template <class T>
task<job<T>> submitted(std::shared_ptr<job_state<T>> queued) {
    co_await queued->queue().async_submit(queued);
    co_return job<T>(queued);
}

}  // namespace detail

/// Runs what is submitted one after the other on a strand of `executor`. To work with a `client`, give it the client's
/// executor. All members are thread-safe.
///
/// A job that fails retryably (`error::retryable()`) waits at the head with growing pauses and a line in the log until
/// it succeeds, fails finally, or `give_up_after` has passed. An exception ends the job that threw it, and no other
/// unless the options say `failed_job::cancel_the_rest`.
///
/// Every outcome is kept until `drain()` takes it, also of jobs whose handles are gone: about 150 bytes each, and
/// without a bound, because a bound would lose outcomes. What a process submits without ever draining adds up.
class fifo_queue {
public:
    /// Throws `invalid_argument` for a limit of no jobs.
    HUBPUSH_DECL explicit fifo_queue(asio::any_io_executor executor, queue_options options = queue_options());
    fifo_queue(const fifo_queue&) = delete;
    fifo_queue& operator=(const fifo_queue&) = delete;

    /// Does what `stop()` does and does not wait, so a job that runs may still touch what it refers to until the
    /// executor has ended it; `co_await close()` before where that matters. Threads and coroutines that wait in a call
    /// may go on doing so: the call ends. Failures nobody has read go to the log, once. The context of the executor may
    /// end before or after, unless the executor is a strand of it: then after; while it ends, no other thread may
    /// submit or cancel. In a child process nothing happens.
    HUBPUSH_DECL ~fifo_queue();

    /// Queues `work` and returns: a `task<T>`, which is run once, or a callable that returns one, which may be called
    /// again after a retryable failure. A coroutine lambda may capture: the queue keeps it until the job has ended.
    /// `name` is for logs and outcomes. Throws `errc::queue_closed`, `errc::forked`, what copying `work` throws, and
    /// nothing else unless there is a limit.
    ///
    /// At the limit `queue_options::when_full` decides. `full_queue::wait` blocks the calling thread until it is its
    /// turn, and throws `queue_full` after `longest_wait`, `errc::queue_closed` when the queue closes or ends before,
    /// and `errc::wrong_thread` on a thread that runs the jobs, which would wait for itself.
    template <class Work>
    auto submit(Work&& work, std::string name = "job") {
        auto queued = make_state(std::forward<Work>(work), name);
        core_->submit(queued);
        return job(std::move(queued));
    }

    /// The same for a coroutine, which waits without blocking; `longest_wait` is on the clock of the queue's seams.
    /// Queued when it is awaited. Cancellation: all types; throws `cancelled`, and then nothing was queued.
    template <class Work>
    auto async_submit(Work&& work, std::string name = "job") {
        static_assert(detail::is_task<std::decay_t<Work>> || detail::callable_is_safe<Work>,
                      "hubpush: on g++ 12 give this lambda a name first and pass the name");
        return detail::submitted(make_state(std::forward<Work>(work), name));
    }

    /// Blocks until every job submitted before the call has ended, and takes all outcomes since the last drain. Throws
    /// `errc::wrong_thread` on a thread that runs the jobs.
    HUBPUSH_DECL drain_result drain();
    /// The same until `deadline` on the steady clock; `remaining` and `left` say what has not ended then. It goes on.
    HUBPUSH_DECL drain_result drain_until(steady_time deadline);

    /// The same two for coroutines; the deadline is on the clock of the queue's seams. Cancellation: all types; throws
    /// `cancelled`, no outcome is taken.
    HUBPUSH_DECL task<drain_result> async_drain();
    HUBPUSH_DECL task<drain_result> async_drain_until(steady_time deadline);

    /// Blocks until every job submitted before the call has ended (true) or `deadline` (false), and takes no outcome.
    HUBPUSH_DECL bool wait_until(std::optional<steady_time> deadline);

    /// Cancels all jobs that have not ended, as `job::cancel` does. Does not wait. Submitting goes on, also for those
    /// who wait for a place.
    HUBPUSH_DECL void cancel_all();
    /// Takes no more jobs: submitting throws `errc::queue_closed`, also for those who wait for a place. What is queued
    /// goes on.
    HUBPUSH_DECL void refuse_new();
    /// Takes no more jobs and cancels all that have not ended. Does not wait. Outcomes can still be drained.
    HUBPUSH_DECL void stop();
    /// Stops, then waits until nothing runs any more.
    HUBPUSH_DECL task<void> close();

    /// True in a child process, where every other call throws `errc::forked`.
    HUBPUSH_DECL bool forked() const noexcept;

private:
    template <class Work>
    auto make_state(Work&& work, const std::string& name) {
        using traits = detail::work_traits<std::decay_t<Work>>;
        static_assert(traits::fits, "hubpush: queued work is a task<T> or a callable that returns one");
        static_assert(traits::ends_quietly,
                      "hubpush: queued work and its result must not throw from their destructors");
        if constexpr (traits::fits && traits::ends_quietly) {
            using item = detail::queued_work<std::decay_t<Work>>;
            using state = detail::job_state<typename traits::result>;
            return std::shared_ptr<state>(
                std::make_shared<item>(core_, printable(name, 200), std::forward<Work>(work)));
        } else {
            return std::shared_ptr<detail::job_state<void>>();
        }
    }

    std::shared_ptr<detail::queue_core> core_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/fifo_queue.ipp>
#endif
