#include <hubpush/async/stream.hpp>

#include "co_test.hpp"

#include <hubpush/async/group.hpp>

#include <memory>
#include <numeric>
#include <vector>

using namespace hubpush;

namespace {

task<void> write(stream<int>& out, int count, int& written) {
    for (int i = 0; i < count; ++i) {
        if (!co_await out.push(i)) co_return;
        ++written;
    }
    out.close();
}

task<void> read(stream<int>& in, std::vector<int>& items) {
    while (const std::optional<int> item = co_await in.pop()) items.push_back(*item);
}

}  // namespace

CO_TEST_CASE("items arrive in order and the stream ends") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    stream<int> between(executor);
    std::vector<int> items;
    int written = 0;
    task_group group(executor);
    group.spawn(write(between, 1000, written));
    group.spawn(read(between, items));
    co_await group.join();
    std::vector<int> expected(1000);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(items == expected);
}

CO_TEST_CASE("a writer waits when the stream is full: nothing runs ahead of its reader") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    stream<int> between(executor);
    int written = 0;
    task_group group(executor);
    group.spawn(write(between, 1000, written));
    for (int i = 0; i < 100; ++i) co_await asio::post(executor, asio::use_awaitable);
    CHECK(written == static_cast<int>(stream_capacity));
    const std::optional<int> first = co_await between.pop();
    CHECK(first == 0);
    for (int i = 0; i < 100; ++i) co_await asio::post(executor, asio::use_awaitable);
    CHECK(written == static_cast<int>(stream_capacity) + 1);
    between.abandon();
    co_await group.join();
}

CO_TEST_CASE("an abandoned stream drops its items and lets the writer go") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    stream<std::shared_ptr<int>> between(executor);
    const auto item = std::make_shared<int>(7);
    co_await between.push(item);
    CHECK(item.use_count() == 2);
    between.abandon();
    CHECK(item.use_count() == 1);
    const bool taken = co_await between.push(item);
    CHECK_FALSE(taken);
}

CO_TEST_CASE("a taken item leaves no copy behind in the stream") {
    stream<std::shared_ptr<int>> between(co_await asio::this_coro::executor);
    const auto item = std::make_shared<int>(7);
    co_await between.push(item);
    co_await between.pop();
    CHECK(item.use_count() == 1);
}
