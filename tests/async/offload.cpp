#include <hubpush/async/offload.hpp>

#include "child_process.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace hubpush;

CO_TEST_CASE("work runs on another thread and comes back to the coroutine's own") {
    worker_pool pool(2);
    const std::thread::id home = std::this_thread::get_id();
    auto work = [] { return std::this_thread::get_id(); };
    const std::thread::id there = co_await offload(pool, work);
    CHECK(there != home);
    CHECK(std::this_thread::get_id() == home);
}

CO_TEST_CASE("what the work throws arrives where it is awaited") {
    worker_pool pool(1);
    auto work = []() -> int { throw_error(errc::file_changed, "changed"); };
    bool caught = false;
    try {
        co_await offload(pool, work);
    } catch (const file_changed&) {
        caught = true;
    }
    CHECK(caught);
}

CO_TEST_CASE("work gives way to the rest of the process, however polite that is already") {
    worker_pool pool(1);
    auto work = [] { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); };
    const int there = co_await offload(pool, work);
    CHECK(there == std::min(::getpriority(PRIO_PROCESS, 0) + 5, 19));
}

TEST_CASE("a child process is told that the threads of the pool are its parent's", "[fork]") {
    worker_pool pool(1);
    asio::io_context context;
    errc kind = errc();
    auto work = [] { return 1; };
    const bool told = hubpush_test::holds_in_child([&] {
        initiate(context.get_executor(), offload(pool, work),
                 [&](const std::exception_ptr& failure, int) { kind = detail::kind_of(failure); });
        context.run();
        return kind == errc::forked;
    });
    CHECK(told);
}

CO_TEST_CASE("a pool without threads works inline, for simulations") {
    worker_pool pool(0);
    auto work = [] { return std::this_thread::get_id(); };
    const std::thread::id there = co_await offload(pool, work);
    CHECK(there == std::this_thread::get_id());
}

TEST_CASE("a pool that ends drops what has not begun, and whoever waits is told") {
    asio::io_context context;
    int ended = 0;
    {
        worker_pool pool(1);
        for (int i = 0; i < 100; ++i) {
            initiate(
                context.get_executor(),
                [](worker_pool& where) -> task<int> {
                    auto work = [] { return 1; };
                    co_return co_await offload(where, work);
                }(pool),
                [&](std::exception_ptr failure, int result) {
                    CHECK((result == 1 || describe(failure).find("the worker pool ended") != std::string::npos));
                    ++ended;
                });
        }
        context.poll();
    }
    context.restart();
    context.run();
    CHECK(ended == 100);
}

TEST_CASE("a context that ends while work runs waits for it, and the work touches nothing of it afterwards") {
    worker_pool pool(1);
    std::atomic<bool> running = false;
    std::atomic<bool> ending = false;
    std::atomic<bool> ended = false;
    bool completed = false;
    auto context = std::make_unique<asio::io_context>();
    const auto work = [&] {
        running = true;
        while (!ending) std::this_thread::yield();
        for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
        ended = true;
        return true;
    };
    initiate(context->get_executor(), offload(pool, work), [&](std::exception_ptr, bool) { completed = true; });
    while (!running) context->poll_one();
    ending = true;
    context.reset();
    CHECK(ended);
    CHECK_FALSE(completed);
}

namespace {

/// Reads what the coroutine that waits for it owns, for as long as a test lets it.
task<void> wait_for_slow_work(worker_pool& pool, std::promise<void>& begun, std::shared_future<void> go_on,
                              std::atomic<int>& done) {
    std::vector<int> own(1000, 1);
    auto work = [&] {
        begun.set_value();
        go_on.wait();
        done += std::accumulate(own.begin(), own.end(), 0);
        return true;
    };
    co_await offload(pool, work);
}

}  // namespace

TEST_CASE("an io_context that is destroyed waits for the unit that runs: it works on the coroutine's own variables") {
    worker_pool pool(1);
    std::promise<void> begun;
    std::promise<void> go_on;
    std::atomic<int> done = 0;
    auto context = std::make_unique<asio::io_context>();
    initiate(context->get_executor(), wait_for_slow_work(pool, begun, go_on.get_future().share(), done),
             [](std::exception_ptr) {});
    context->poll();
    begun.get_future().wait();
    std::thread destroyer([&] { context.reset(); });
    go_on.set_value();
    destroyer.join();
    CHECK(done == 1000);
}

TEST_CASE("a unit that has not begun when its io_context is destroyed never begins") {
    std::promise<void> begun;
    std::promise<void> go_on;
    std::atomic<int> done = 0;
    {
        worker_pool pool(1);
        asio::post(pool.executor(), [busy = go_on.get_future().share()] { busy.wait(); });
        std::promise<void> may_go_on;
        may_go_on.set_value();
        {
            asio::io_context context;
            initiate(context.get_executor(), wait_for_slow_work(pool, begun, may_go_on.get_future().share(), done),
                     [](std::exception_ptr) {});
            context.poll();
        }
        std::promise<void> all_done;
        asio::post(pool.executor(), [&all_done] { all_done.set_value(); });
        go_on.set_value();
        all_done.get_future().wait();
    }
    CHECK(done == 0);
}
