#pragma once

#include <hubpush/async/group.hpp>

namespace hubpush::inline v0 {

/// Shared with the children's completion handlers, because a destroyed io_context may end parent and children in any
/// order.
struct task_group::state {
    explicit state(asio::any_io_executor where) : executor(std::move(where)), changed(executor) {}

    asio::any_io_executor executor;
    notifier changed;
    std::list<asio::cancellation_signal> children;  // a list: the address of a signal must not change
    std::exception_ptr first_failure;
    bool stopping = false;
    bool in_turn = false;  // the oldest child has been cancelled, and nobody has failed yet

    void cancel_oldest() {
        in_turn = true;
        if (!children.empty()) children.front().emit(asio::cancellation_type::terminal);
    }

    void cancel() {
        stopping = true;
        for (auto next = children.begin(); next != children.end();) {
            const auto child = next++;  // an emit may end the child at once
            child->emit(asio::cancellation_type::terminal);
        }
    }

    void ended(std::list<asio::cancellation_signal>::iterator child, std::exception_ptr failure) {
        children.erase(child);
        if (failure) {
            record(translate(std::move(failure)));
        } else if (in_turn && !stopping) {
            cancel_oldest();
        }
        changed.notify_all();
    }

    /// The first failure counts, but a mere cancellation tells less than what comes after it.
    void record(std::exception_ptr failure) {
        if (first_failure && detail::kind_of(first_failure) != errc::cancelled) return;
        const bool first = !first_failure;
        first_failure = std::move(failure);
        if (first) cancel();
    }
};

HUBPUSH_DECL task_group::task_group(asio::any_io_executor executor)
    : state_(std::make_shared<state>(std::move(executor))) {}

HUBPUSH_DECL task_group::~task_group() = default;

HUBPUSH_DECL void task_group::spawn(task<void> child) {
    if (state_->stopping) return;
    const auto signal = state_->children.emplace(state_->children.end());
    try {
        asio::co_spawn(
            state_->executor, detail::root(std::move(child)),
            asio::bind_cancellation_slot(signal->slot(), [shared = state_, signal](std::exception_ptr failure) {
                shared->ended(signal, std::move(failure));
            }));
    } catch (...) {  // no memory: there is no child that join could wait for
        state_->children.erase(signal);
        throw;
    }
}

HUBPUSH_DECL task<void> task_group::join(std::exception_ptr own_failure) {
    return join(cancel_order::together, std::move(own_failure));
}

HUBPUSH_DECL task<void> task_group::join(cancel_order order, std::exception_ptr own_failure) {
    const std::shared_ptr<state> shared = state_;
    // Asio's own check, which is on in a plain `co_spawn`, would end the parent while its children run.
    const bool asio_checks = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    bool parent_cancelled = false;
    if (own_failure) {
        shared->record(std::move(own_failure));
        shared->cancel();
    }
    for (;;) {
        if (!parent_cancelled && co_await is_cancelled()) {
            parent_cancelled = true;
            order == cancel_order::together ? shared->cancel() : shared->cancel_oldest();
        }
        if (shared->children.empty()) break;
        co_await shared->changed.wait();
    }
    co_await asio::this_coro::throw_if_cancelled(asio_checks);
    if (shared->first_failure) std::rethrow_exception(shared->first_failure);
    if (parent_cancelled) throw_error(errc::cancelled, "the operation was cancelled");
}

HUBPUSH_DECL task<void> task_group::wait_for_room(std::size_t limit) {
    const std::shared_ptr<state> shared = state_;
    while (shared->children.size() >= limit && !shared->stopping) {
        if (co_await is_cancelled()) co_return;
        co_await shared->changed.wait();
    }
}

HUBPUSH_DECL void task_group::cancel() { state_->cancel(); }
HUBPUSH_DECL std::size_t task_group::running() const noexcept { return state_->children.size(); }
HUBPUSH_DECL bool task_group::failed() const noexcept { return state_->stopping; }

}  // namespace hubpush::inline v0
