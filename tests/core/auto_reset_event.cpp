#include <hubpush/core/auto_reset_event.hpp>

#include "child_process.hpp"
#include "co_test.hpp"

#include <hubpush/async/task.hpp>

#include <asio/bind_cancellation_slot.hpp>

#include <exception>
#include <thread>

using namespace hubpush;

namespace {

task<void> count_waits(detail::auto_reset_event& event, int& ended) {
    for (;;) {
        co_await event.wait();
        ++ended;
        co_await throw_if_cancelled();
    }
}

}  // namespace

CO_TEST_CASE("an event that another thread sets wakes the coroutine, where it runs") {
    detail::auto_reset_event event(co_await asio::this_coro::executor);
    const std::thread::id home = std::this_thread::get_id();
    std::thread other([&] { event.set(); });
    co_await event.wait();
    CHECK(std::this_thread::get_id() == home);
    other.join();
}

TEST_CASE("each set ends one wait, also one that begins later, and a cancelled wait ends without an exception") {
    asio::io_context context;
    detail::auto_reset_event event(context.get_executor());
    asio::cancellation_signal stop;
    int ended = 0;
    bool cancelled = false;
    event.set();
    event.set();
    initiate(context.get_executor(), count_waits(event, ended),
             asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure) {
                 cancelled = detail::kind_of(failure) == errc::cancelled;
             }));
    context.poll();
    CHECK(ended == 1);
    event.set();
    context.poll();
    CHECK(ended == 2);
    stop.emit(asio::cancellation_type::total);
    context.run();
    CHECK(ended == 3);
    CHECK(cancelled);
}

TEST_CASE("a child process wakes the coroutines of an io_context that it has taken over, and no others", "[fork]") {
    const bool takes_over = GENERATE(true, false);
    asio::io_context context;
    detail::auto_reset_event event(context.get_executor());
    int ended = 0;
    initiate(context.get_executor(), count_waits(event, ended), [](std::exception_ptr) {});
    context.poll();
    if (takes_over) context.notify_fork(asio::io_context::fork_prepare);
    CHECK(hubpush_test::holds_in_child([&] {
        if (takes_over) context.notify_fork(asio::io_context::fork_child);
        event.set();
        context.poll();
        return ended == (takes_over ? 1 : 0);
    }));
    if (takes_over) context.notify_fork(asio::io_context::fork_parent);
    event.set();
    context.poll();
    CHECK(ended == 1);
}
