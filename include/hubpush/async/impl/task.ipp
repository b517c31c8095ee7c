#pragma once

#include <hubpush/async/task.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL task<void> root(task<void> work) {
    std::exception_ptr failure;
    try {
        co_await accept_cancellation();  // throws Asio's own error when it was cancelled before it began
        co_await std::move(work);
    } catch (...) {
        failure = translate(std::current_exception());
    }
    if (failure) std::rethrow_exception(failure);
}

HUBPUSH_DECL void waiting_elsewhere::listen(const std::shared_ptr<waiting_elsewhere>& self) {
    if (!self->outer_.is_connected()) return;
    // The slot may outlive the handler and the executor, and what it holds with it.
    self->outer_.assign([weak = std::weak_ptr(self)](asio::cancellation_type type) {
        const std::shared_ptr<waiting_elsewhere> waiting = weak.lock();
        if (!waiting) return;
        // Always terminal too: before the first line of the work has run, Asio lets no other type through, and it would
        // be lost.
        asio::dispatch(waiting->of_work_,
                       [waiting, type] { waiting->signal_.emit(type | asio::cancellation_type::terminal); });
    });
}

/// The completion handler that `co_spawn` sees.
class end_of_work {
public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    explicit end_of_work(std::shared_ptr<waiting_elsewhere> waiting) : waiting_(std::move(waiting)) {}

    executor_type get_executor() const noexcept { return waiting_->of_handler_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return waiting_->signal_.slot(); }
    void operator()(std::exception_ptr failure) {
        if (waiting_->outer_.is_connected()) waiting_->outer_.clear();
        waiting_->complete(std::move(failure));
    }

private:
    std::shared_ptr<waiting_elsewhere> waiting_;
};

HUBPUSH_DECL void waiting_elsewhere::start(task<void> work, std::shared_ptr<waiting_elsewhere> self) {
    listen(self);
    const asio::any_io_executor executor = self->of_work_;
    asio::co_spawn(executor, root(std::move(work)), end_of_work(std::move(self)));
}

}  // namespace hubpush::inline v0::detail
