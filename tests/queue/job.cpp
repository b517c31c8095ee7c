#include <hubpush/queue/job.hpp>

#include <hubpush/async/notifier.hpp>
#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "test_seams.hpp"
#include "works.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hubpush::errc;
using hubpush::job;
using hubpush::job_status;
using hubpush::task;
using hubpush_test::code_of;
using hubpush_test::for_ever;

namespace {

/// A queue in real time, on threads of its own.
class worker {
public:
    explicit worker(std::size_t threads = 1) : queue(context_.get_executor()) {
        for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { context_.run(); });
    }
    ~worker() {
        work_.reset();
        queue.stop();
        for (std::thread& thread : threads_) thread.join();
    }
    asio::io_context& context() { return context_; }

private:
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::vector<std::thread> threads_;

public:
    hubpush::fifo_queue queue;
};

}  // namespace

TEST_CASE("get waits for a job of another thread and gives its result or its failure", "[job]") {
    worker w;
    const job<std::string> fine = w.queue.submit([]() -> task<std::string> { co_return "result"; });
    const job<std::string> broken = w.queue.submit([]() -> task<std::string> { throw std::runtime_error("broken"); });
    CHECK(fine.get() == "result");
    CHECK(fine.get() == "result");
    CHECK_THROWS_WITH(broken.get(), "broken");
    CHECK(broken.ready());
}

TEST_CASE("waiting with a deadline tells whether the job has ended", "[job]") {
    worker w;
    const job<void> endless = w.queue.submit(for_ever);
    CHECK_FALSE(endless.wait_for(5ms));
    CHECK_FALSE(endless.wait_until(std::chrono::steady_clock::now() - 1h));
    endless.cancel();
    CHECK(endless.wait_for(std::chrono::milliseconds::max()));
    CHECK(endless.wait_for(0ms));
    CHECK_THROWS_AS(endless.get(), hubpush::cancelled);
}

TEST_CASE("an empty handle says so", "[job]") {
    const job<int> nothing;
    CHECK_FALSE(nothing.valid());
    CHECK(code_of([&] { nothing.get(); }) == errc::invalid_argument);
    CHECK(code_of([&] { nothing.cancel(); }) == errc::invalid_argument);
    CHECK(code_of([&] { static_cast<void>(nothing.async_get()); }) == errc::invalid_argument);
}

TEST_CASE("jobs submitted from several threads all run, each thread's in its order", "[job][threads]") {
    worker w(2);
    constexpr int per_thread = 250;
    std::vector<std::pair<int, int>> ran;  // jobs run one at a time, so no lock
    std::vector<std::thread> submitters;
    for (int thread = 0; thread < 4; ++thread) {
        submitters.emplace_back([&w, &ran, thread] {
            for (int i = 0; i < per_thread; ++i) {
                w.queue.submit([&ran, thread, i]() -> task<void> {
                    ran.emplace_back(thread, i);
                    co_return;
                });
            }
        });
    }
    for (std::thread& submitter : submitters) submitter.join();
    const hubpush::drain_result drained = w.queue.drain();
    CHECK(drained);
    CHECK(drained.done == 4 * per_thread);
    std::vector<int> next(4, 0);
    for (const auto& [thread, i] : ran) CHECK(next[static_cast<std::size_t>(thread)]++ == i);
    CHECK(next == std::vector<int>(4, per_thread));
    for (std::size_t i = 1; i < drained.outcomes.size(); ++i) {
        CHECK(drained.outcomes[i - 1].number() < drained.outcomes[i].number());
    }
}

TEST_CASE("coroutines of other executors await jobs, also where several threads run one executor", "[job][threads]") {
    worker queue_side;
    worker other_side(3);
    std::vector<std::future<int>> awaited;
    for (int i = 0; i < 300; ++i) {
        const job<int> number = queue_side.queue.submit([i]() -> task<int> { co_return i; });
        auto result = std::make_shared<std::promise<int>>();
        awaited.push_back(result->get_future());
        hubpush::initiate(other_side.context().get_executor(), number.async_get(),
                          [result](std::exception_ptr, int value) { result->set_value(value); });
    }
    for (int i = 0; i < 300; ++i) CHECK(awaited[static_cast<std::size_t>(i)].get() == i);
}

TEST_CASE("a cancellation that races the end of a job gives one outcome or the other", "[job][threads]") {
    worker w;
    std::size_t cancelled = 0;
    for (int i = 0; i < 500; ++i) {
        const job<int> raced = w.queue.submit([]() -> task<int> {
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            co_return 1;
        });
        for (int spin = 0; spin < i % 50; ++spin) std::this_thread::yield();
        raced.cancel();
        raced.wait_until(hubpush::steady_time::max());
        if (raced.status() == job_status::cancelled) {
            ++cancelled;
        } else {
            CHECK(raced.get() == 1);
        }
    }
    const hubpush::drain_result drained = w.queue.drain();
    CHECK(drained.cancelled == cancelled);
    CHECK(drained.done + drained.cancelled == 500);
}

TEST_CASE("a thread that waits is released when the executor is destroyed", "[job][threads]") {
    auto context = std::make_unique<asio::io_context>();
    hubpush::fifo_queue queue(context->get_executor());
    const job<void> endless = queue.submit(for_ever);
    const job<void> behind = queue.submit(for_ever);
    context->poll();
    REQUIRE(endless.status() == job_status::running);
    std::thread waiter([&] { CHECK_THROWS_AS(behind.get(), hubpush::cancelled); });
    context.reset();
    waiter.join();
    CHECK_THROWS_AS(endless.get(), hubpush::cancelled);
    CHECK(queue.drain().cancelled == 2);
}

TEST_CASE("handles outlive the queue and its executor", "[job]") {
    job<int> ended;
    job<void> cancelled;
    {
        asio::io_context context;
        const asio::any_io_executor strand = asio::make_strand(context);
        hubpush::fifo_queue queue(strand, hubpush::queue_options().use(hubpush_test::test_seams().get()));
        ended = queue.submit([]() -> task<int> { co_return 3; });
        cancelled = queue.submit(for_ever);
        context.poll();
    }
    CHECK(ended.get() == 3);
    CHECK_THROWS_AS(cancelled.get(), hubpush::cancelled);
    cancelled.cancel();
}
