#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "test_seams.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Many threads on one queue, for the thread sanitizer (spec/reliability.md §3.8: P09, P10, P13).

using namespace std::chrono_literals;
using namespace hubpush;

namespace {

queue_options any_policy(std::uint64_t seed) {
    queue_options options;
    options.use(hubpush_test::real_time_seams(std::make_shared<hubpush_test::capturing_log>())).give_up_after(1ms);
    if (seed % 4 != 3) options.limit(1 + seed % 5).when_full(static_cast<full_queue>(seed % 3), 2ms);
    options.after_failure(seed % 2 == 0 ? failed_job::go_on : failed_job::cancel_the_rest);
    return options;
}

/// A queue on two threads, and what four others do to it.
class storm {
public:
    explicit storm(std::uint64_t seed) : seed_(seed), queue_(context_.get_executor(), any_policy(seed)) {
        for (int i = 0; i < 2; ++i) runners_.emplace_back([this] { context_.run(); });
    }

    void rage() {
        std::vector<std::thread> users;
        for (std::uint64_t i = 0; i < 4; ++i) users.emplace_back([this, i] { use(seed_ * 4 + i); });
        for (std::thread& user : users) user.join();
        shared_.clear();
        queue_.cancel_all();
        take(queue_.drain());
        work_.reset();
        for (std::thread& runner : runners_) runner.join();
    }

    std::size_t submitted() const { return submitted_; }
    const std::map<std::uint64_t, int>& outcomes() const { return outcomes_; }
    bool overlapped() const { return overlapped_; }

private:
    void use(std::uint64_t seed) {
        std::mt19937_64 dice(seed);
        for (int i = 0; i < 60; ++i) {
            const std::uint64_t kind = dice() % 100;
            if (kind < 50) {
                submit(dice());
            } else if (kind < 75) {
                const job<std::string> any = take_any(dice());
                if (any.valid()) any.cancel();
            } else if (kind < 90) {
                const job<std::string> any = take_any(dice());
                if (any.valid() && any.wait_for(1ms)) read(any);
            } else if (kind < 98) {
                take(queue_.drain_until(std::chrono::steady_clock::now() + 1ms));
            } else {
                queue_.cancel_all();
            }
        }
    }

    void submit(std::uint64_t kind) {
        try {
            job<std::string> handle = queue_.submit([this, kind] { return work(kind); });
            ++submitted_;
            const std::lock_guard lock(mutex_);
            shared_.push_back(std::move(handle));
        } catch (const queue_full&) {
        }
    }

    task<std::string> work(std::uint64_t kind) {
        if (running_++ != 0) overlapped_ = true;
        const std::shared_ptr<void> end(nullptr, [this](void*) { --running_; });
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        for (std::uint64_t n = kind % 4; n != 0; --n) co_await asio::post(executor, asio::use_awaitable);
        if (kind % 7 == 0) throw std::runtime_error("broken");
        if (kind % 5 == 0) throw_error(errc::server_error, "busy", error_details().retryable(true));
        co_return std::string("a result that is long enough for the heap");
    }

    /// A copy of a handle that some thread has made, or an empty one.
    job<std::string> take_any(std::uint64_t number) {
        const std::lock_guard lock(mutex_);
        if (shared_.empty()) return {};
        job<std::string>& place = shared_[number % shared_.size()];
        return number % 2 == 0 ? place : std::exchange(place, job<std::string>());
    }

    static void read(const job<std::string>& ended) {
        try {
            ended.get();
        } catch (const std::exception& failure) {
            static_cast<void>(std::string(failure.what()));
        }
    }

    void take(const drain_result& drained) {
        const std::lock_guard lock(mutex_);
        for (const job_outcome& outcome : drained.outcomes) ++outcomes_[outcome.number()];
    }

    const std::uint64_t seed_;
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::vector<std::thread> runners_;
    std::mutex mutex_;
    std::vector<job<std::string>> shared_;
    std::map<std::uint64_t, int> outcomes_;
    std::atomic<std::size_t> submitted_ = 0;
    std::atomic<int> running_ = 0;
    std::atomic<bool> overlapped_ = false;
    fifo_queue queue_;
};

task<int> short_work() {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return 1;
}

/// Waits for a place and for the job in it, cancelled by a signal that races both.
class cancelled_wait {
public:
    cancelled_wait(fifo_queue& queue, const asio::any_io_executor& executor, std::atomic<int>& ends)
        : strand_(asio::make_strand(executor)) {
        hubpush::initiate(strand_, wait(queue),
                          asio::bind_cancellation_slot(stop_.slot(), [&ends](std::exception_ptr, int) { ++ends; }));
    }
    void cancel() {
        asio::post(strand_, [this] { stop_.emit(asio::cancellation_type::total); });
    }

private:
    static task<int> wait(fifo_queue& queue) {
        const auto work = [] { return short_work(); };
        const job<int> placed = co_await queue.async_submit(work);
        co_return co_await placed.async_get();
    }

    asio::any_io_executor strand_;
    asio::cancellation_signal stop_;
};

}  // namespace

TEST_CASE("four threads submit, cancel, wait, read, drain and drop handles: each job ends once", "[threads][queue]") {
    std::size_t submitted = 0;
    for (std::uint64_t seed = 1; seed <= 64; ++seed) {
        storm s(seed);
        s.rage();
        INFO("seed " << seed);
        CHECK_FALSE(s.overlapped());
        REQUIRE(s.outcomes().size() == s.submitted());
        for (const auto& [number, times] : s.outcomes()) REQUIRE(times == 1);
        submitted += s.submitted();
    }
    CHECK(submitted > 1000);
}

TEST_CASE("cancellation signals race places and results on other executors: every wait ends once", "[threads][queue]") {
    for (std::uint64_t seed = 1; seed <= 64; ++seed) {
        std::mt19937_64 dice(seed);
        asio::io_context context;
        auto work = std::make_optional(asio::make_work_guard(context));
        std::vector<std::thread> runners;
        for (int i = 0; i < 3; ++i) runners.emplace_back([&context] { context.run(); });
        std::atomic<int> ends = 0;
        fifo_queue queue(context.get_executor(), queue_options().limit(2).when_full(full_queue::wait, 60s));
        std::vector<std::unique_ptr<cancelled_wait>> waits;
        for (int i = 0; i < 20; ++i) {
            waits.push_back(std::make_unique<cancelled_wait>(queue, context.get_executor(), ends));
            if (dice() % 2 == 0) waits[dice() % waits.size()]->cancel();
        }
        work.reset();
        for (std::thread& runner : runners) runner.join();
        CHECK(ends == 20);
        CHECK(queue.drain().remaining == 0);
    }
}
