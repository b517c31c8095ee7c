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

class forwarded_cancellation {
public:
    explicit forwarded_cancellation(asio::any_io_executor of_work) : of_work_(std::move(of_work)) {}

    asio::cancellation_slot slot() noexcept { return signal_.slot(); }

    /// Always terminal too: before the first line of the work has run, Asio lets no other type through, and it would be
    /// lost.
    static void emit(std::shared_ptr<forwarded_cancellation> self, asio::cancellation_type type) {
        asio::dispatch(self->of_work_, [self, type] { self->signal_.emit(type | asio::cancellation_type::terminal); });
    }

private:
    asio::any_io_executor of_work_;
    asio::cancellation_signal signal_;
};

HUBPUSH_DECL waiting_elsewhere::waiting_elsewhere(asio::any_io_executor of_work, asio::any_io_executor of_handler,
                                                  asio::cancellation_slot outer)
    : of_work_(std::move(of_work)), of_handler_(std::move(of_handler)), outer_(outer) {
    if (!outer_.is_connected()) return;
    cancellation_ = std::make_shared<forwarded_cancellation>(of_work_);
    // The slot, and what is on its way, may outlive the handler and its executor: they hold nothing of them.
    outer_.assign([weak = std::weak_ptr(cancellation_)](asio::cancellation_type type) {
        if (auto cancellation = weak.lock()) forwarded_cancellation::emit(std::move(cancellation), type);
    });
}

HUBPUSH_DECL void waiting_elsewhere::stop_listening() noexcept {
    if (outer_.is_connected()) outer_.clear();
}

/// The completion handler that `co_spawn` sees.
class end_of_work {
public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    explicit end_of_work(std::shared_ptr<waiting_elsewhere> waiting) : waiting_(std::move(waiting)) {}

    executor_type get_executor() const noexcept { return waiting_->of_handler_; }
    cancellation_slot_type get_cancellation_slot() const noexcept {
        return waiting_->cancellation_ ? waiting_->cancellation_->slot() : asio::cancellation_slot();
    }
    void operator()(std::exception_ptr failure) { waiting_->complete(waiting_, std::move(failure)); }

private:
    std::shared_ptr<waiting_elsewhere> waiting_;
};

HUBPUSH_DECL void waiting_elsewhere::start(task<void> work, std::shared_ptr<waiting_elsewhere> self) {
    const asio::any_io_executor executor = self->of_work_;
    asio::co_spawn(executor, root(std::move(work)), end_of_work(std::move(self)));
}

}  // namespace hubpush::inline v0::detail
