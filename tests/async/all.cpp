#include <hubpush/async/all.hpp>

#include "co_test.hpp"
#include "test_seams.hpp"

#include <hubpush/async/timing.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

task<int> later(int value) {
    for (int i = 0; i < value; ++i) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    co_return value;
}

task<void> nothing(bool& done) {
    co_await later(3);
    done = true;
}

task<std::string> fails(int steps) {
    co_await later(steps);
    throw std::runtime_error("failed");
}

/// Waits to be cancelled; then ends in its own time as `end` says.
template <class End>
task<int> until_cancelled(End end) {
    notifier never(co_await asio::this_coro::executor);
    while (!co_await is_cancelled()) co_await never.wait();
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await later(10);
    co_return end();
}

/// What `work` ends with when it is cancelled as soon as it waits.
template <class T>
std::exception_ptr failure_of_cancelled(task<T> work) {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome = std::make_exception_ptr(std::logic_error("it does not end"));
    initiate(context.get_executor(), std::move(work),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, T) { outcome = end; }));
    context.poll();
    signal.emit(asio::cancellation_type::total);
    context.restart();
    context.poll();
    return outcome;
}

const auto ends_cancelled = [] {
    throw_error(errc::cancelled, "cancelled");
    return 0;
};
const auto ends_unknown = [] {
    throw_error(errc::outcome_unknown, "nobody knows");
    return 0;
};
const auto ends_well = [] { return 5; };

}  // namespace

CO_TEST_CASE("all runs tasks at the same time and gives their results as a tuple") {
    bool done = false;
    const std::tuple<int, std::monostate, int> results = co_await all(later(5), nothing(done), later(1));
    CHECK(std::get<0>(results) == 5);
    CHECK(std::get<2>(results) == 1);
    CHECK(done);
}

CO_TEST_CASE("all of a vector gives a vector in the same order") {
    std::vector<task<int>> works;
    for (int i = 10; i > 0; --i) works.push_back(later(i));
    const std::vector<int> results = co_await all(std::move(works));
    CHECK(results == std::vector<int>{10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
    const std::vector<int> none = co_await all(std::vector<task<int>>());
    CHECK(none.empty());
}

CO_TEST_CASE("the first failure cancels the others and is thrown when every one of them has ended") {
    bool ended = false;
    const auto end = [&ended] {
        ended = true;
        return 0;
    };
    std::string text;
    try {
        co_await all(until_cancelled(end), fails(4));
    } catch (const std::runtime_error& failure) {
        text = failure.what();
    }
    CHECK(text == "failed");
    CHECK(ended);
}

TEST_CASE("a cancelled all says what its tasks have to say: an unknown outcome goes before cancelled") {
    using pair = std::tuple<int, int>;
    CHECK_THROWS_AS(std::rethrow_exception(failure_of_cancelled<pair>(
                        all(until_cancelled(ends_cancelled), until_cancelled(ends_cancelled)))),
                    cancelled);
    CHECK_THROWS_AS(std::rethrow_exception(failure_of_cancelled<pair>(
                        all(until_cancelled(ends_cancelled), until_cancelled(ends_unknown)))),
                    outcome_unknown);
    CHECK_THROWS_AS(std::rethrow_exception(failure_of_cancelled<pair>(
                        all(until_cancelled(ends_unknown), until_cancelled(ends_cancelled)))),
                    outcome_unknown);
    CHECK(failure_of_cancelled<pair>(all(until_cancelled(ends_well), until_cancelled(ends_well))) == nullptr);
}

TEST_CASE("all destroyed after any number of handlers leaves nothing behind") {
    for (int steps = 0; steps < 30; ++steps) {
        asio::io_context context;
        bool done = false;
        initiate(context.get_executor(), all(later(5), nothing(done), later(1)),
                 [](std::exception_ptr, std::tuple<int, std::monostate, int>) {});
        for (int i = 0; i < steps; ++i) context.poll_one();
    }
    SUCCEED("the sanitizers saw nothing");
}
