#include <hubpush/core/budget.hpp>

#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>

#include <asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <vector>

using namespace hubpush;

namespace {

task<void> hold(memory_budget& budget, std::size_t size, std::vector<int>& order, int number) {
    const lease held = co_await budget.acquire(size);
    order.push_back(number);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace

CO_TEST_CASE("a lease is page-aligned and counted until it ends") {
    memory_budget budget(mebibytes(2));
    {
        const lease held = co_await budget.acquire(100'000);
        CHECK(reinterpret_cast<std::uintptr_t>(held.bytes().data()) % 4096 == 0);
        CHECK(held.size() == 102'400);
        CHECK(budget.used() == 102'400);
    }
    CHECK(budget.used() == 0);
    CHECK(budget.peak() == 102'400);
}

CO_TEST_CASE("whoever does not fit waits, first come first served, and the limit holds") {
    memory_budget budget(mebibytes(1));
    std::vector<int> order;
    task_group group(co_await asio::this_coro::executor);
    group.spawn(hold(budget, 700'000, order, 0));
    group.spawn(hold(budget, 700'000, order, 1));
    group.spawn(hold(budget, 10'000, order, 2));  // would fit at once, but must not overtake
    group.spawn(hold(budget, 1'000'000, order, 3));
    co_await group.join();
    CHECK(order == std::vector<int>{0, 1, 2, 3});
    CHECK(budget.peak() <= mebibytes(1));
    CHECK(budget.used() == 0);
}

CO_TEST_CASE("a buffer larger than the whole budget is refused at once") {
    memory_budget budget(mebibytes(1));
    bool refused = false;
    try {
        co_await budget.acquire(mebibytes(2));
    } catch (const error& failure) {
        refused = failure.kind() == errc::limit_exceeded;
    }
    CHECK(refused);
}

CO_TEST_CASE("a cancelled waiter takes nothing and lets the next one pass") {
    memory_budget budget(mebibytes(1));
    std::vector<int> order;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group waiting(executor);
    {
        const lease held = co_await budget.acquire(900'000);
        waiting.spawn(hold(budget, 900'000, order, 1));
        co_await asio::post(executor, asio::use_awaitable);
        waiting.cancel();
        bool was_cancelled = false;
        try {
            co_await waiting.join();
        } catch (const cancelled&) {
            was_cancelled = true;
        }
        CHECK(was_cancelled);
    }
    CHECK(budget.used() == 0);
    co_await hold(budget, 900'000, order, 2);
    CHECK(order == std::vector<int>{2});
}

static task<void> ask_once_cancelled(memory_budget budget, notifier& woken) {
    co_await woken.wait();
    const lease memory = co_await budget.acquire(900'000);
}

CO_TEST_CASE("whoever is cancelled already does not wait for memory") {
    memory_budget budget(mebibytes(1));
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const lease held = co_await budget.acquire(900'000);
    notifier woken(executor);
    task_group asking(executor);
    asking.spawn(ask_once_cancelled(budget, woken));
    co_await asio::post(executor, asio::use_awaitable);
    asking.cancel();
    bool was_cancelled = false;
    try {
        co_await asking.join();
    } catch (const cancelled&) {
        was_cancelled = true;
    }
    CHECK(was_cancelled);
}

static task<void> take_turns(memory_budget& budget) {
    for (int i = 0; i < 10'000; ++i) const lease held = co_await budget.acquire(600'000);
}

TEST_CASE("no waiter sleeps on when its turn comes, on several threads and no strand") {
    asio::thread_pool threads(4);
    memory_budget budget(mebibytes(1));
    std::atomic<int> ended{0};
    std::promise<void> all_ended;
    for (int i = 0; i < 4; ++i) {
        initiate(threads.get_executor(), take_turns(budget), [&](std::exception_ptr failure) {
            if (!failure && ++ended == 4) all_ended.set_value();
        });
    }
    CHECK(all_ended.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
    threads.stop();
    threads.join();
}

TEST_CASE("a lease outlives its budget, and a destroyed waiter gives back what it was granted") {
    lease survivor;
    {
        asio::io_context context;
        memory_budget budget(mebibytes(1));
        std::vector<int> order;
        initiate(
            context.get_executor(),
            [](memory_budget& from, lease& into) -> task<void> { into = co_await from.acquire(800'000); }(budget,
                                                                                                          survivor),
            [](std::exception_ptr) {});
        initiate(context.get_executor(), hold(budget, 800'000, order, 1), [](std::exception_ptr) {});
        context.run_for(std::chrono::milliseconds(1));
        CHECK(survivor);
        CHECK(order.empty());
    }
    CHECK(survivor.size() >= 800'000);
}
