#include <hubpush/async/offload.hpp>

#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

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
