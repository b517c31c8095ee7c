#include <hubpush/async/group.hpp>

#include "co_test.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace hubpush;

namespace {

task<void> count_to(int steps, int& counter) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < steps; ++i) {
        co_await asio::post(executor, asio::use_awaitable);
        ++counter;
    }
}

task<void> fail_after(int steps) {
    int ignored = 0;
    co_await count_to(steps, ignored);
    throw std::runtime_error("child failed");
}

task<void> wait_for_ever(bool& ended) {
    struct mark {
        explicit mark(bool& flag) : flag_(flag) {}
        ~mark() { flag_ = true; }
        bool& flag_;
    } on_end(ended);
    notifier never(co_await asio::this_coro::executor);
    for (;;) {
        co_await throw_if_cancelled();
        co_await never.wait();
    }
}

}  // namespace

CO_TEST_CASE("join waits for every child") {
    int counter = 0;
    task_group group(co_await asio::this_coro::executor);
    for (int i = 1; i <= 10; ++i) group.spawn(count_to(i, counter));
    co_await group.join();
    CHECK(counter == 55);
    CHECK(group.running() == 0);
}

CO_TEST_CASE("the first failure cancels the others, and join rethrows it after all have ended") {
    bool ended = false;
    task_group group(co_await asio::this_coro::executor);
    group.spawn(wait_for_ever(ended));
    group.spawn(fail_after(3));
    std::string text;
    try {
        co_await group.join();
    } catch (const std::runtime_error& failure) {
        text = failure.what();
    }
    CHECK(text == "child failed");
    CHECK(ended);
}

CO_TEST_CASE("a failure of the parent itself wins over the children it cancels") {
    bool ended = false;
    task_group group(co_await asio::this_coro::executor);
    group.spawn(wait_for_ever(ended));
    std::string text;
    try {
        co_await group.join(std::make_exception_ptr(std::runtime_error("parent failed")));
    } catch (const std::runtime_error& failure) {
        text = failure.what();
    }
    CHECK(text == "parent failed");
    CHECK(ended);
}

CO_TEST_CASE("wait_for_room keeps the number of children below the limit") {
    int counter = 0;
    std::size_t most = 0;
    task_group group(co_await asio::this_coro::executor);
    for (int i = 0; i < 20; ++i) {
        co_await group.wait_for_room(3);
        group.spawn(count_to(2, counter));
        most = std::max(most, group.running());
    }
    co_await group.join();
    CHECK(most == 3);
    CHECK(counter == 40);
}

TEST_CASE("cancelling the parent ends the children first and surfaces as cancelled") {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        asio::io_context context;
        asio::cancellation_signal signal;
        bool ended = false;
        std::exception_ptr outcome;
        initiate(
            context.get_executor(),
            [](bool& child_ended) -> task<void> {
                task_group group(co_await asio::this_coro::executor);
                group.spawn(wait_for_ever(child_ended));
                co_await group.join();
            }(ended),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) {
                CHECK(ended);
                outcome = failure;
            }));
        context.poll();
        CHECK_FALSE(outcome);
        signal.emit(type);
        context.restart();
        context.poll();
        REQUIRE(outcome);
        CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    }
}

CO_TEST_CASE("a mere cancellation does not hide what another child has to say") {
    const auto ends = [](errc code, int steps) -> task<void> {
        int ignored = 0;
        co_await count_to(steps, ignored);
        throw_error(code, "a child");
    };
    errc seen{};
    task_group group(co_await asio::this_coro::executor);
    group.spawn(ends(errc::cancelled, 1));
    group.spawn(ends(errc::outcome_unknown, 5));
    group.spawn(ends(errc::cancelled, 9));
    try {
        co_await group.join();
    } catch (const error& failure) {
        seen = failure.kind();
    }
    CHECK(seen == errc::outcome_unknown);
}

TEST_CASE("cancelled in turn, a child is left alone until those before it have ended") {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::string order;
    // Takes ten handlers more once it is cancelled.
    const auto child = [](std::string& log, char name) -> task<void> {
        notifier never(co_await asio::this_coro::executor);
        while (!co_await is_cancelled()) co_await never.wait();
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        log += name;
        int ignored = 0;
        co_await count_to(10, ignored);
        log += name;
    };
    const auto parent = [&child](std::string& log) -> task<void> {
        task_group group(co_await asio::this_coro::executor);
        for (const char name : {'a', 'b', 'c'}) group.spawn(child(log, name));
        co_await group.join(cancel_order::in_turn);
    };
    std::exception_ptr outcome;
    initiate(context.get_executor(), parent(order),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { outcome = failure; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK(order == "aabbcc");
}

TEST_CASE("a parent that was cancelled still is when its children have ended") {
    asio::io_context context;
    asio::cancellation_signal signal;
    bool joined = false;
    std::exception_ptr outcome;
    const auto parent = [&]() -> task<void> {
        bool ended = false;
        task_group group(co_await asio::this_coro::executor);
        group.spawn(wait_for_ever(ended));
        try {
            co_await group.join();
        } catch (const cancelled&) {
            joined = ended;
        }
        co_await throw_if_cancelled();
    };
    initiate(context.get_executor(), parent(),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { outcome = failure; }));
    context.poll();
    signal.emit(asio::cancellation_type::total);
    context.restart();
    context.poll();
    CHECK(joined);
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
}

TEST_CASE("children end before a parent that Asio's own check would end first") {
    asio::io_context context;
    asio::cancellation_signal signal;
    bool ended = false;
    bool check_is_on = false;
    std::exception_ptr outcome;
    const auto parent = [&]() -> task<void> {
        task_group group(co_await asio::this_coro::executor);
        group.spawn(wait_for_ever(ended));
        try {
            co_await group.join();
        } catch (const cancelled&) {
            CHECK(ended);
        }
        check_is_on = co_await asio::this_coro::throw_if_cancelled();
    };
    asio::co_spawn(context, parent(),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) { outcome = end; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    context.restart();
    context.poll();
    CHECK_FALSE(outcome);
    CHECK(check_is_on);
}

TEST_CASE("a destroyed io_context leaves nothing behind, whenever it ends") {
    for (int steps = 0; steps < 30; ++steps) {
        asio::io_context context;
        int counter = 0;
        initiate(
            context.get_executor(),
            [](int& counted) -> task<void> {
                task_group group(co_await asio::this_coro::executor);
                for (int i = 0; i < 4; ++i) group.spawn(count_to(3, counted));
                co_await group.join();
            }(counter),
            [](std::exception_ptr) {});
        for (int i = 0; i < steps; ++i) context.poll_one();
    }
    SUCCEED("the sanitizers saw nothing");
}
