#include <hubpush/local_hub/async_mutex.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>

#include <optional>
#include <vector>

using namespace hubpush;

CO_TEST_CASE("a waiter for the lock that is cancelled does not block those behind it", "[async_mutex]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    async_mutex mutex(executor);
    std::vector<int> order;
    std::optional<async_mutex::guard> held;
    held.emplace(co_await mutex.lock());
    task_group impatient(executor);
    task_group patient(executor);
    const auto take = [&](int number) -> task<void> {
        const async_mutex::guard guard = co_await mutex.lock();
        order.push_back(number);
    };
    patient.spawn(take(1));
    impatient.spawn(take(2));
    patient.spawn(take(3));
    co_await asio::post(executor, asio::use_awaitable);
    impatient.cancel();
    bool gave_up = false;
    try {
        co_await impatient.join();
    } catch (const cancelled&) {
        gave_up = true;
    }
    CHECK(gave_up);
    CHECK(order.empty());
    held.reset();
    co_await patient.join();
    CHECK(order == std::vector<int>{1, 3});
}
