#pragma once

#include "co_test.hpp"
#include "test_seams.hpp"

#include <hubpush/async/timing.hpp>
#include <hubpush/queue/fifo_queue.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush_test {

/// A queue in virtual time, on a context that the test runs.
struct virtual_queue {
    explicit virtual_queue(hubpush::queue_options options = hubpush::queue_options())
        : queue(context.get_executor(), options.use(world.get())) {}

    /// Runs everything that time brings.
    void run() { run_virtual(context, *world.clock); }
    /// Runs what is ready and lets no time pass.
    void poll() {
        context.restart();
        context.poll();
    }
    hubpush::task<void> sleep(std::chrono::nanoseconds duration) { return hubpush::sleep_for(*world.clock, duration); }
    /// Queues work that takes so long.
    hubpush::job<void> submit_sleep(std::chrono::nanoseconds duration, std::string name) {
        return queue.submit([this, duration] { return sleep(duration); }, std::move(name));
    }

    test_seams world;
    asio::io_context context;
    hubpush::fifo_queue queue;
};

/// How a coroutine ended that a test has started and looks at later.
template <class T>
class outcome_of {
public:
    template <class Executor>
    outcome_of(Executor where, hubpush::task<T> work) {
        hubpush::initiate(
            where, std::move(work),
            asio::bind_cancellation_slot(stop_->slot(), [state = state_](std::exception_ptr error, T value) {
                state->failure = error;
                state->value.emplace(std::move(value));
            }));
    }
    void cancel(asio::cancellation_type type) { stop_->emit(type); }
    bool ended() const { return state_->value.has_value(); }
    const T& get() const {
        if (!state_->value) throw std::runtime_error("it has not ended");
        if (state_->failure) std::rethrow_exception(state_->failure);
        return *state_->value;
    }

private:
    struct state {
        std::exception_ptr failure;
        std::optional<T> value;
    };
    std::shared_ptr<asio::cancellation_signal> stop_ = std::make_shared<asio::cancellation_signal>();
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

inline hubpush::error_details retryable() { return hubpush::error_details().retryable(true); }

inline std::vector<hubpush::job_status> statuses(const hubpush::drain_result& drained) {
    std::vector<hubpush::job_status> result;
    for (const hubpush::job_outcome& outcome : drained.outcomes) result.push_back(outcome.status());
    return result;
}

/// Why the n-th job of a drain was not done.
inline std::string reason(const hubpush::drain_result& drained, std::size_t n) {
    return hubpush::describe(drained.outcomes.at(n).failure());
}

}  // namespace hubpush_test
