#include <hubpush/async/timing.hpp>

#include "co_test.hpp"
#include "test_seams.hpp"

#include <vector>

using namespace hubpush;
using namespace std::chrono_literals;

TEST_CASE("sleeping takes exactly as long as it says, on the clock seam") {
    hubpush_test::virtual_clock clock;
    hubpush_test::run_coroutine(sleep_for(clock, 3h), clock);
    CHECK(clock.elapsed() == 3h);
}

TEST_CASE("the longest duration means a hundred years and not the past") {
    const auto most = std::chrono::nanoseconds::max();
    hubpush_test::virtual_clock clock;
    hubpush_test::run_coroutine(sleep_for(clock, most), clock);
    CHECK(clock.elapsed() == 24h * 365 * 100);
    asio::io_context context;
    bool expired = false;
    deadline watch(clock, context.get_executor(), [&] { expired = true; });
    watch.expires_after(most);
    context.run();
    CHECK_FALSE(expired);
    CHECK(detail::deadline_after(clock.now(), std::chrono::milliseconds::max()) - clock.now() == 24h * 365 * 100);
    CHECK(detail::deadline_after(clock.now(), -most) < clock.now());
}

TEST_CASE("a cancelled sleep ends at once") {
    hubpush_test::virtual_clock clock;
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    initiate(context.get_executor(), sleep_for(clock, 3h),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { outcome = failure; }));
    context.poll();
    signal.emit(asio::cancellation_type::total);
    context.restart();
    context.poll();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK(clock.elapsed() == 0s);
    CHECK_FALSE(clock.advance());
}

TEST_CASE("a deadline fires once, where it was moved last") {
    hubpush_test::virtual_clock clock;
    asio::io_context context;
    int fired = 0;
    deadline limit(clock, context.get_executor(), [&] { ++fired; });
    limit.expires_after(10s);
    limit.expires_after(60s);
    hubpush_test::run_virtual(context, clock);
    CHECK(fired == 1);
    CHECK(limit.expired());
    CHECK(clock.elapsed() == 60s);
}

TEST_CASE("a deadline that moves earlier fires earlier, and a cancelled one never") {
    hubpush_test::virtual_clock clock;
    asio::io_context context;
    int fired = 0;
    deadline limit(clock, context.get_executor(), [&] { ++fired; });
    limit.expires_after(60s);
    limit.expires_after(5s);
    hubpush_test::run_virtual(context, clock);
    CHECK(clock.elapsed() == 5s);
    limit.expires_after(5s);
    limit.cancel();
    hubpush_test::run_virtual(context, clock);
    CHECK(fired == 1);
}

CO_TEST_CASE("a real timer that ended does not call back any more") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    seams real;
    int fired = 0;
    {
        const auto wake_up = real.clock().make_timer(executor);
        wake_up->start(real.clock().now(), [&] { ++fired; });
        co_await asio::post(executor, asio::use_awaitable);
        co_await sleep_for(real.clock(), 2ms);
        wake_up->start(real.clock().now() + 1ms, [&] { fired += 100; });
    }
    co_await sleep_for(real.clock(), 3ms);
    CHECK(fired == 1);
}
