#pragma once

#include <hubpush/async/offload.hpp>
#include <hubpush/core/auto_reset_event.hpp>
#include <hubpush/core/error.hpp>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

namespace hubpush::inline v0 {

HUBPUSH_DECL worker_pool::worker_pool(std::size_t threads)
    : context_(static_cast<int>(threads == 0 ? 1 : threads)), work_(asio::make_work_guard(context_)) {
    const auto work = [this] {
        // On Linux both are about a thread. Failing is harmless: the work is merely less polite.
        const auto self = static_cast<id_t>(::gettid());
        static_cast<void>(::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + 5));
        context_.run();
    };
    threads_.reserve(threads);
    try {
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back(work);
    } catch (...) {  // the system gives no more threads
        stop();
        throw;
    }
}

HUBPUSH_DECL worker_pool::~worker_pool() { stop(); }

HUBPUSH_DECL void worker_pool::stop() {
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
}

}  // namespace hubpush::inline v0

namespace hubpush::inline v0::detail {

/// A unit that has left for the pool, shared by the pool and by the coroutine that waits. Unit and event belong to the
/// coroutine: when it ends, for example with its io_context, it calls `abandon`, which waits for a unit that runs, and
/// after that the pool touches nothing of it any more.
class offloaded {
public:
    offloaded(unit_of_work& unit, auto_reset_event& ended) : unit_(unit), ended_(ended) {}

    // On the pool.

    void run() {
        if (!begin()) return;
        std::exception_ptr failure;
        try {
            unit_.run();
        } catch (...) {
            failure = std::current_exception();
        }
        end(std::move(failure));
    }
    void end(std::exception_ptr failure) {
        const std::lock_guard lock(mutex_);
        now_ = state::ended;
        stopped_.notify_all();
        if (abandoned_) return;
        failure_ = std::move(failure);
        ended_.set();
    }

    // On the coroutine's executor.

    bool ended() {
        const std::lock_guard lock(mutex_);
        return now_ == state::ended;
    }
    void rethrow_failure() const {
        if (failure_) std::rethrow_exception(failure_);
    }
    void abandon() {
        if (birthplace_.forked()) return;  // the pool's threads are not here
        std::unique_lock lock(mutex_);
        abandoned_ = true;
        stopped_.wait(lock, [this] { return now_ != state::running; });
    }

private:
    enum class state { waiting, running, ended };

    bool begin() {
        const std::lock_guard lock(mutex_);
        if (!abandoned_) now_ = state::running;
        return !abandoned_;
    }

    const birthplace birthplace_;
    unit_of_work& unit_;
    auto_reset_event& ended_;
    std::mutex mutex_;
    std::condition_variable stopped_;
    state now_ = state::waiting;
    bool abandoned_ = false;
    std::exception_ptr failure_;
};

/// What the pool holds. A pool that ends drops it, and the coroutine is told.
class offload_ticket {
public:
    explicit offload_ticket(std::shared_ptr<offloaded> work) : work_(std::move(work)) {}
    offload_ticket(offload_ticket&&) noexcept = default;
    offload_ticket& operator=(offload_ticket&&) = delete;
    ~offload_ticket() {
        if (work_) work_->end(make_exception(errc::cancelled, "the worker pool ended before the work began"));
    }
    void operator()() { std::exchange(work_, nullptr)->run(); }

private:
    std::shared_ptr<offloaded> work_;
};

class abandoned_at_end {
public:
    explicit abandoned_at_end(offloaded& work) : work_(work) {}
    abandoned_at_end(const abandoned_at_end&) = delete;
    abandoned_at_end& operator=(const abandoned_at_end&) = delete;
    ~abandoned_at_end() { work_.abandon(); }

private:
    offloaded& work_;
};

HUBPUSH_DECL task<void> run_on_pool(worker_pool& pool, unit_of_work& unit) {
    if (pool.forked()) throw_error(errc::forked, "the worker pool belongs to the parent process");
    auto_reset_event ended(co_await asio::this_coro::executor);
    const auto work = std::make_shared<offloaded>(unit, ended);
    const abandoned_at_end guard(*work);
    asio::post(pool.executor(), offload_ticket(work));
    while (!work->ended()) co_await ended.wait();
    work->rethrow_failure();
}

}  // namespace hubpush::inline v0::detail
