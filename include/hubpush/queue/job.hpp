#pragma once

/// \file
/// The handle on one queued piece of work.

#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/queue/outcome.hpp>
#include <hubpush/queue/queue_core.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

/// A job with the place for its result.
template <class T>
class job_state : public job_record {
public:
    using stored = value_of<T>;
    using job_record::job_record;

    /// Only after the job has ended; rethrows its failure.
    const stored& result() {
        queue().check_outcome(*this);
        return *value_;
    }

    /// A result whose `url()` throws has no address; the result counts.
    std::string result_text() const override {
        try {
            if constexpr (requires(const stored& value) { std::string(value.url); }) {
                return std::string(value_->url);
            } else if constexpr (requires(const stored& value) { std::string(value.url()); }) {
                return std::string(value_->url());
            }
        } catch (...) {
        }
        return std::string();
    }

protected:
    std::optional<stored> value_;
};

template <class T>
task<T> result_of(std::shared_ptr<job_state<T>> state) {
    const milestone end_of_job{state->number(), false};
    co_await state->queue().async_wait(end_of_job, std::nullopt);
    if constexpr (std::is_void_v<T>) {
        state->result();
    } else {
        co_return state->result();
    }
}

}  // namespace detail

/// A handle on queued work that gives a `T`. Cheap to copy; all copies mean the same job; `T` is copied out on every
/// reading. The result is kept as long as a handle lives; throwing all handles away changes nothing for the job, whose
/// outcome is still told by `drain()`. Thread-safe; handles may outlive the queue.
///
/// Every member throws `invalid_argument` on an empty handle and, if it needs the queue, `errc::forked` in a child
/// process.
template <class T>
class job {
public:
    /// An empty handle.
    job() = default;
    explicit job(std::shared_ptr<detail::job_state<T>> state) : state_(std::move(state)) {}

    bool valid() const noexcept { return state_ != nullptr; }
    std::uint64_t number() const { return state().number(); }  ///< counts the jobs of one queue, from 1
    const std::string& name() const { return state().name(); }
    job_status status() const { return state().queue().status(state()); }
    bool ready() const { return has_ended(status()); }  ///< `get()` would not block

    /// Waits until the job has ended, however long that takes; gives its result or throws what went wrong. On a thread
    /// that runs the queue's jobs it throws `errc::wrong_thread` instead of waiting for itself.
    T get() const {
        state().queue().wait(end_of_job(), std::nullopt);
        if constexpr (std::is_void_v<T>) {
            state().result();
        } else {
            return state().result();
        }
    }

    /// Waits on the steady clock; true when the job has ended. Throws as `get()` does for the wrong thread.
    bool wait_until(steady_time deadline) const { return state().queue().wait(end_of_job(), deadline); }
    template <class Rep, class Period>
    bool wait_for(std::chrono::duration<Rep, Period> duration) const {
        const auto now = std::chrono::steady_clock::now();
        return wait_until(detail::deadline_after(now, std::chrono::ceil<std::chrono::milliseconds>(duration)));
    }

    /// What `get()` gives, for a coroutine on any executor. Cancellation: all types; it ends the wait with `cancelled`
    /// and leaves the job alone. Inside a job of the same queue, as far as it stays on the queue's strand, waiting for
    /// one that has not ended throws `errc::wrong_thread`; elsewhere such a wait has no end.
    task<T> async_get() const& { return detail::result_of<T>(checked()); }
    /// Name the handle first: `co_await queue.submit([captures] …).async_get()` would put a lambda into a `co_await`
    /// expression, which g++ 12 destroys twice.
    task<T> async_get() const&& = delete;

    /// Takes the job out of the queue, or cancels it where it stands (terminal cancellation on the queue's executor).
    /// It may still end in another way when it was about to. Does not wait; harmless after the end.
    void cancel() const { state().queue().cancel(checked()); }

private:
    const std::shared_ptr<detail::job_state<T>>& checked() const {
        if (!state_) throw_error(errc::invalid_argument, "an empty job handle was used");
        return state_;
    }
    detail::job_state<T>& state() const { return *checked(); }
    detail::milestone end_of_job() const { return {state().number(), false}; }

    std::shared_ptr<detail::job_state<T>> state_;
};

}  // namespace hubpush::inline v0
