#pragma once

#include <hubpush/async/offload.hpp>

#include <sys/resource.h>
#include <unistd.h>

namespace hubpush::inline v0 {

HUBPUSH_DECL worker_pool::worker_pool(std::size_t threads)
    : context_(static_cast<int>(threads == 0 ? 1 : threads)), work_(asio::make_work_guard(context_)) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] {
            // On Linux this lowers the calling thread only. Failing is harmless: the work is merely less polite.
            static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 5));
            context_.run();
        });
    }
}

HUBPUSH_DECL worker_pool::~worker_pool() {
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
}

namespace detail {

HUBPUSH_DECL bool offload_waiter::begin(unit_of_work& unit) {
    const std::lock_guard lock(unit.mutex);
    unit.running = unit.waiter != nullptr;
    return unit.running;
}

/// Posted under the lock: as long as the coroutine has not gone, its executor has not either.
HUBPUSH_DECL void offload_waiter::end(const std::shared_ptr<unit_of_work>& unit) {
    const std::lock_guard lock(unit->mutex);
    unit->running = false;
    unit->stopped.notify_all();
    if (unit->waiter == nullptr) return;
    asio::post(unit->waiter->home_, [unit] {
        // Back on the coroutine's own strand, where it can only go between handlers.
        if (unit->waiter == nullptr) return;
        unit->waiter->has_ended_ = true;
        unit->waiter->ended_.notify_all();
    });
}

HUBPUSH_DECL offload_waiter::~offload_waiter() {
    std::unique_lock lock(unit_->mutex);
    unit_->waiter = nullptr;
    unit_->stopped.wait(lock, [this] { return !unit_->running; });
}

}  // namespace detail

}  // namespace hubpush::inline v0
