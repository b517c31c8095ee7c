#include <hubpush/async/offload.hpp>

#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>

#include <stdexcept>
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

TEST_CASE("a pool that ends drops what has not begun") {
    asio::io_context context;
    int done = 0;
    {
        worker_pool pool(1);
        for (int i = 0; i < 100; ++i) {
            initiate(
                context.get_executor(),
                [](worker_pool& where, int& counter) -> task<void> {
                    auto work = [] { return 1; };
                    counter += co_await offload(where, work);
                }(pool, done),
                [](std::exception_ptr) {});
        }
        context.poll();
    }
    context.restart();
    context.poll();
    CHECK(done <= 100);
}
