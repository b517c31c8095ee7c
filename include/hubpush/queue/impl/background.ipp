#pragma once

#include <hubpush/queue/background.hpp>

#include <atomic>
#include <thread>

namespace hubpush::inline v0 {

namespace detail {

inline seams background_seams(const background_call::takes& options) {
    seams result;
    if (options.get<use_seams>()) result = options.get<use_seams>()->get();
    if (options.get<log_to>()) result.set_log(options.get<log_to>()->get());
    return result;
}

inline client_call::takes client_options_of(const background_call::takes& options, const seams& world) {
    client_call::takes result = background_options<client_call::takes>::client_part(options);
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
    if (options.get<queue_limit>()) result.limit(options.get<queue_limit>()->jobs());
    result.may_wait_out([&hub](const error& failure) { return worth_waiting(failure, hub.has_answered()); });
    return result;
}

}  // namespace detail

/// Behind a pointer, so that a child process can leave it alone: there is no thread there to join.
class background::state {
public:
    explicit state(const background_call::takes& options)
        : world(detail::background_seams(options)),
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
    std::atomic<bool> out_of_time = false;

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
    if (!state_->out_of_time) state_->queue.wait_until(detail::deadline_after(state_->close_within));
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

HUBPUSH_DECL drain_result background::drain() {
    drain_result result = state_->queue.drain();
    state_->out_of_time = false;
    return result;
}

HUBPUSH_DECL drain_result background::drain_until(steady_time deadline) {
    drain_result result = state_->queue.drain_until(deadline);
    state_->out_of_time = result.remaining != 0;
    return result;
}

}  // namespace hubpush::inline v0
