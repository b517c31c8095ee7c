#include <hubpush/async/tap.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/map.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

CO_TEST_CASE("tap sees every item in order and passes it on unchanged") {
    test_context context;
    std::vector<int> seen;
    const auto look = [&seen](const number& n) { seen.push_back(n.value); };
    const auto by_value = [&seen](number n) { seen.push_back(10 * n.value); };
    const auto steps = numbers(3) | tap(look) | tap(by_value) | sum();
    const std::string total = co_await steps.run(context);
    CHECK(total == "3");
    CHECK(seen.size() == 6);
    CHECK(std::count(seen.begin(), seen.end(), 20) == 1);
}

CO_TEST_CASE("a tap that is a coroutine is awaited before the item goes on") {
    test_context context;
    std::string order;
    const auto slowly = [&order](const number& n) -> task<void> {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        order += std::to_string(n.value);
    };
    const auto then = [&order](const number& n) { order += static_cast<char>('a' + n.value); };
    const auto steps = numbers(3) | tap(slowly) | tap(then) | sum();
    co_await steps.run(context);
    CHECK(order.find('0') < order.find('a'));
    CHECK(order.find('2') < order.find('c'));
    CHECK(order.size() == 6);
}

CO_TEST_CASE("tap behind a step that gives one value sees that value") {
    test_context context;
    std::string seen;
    const auto look = [&seen](const std::string& text) { seen = text; };
    const auto steps = numbers(5) | sum() | tap(look) | last_of<std::string>();
    const std::string total = co_await steps.run(context);
    CHECK(seen == "10");
    CHECK(total == "10");
}

CO_TEST_CASE("what a tap throws ends the pipeline") {
    test_context context;
    const auto refuse = [](const number& n) {
        if (n.value == 2) throw std::runtime_error("two");
    };
    const auto steps = numbers(1000) | tap(refuse) | sum();
    std::string text;
    try {
        co_await steps.run(context);
    } catch (const std::runtime_error& failure) {
        text = failure.what();
    }
    CHECK(text == "two");
}
