#include <hubpush/async/timeout.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/map.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

task<std::string> after(std::shared_ptr<virtual_clock> clock, std::chrono::nanoseconds time, std::string text) {
    co_await sleep_for(*clock, time);
    co_return text;
}

/// Takes `time` to end after it was cancelled, and then ends as `end` says.
template <class End>
task<std::string> reluctant(std::shared_ptr<virtual_clock> clock, std::chrono::nanoseconds time, End end) {
    try {
        co_await sleep_for(*clock, 10h);
    } catch (const cancelled&) {
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await sleep_for(*clock, time);
    co_return end();
}

task<void> nothing_after(std::shared_ptr<hubpush::clock> clock, std::chrono::nanoseconds time, bool& done) {
    co_await sleep_for(*clock, time);
    done = true;
}

/// The value, or what went wrong, and when.
std::string outcome_of(task<std::string> work, virtual_clock& clock) {
    asio::io_context context;
    std::string outcome = "it does not end";
    initiate(context.get_executor(), std::move(work), [&](std::exception_ptr failure, std::string value) {
        outcome = failure ? describe(failure) : value;
        outcome = outcome.substr(0, outcome.find(" - ")) + " at " +
                  std::to_string(std::chrono::duration_cast<std::chrono::seconds>(clock.elapsed()).count());
    });
    run_virtual(context, clock);
    return outcome;
}

class slow_source : public step_base {
public:
    task<void> operator()(test_context& context, stream<number>& out) const {
        for (int i = 0; i < 3; ++i) {
            co_await sleep_for(*context.outside.clock, 1min);
            if (!co_await out.push(number())) co_return;
        }
    }
};

class slow_sum : public step_base {
public:
    task<std::string> operator()(test_context& context, set_of<number>) const {
        co_await sleep_for(*context.outside.clock, 1min);
        co_return "added";
    }
};

/// Takes a minute, whatever happens meanwhile.
class stubborn_sum : public step_base {
public:
    task<std::string> operator()(test_context& context, set_of<number>) const {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await sleep_for(*context.outside.clock, 1min);
        co_return "added";
    }
};

/// Like a commit: it asks before it begins.
class commit_like : public step_base {
public:
    task<std::string> operator()(test_context& context, std::string in) const {
        co_await throw_if_cancelled();
        context.events.push_back("committed");
        co_return in;
    }
};

}  // namespace

TEST_CASE("what ends in time is as it is without the limit") {
    const auto clock = std::make_shared<virtual_clock>();
    CHECK(outcome_of(timeout(after(clock, 9min, "done"), 10min, clock), *clock) == "done at 540");
    const auto fails = [](std::shared_ptr<virtual_clock> c) -> task<std::string> {
        co_await sleep_for(*c, 1min);
        throw std::runtime_error("broken");
    };
    CHECK(outcome_of(timeout(fails(clock), 10min, clock), *clock) == "broken at 600");
    CHECK_FALSE(clock->advance());
}

TEST_CASE("what takes longer is cancelled at that moment, and has ended before the error comes") {
    const auto clock = std::make_shared<virtual_clock>();
    CHECK(outcome_of(timeout(after(clock, 11min, "done"), 10min, clock), *clock) ==
          "the operation took longer than 600000 ms at 600");
    const auto unwilling = [] {
        throw_error(errc::cancelled, "at last");
        return std::string();
    };
    CHECK(outcome_of(timeout(reluctant(clock, 5min, unwilling), 10min, clock), *clock) ==
          "the operation took longer than 600000 ms at 1500");
}

TEST_CASE("the task's own result goes first, even after time is up: a commit that was made, or may have been") {
    const auto clock = std::make_shared<virtual_clock>();
    const auto made = [] { return std::string("made"); };
    CHECK(outcome_of(timeout(reluctant(clock, 5s, made), 1min, clock), *clock) == "made at 65");
    const auto unknown = [] {
        throw_error(errc::outcome_unknown, "nobody knows");
        return std::string();
    };
    CHECK(outcome_of(timeout(reluctant(clock, 5s, unknown), 1min, clock), *clock) == "nobody knows at 130");
}

TEST_CASE("the error is one that std::errc knows, and may be retried") {
    const auto clock = std::make_shared<virtual_clock>();
    bool done = false;
    asio::io_context context;
    std::exception_ptr outcome;
    initiate(context.get_executor(), timeout(nothing_after(clock, 2min, done), 1min, clock),
             [&](std::exception_ptr failure) { outcome = failure; });
    run_virtual(context, *clock);
    REQUIRE(outcome);
    try {
        std::rethrow_exception(outcome);
    } catch (const error& failure) {
        CHECK(failure.kind() == errc::timed_out);
        CHECK(failure.code() == std::errc::timed_out);
        CHECK(failure.retryable());
    }
    CHECK_FALSE(done);
}

CO_TEST_CASE("without a clock of one's own it is real time, and nothing is a result too") {
    bool done = false;
    co_await timeout(nothing_after(steady_clock(), 1ms, done), 1h);
    CHECK(done);
    bool too_late = false;
    errc kind{};
    try {
        co_await timeout(nothing_after(steady_clock(), 1h, too_late), 1ms);
    } catch (const error& failure) {
        kind = failure.kind();
    }
    CHECK(kind == errc::timed_out);
    CHECK_FALSE(too_late);
}

TEST_CASE("cancelling from outside ends the task first and is no timeout") {
    const auto clock = std::make_shared<virtual_clock>();
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    initiate(context.get_executor(), timeout(after(clock, 11min, "done"), 10min, clock),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, std::string) { outcome = end; }));
    context.poll();
    signal.emit(asio::cancellation_type::partial);
    context.restart();
    context.poll();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK_FALSE(clock->advance());
}

TEST_CASE("a step may have a limit of its own, whether it streams or not") {
    test_context place;
    const auto clock = place.outside.clock;
    CHECK(outcome_of((slow_source() | timeout(slow_sum(), 2min)).run(place), *clock) == "added at 240");
    CHECK(outcome_of((slow_source() | timeout(slow_sum(), 30s)).run(place), *clock) ==
          "the operation took longer than 30000 ms at 450");
    CHECK(outcome_of((timeout(slow_source(), 4min) | slow_sum()).run(place), *clock) == "added at 690");
    CHECK(outcome_of((timeout(slow_source(), 2min + 30s) | slow_sum()).run(place), *clock) ==
          "the operation took longer than 150000 ms at 840");
}

TEST_CASE("a step behind one that could not be stopped does not begin after the cancellation") {
    for (const bool cancel : {false, true}) {
        test_context place;
        asio::io_context context;
        asio::cancellation_signal signal;
        std::exception_ptr outcome;
        const auto stop = place.outside.clock->make_timer(context.get_executor());
        if (cancel)
            stop->start(place.outside.clock->now() + 3min + 30s, [&] { signal.emit(asio::cancellation_type::total); });
        const auto steps = slow_source() | timeout(stubborn_sum(), 1h) | commit_like();
        initiate(
            context.get_executor(), steps.run(place),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, std::string) { outcome = end; }));
        run_virtual(context, *place.outside.clock);
        CHECK((outcome != nullptr) == cancel);
        if (outcome) CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
        CHECK(place.events.size() == (cancel ? 0 : 1));
        CHECK(place.outside.clock->elapsed() == 4min);
    }
}

TEST_CASE("a timeout destroyed after any number of handlers leaves nothing behind") {
    for (int steps = 0; steps < 20; ++steps) {
        const auto clock = std::make_shared<virtual_clock>();
        asio::io_context context;
        initiate(context.get_executor(), timeout(after(clock, 11min, "done"), 10min, clock),
                 [](std::exception_ptr, std::string) {});
        for (int i = 0; i < steps; ++i) {
            if (context.poll_one() == 0) clock->advance();
        }
    }
    SUCCEED("the sanitizers saw nothing");
}
