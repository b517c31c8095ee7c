#pragma once

#include <hubpush/queue/background.hpp>

#include <hubpush/async/timing.hpp>

#include <atomic>
#include <thread>

namespace hubpush::inline v0 {

namespace detail {

inline client_call::takes client_options_of(const background_call::takes& options, const seams& world) {
    client_call::takes result;
    result.put_from(options);
    result.put(use_seams(world));
    // A job behind a training loop looks for a lost commit as long as it would wait for anything else.
    if (!result.get<commit_patience>()) result.put(commit_patience(options.get_or_default<give_up_after>().time()));
    return result;
}

inline bool is_connection_failure(const error& failure) {
    switch (failure.kind()) {
        case errc::transport:
        case errc::timed_out:
        case errc::name_not_found:
        case errc::tls_failed:
            return true;
        default:
            return false;
    }
}

/// A wrong address must be seen at once; an address that has answered before is worth waiting for.
inline bool worth_waiting(const error& failure, bool endpoint_has_answered) {
    return endpoint_has_answered || !is_connection_failure(failure);
}

inline queue_options queue_options_of(const background_call::takes& options, const seams& world, const client& hub) {
    queue_options result;
    result.use(world);
    result.give_up_after(options.get_or_default<give_up_after>().time());
    if (const auto& limit = options.get<queue_limit>()) result.limit(limit->jobs());
    if (const auto& full = options.get<when_full>()) result.when_full(full->policy(), full->longest_wait());
    if (const auto& failure = options.get<after_failure>()) result.after_failure(failure->policy());
    result.may_wait_out([&hub](const error& failure) { return worth_waiting(failure, hub.has_answered()); });
    return result;
}

}  // namespace detail

/// Behind a pointer, so that a child process can leave it alone: there is no thread there to join.
class background::state {
public:
    explicit state(const background_call::takes& options)
        : world(detail::seams_of(options)),
          hub(context.get_executor(), detail::client_options_of(options, world)),
          queue(context.get_executor(), detail::queue_options_of(options, world, hub)),
          close_within(options.get_or_default<hubpush::close_within>().time()),
          thread_([this] { run(); }) {}

    void join() {
        context.stop();
        thread_.join();
    }

    seams world;  // shared by client and queue
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    client hub;
    fifo_queue queue;
    const std::chrono::milliseconds close_within;
    // Shared with every drain under way, which may end after this.
    const std::shared_ptr<std::atomic<bool>> out_of_time = std::make_shared<std::atomic<bool>>(false);

private:
    void run() {
        for (;;) {
            try {
                context.run();
                return;
            } catch (...) {  // a handler threw; the thread and the other jobs go on
                world.log().write(log_level::error, "on the background thread: " + describe(std::current_exception()));
            }
        }
    }

    std::thread thread_;
};

HUBPUSH_DECL background::background(background_call::takes options) {
    static_cast<void>(error_category());  // made before a static object of this class, and so gone after it
    state_ = std::make_unique<state>(options);
}

HUBPUSH_DECL background::~background() {
    if (state_->queue.forked()) {
        static_cast<void>(state_.release());
        return;
    }
    state_->queue.refuse_new();
    const steady_time latest = detail::deadline_after(std::chrono::steady_clock::now(), state_->close_within);
    if (!*state_->out_of_time) state_->queue.wait_until(latest);
    state_->queue.stop();
    state_->queue.wait_until(std::nullopt);
    state_->join();
}

HUBPUSH_DECL std::vector<trace_event> background::trace() const {
    if (state_->queue.forked()) throw_error(errc::forked, "this object belongs to the parent process");
    return state_->hub.trace();
}

HUBPUSH_DECL client& background::hub() noexcept { return state_->hub; }

HUBPUSH_DECL fifo_queue& background::queue() noexcept { return state_->queue; }

HUBPUSH_DECL void background::cancel_all() { state_->queue.cancel_all(); }

HUBPUSH_DECL drain_result background::drain() {
    const auto out_of_time = state_->out_of_time;
    drain_result result = state_->queue.drain();
    *out_of_time = false;
    return result;
}

HUBPUSH_DECL drain_result background::drain_until(steady_time deadline) {
    const auto out_of_time = state_->out_of_time;
    drain_result result = state_->queue.drain_until(deadline);
    *out_of_time = result.remaining != 0;
    return result;
}

}  // namespace hubpush::inline v0
