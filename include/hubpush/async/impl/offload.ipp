#pragma once

#include <hubpush/async/offload.hpp>

#include <sys/resource.h>
#include <unistd.h>

namespace hubpush::inline v0 {

HUBPUSH_DECL worker_pool::worker_pool(std::size_t threads)
    : context_(static_cast<int>(threads == 0 ? 1 : threads)), work_(asio::make_work_guard(context_)) {
    const auto work = [this] {
        // On Linux this lowers the calling thread only. Failing is harmless: the work is merely less polite.
        static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 5));
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
