#include <hubpush/async/task.hpp>

#include "co_test.hpp"
#include "tracker_executor.hpp"

#include <hubpush/async/notifier.hpp>

#include <asio/use_future.hpp>

#include <exception>
#include <future>
#include <string>
#include <tuple>

using namespace hubpush;
using namespace hubpush_test;

namespace {

task<std::string> at_once() { co_return "done"; }

task<std::string> wait_for_ever() {
    notifier never(co_await asio::this_coro::executor);
    for (;;) {
        co_await throw_if_cancelled();
        co_await never.wait();
    }
}

}  // namespace

TEST_CASE("a handler runs on its associated executor, never inside of the initiating call") {
    asio::io_context context;
    tracker_executor tracker(context.get_executor());
    bool called = false;
    initiate(context.get_executor(), at_once(),
             asio::bind_executor(tracker, [&](std::exception_ptr failure, std::string text) {
                 CHECK(tracker.running());
                 CHECK_FALSE(failure);
                 CHECK(text == "done");
                 called = true;
             }));
    CHECK_FALSE(called);
    context.run();
    CHECK(called);
    CHECK(tracker.calls() == 1);
}

TEST_CASE("a handler without an executor runs on that of the work, never inside of the initiating call") {
    asio::io_context context;
    asio::io_context other;
    bool called = false;
    asio::post(other, [&] {
        initiate(context.get_executor(), at_once(), [&](std::exception_ptr, std::string) {
            CHECK(context.get_executor().running_in_this_thread());
            called = true;
        });
    });
    other.run();
    CHECK_FALSE(called);
    bool inside = true;
    asio::post(context, [&] {
        initiate(context.get_executor(), at_once(), [&](std::exception_ptr, std::string) { CHECK_FALSE(inside); });
        inside = false;
    });
    context.run();
    CHECK(called);
}

TEST_CASE("futures and tuples work as tokens, and use_awaitable starts when it is awaited") {
    asio::io_context context;
    std::future<std::string> future = initiate(context.get_executor(), at_once(), asio::use_future);
    bool started = false;
    const auto note = [&]() -> task<std::string> {
        started = true;
        co_return "lazy";
    };
    task<std::string> lazy = initiate(context.get_executor(), note(), asio::use_awaitable);
    context.run();
    CHECK(future.get() == "done");
    CHECK_FALSE(started);
    context.restart();
    const auto await_both = [&](task<std::string> first) -> task<void> {
        const std::string text = co_await std::move(first);
        CHECK(text == "lazy");
        const auto where = co_await asio::this_coro::executor;
        task<std::tuple<std::exception_ptr, std::string>> tuple =
            initiate(where, at_once(), as_tuple(asio::use_awaitable));
        const std::tuple<std::exception_ptr, std::string> both = co_await std::move(tuple);
        CHECK_FALSE(std::get<0>(both));
        CHECK(std::get<1>(both) == "done");
    };
    bool ended = false;
    initiate(context.get_executor(), await_both(std::move(lazy)),
             [&](std::exception_ptr failure) { ended = !failure; });
    context.run();
    CHECK(started);
    CHECK(ended);
}

TEST_CASE("cancellation is emitted on the executor of the work, wherever the caller is") {
    asio::io_context callers;
    asio::io_context works;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    initiate(works.get_executor(), wait_for_ever(),
             asio::bind_cancellation_slot(
                 signal.slot(), asio::bind_executor(callers.get_executor(), [&](std::exception_ptr end, std::string) {
                     CHECK(callers.get_executor().running_in_this_thread());
                     CHECK_FALSE(signal.slot().has_handler());
                     outcome = end;
                 })));
    works.poll();
    asio::post(callers, [&] { signal.emit(asio::cancellation_type::partial); });
    callers.poll();
    works.restart();
    CHECK(works.poll() > 0);
    CHECK_FALSE(outcome);
    callers.restart();
    callers.poll();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    signal.emit(asio::cancellation_type::terminal);  // finds nothing any more
}

TEST_CASE("work that is destroyed takes whoever waits for it elsewhere along, and leaves nothing behind") {
    for (int steps = 0; steps < 4; ++steps) {
        asio::io_context callers;
        asio::io_context works;
        const auto wait = [](asio::any_io_executor there) -> task<void> {
            co_await initiate(there, wait_for_ever(), asio::use_awaitable);
        };
        asio::co_spawn(callers, wait(works.get_executor()), [](std::exception_ptr) {});
        callers.poll();
        for (int i = 0; i < steps; ++i) works.poll_one();
    }
    SUCCEED("the sanitizers saw nothing");
}

TEST_CASE("a coroutine that is cancelled already starts nothing elsewhere") {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    bool started = false;
    const auto work = [&]() -> task<void> {
        started = true;
        co_return;
    };
    const auto deaf_for_a_while = [&]() -> task<void> {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        signal.emit(asio::cancellation_type::total);
        co_await detail::run_on(context.get_executor(), work());
    };
    initiate(context.get_executor(), deaf_for_a_while(),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) { outcome = end; }));
    context.run();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK_FALSE(started);
}
