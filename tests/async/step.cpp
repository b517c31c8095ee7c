#include <hubpush/async/step.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/map.hpp>
#include <hubpush/async/tap.hpp>
#include <hubpush/async/timing.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

class only_even : public step_base {
public:
    using input_type = set_of<number>;
    task<set_of<number>> operator()(test_context&, set_of<number> in) const {
        std::erase_if(in.files, [](const number& n) { return n.value % 2 != 0; });
        co_return in;
    }
};

class note_first : public step_base {
public:
    task<void> operator()(test_context& context, stream<number>& in, stream<number>& out) const {
        bool first = true;
        while (std::optional<number> item = co_await in.pop()) {
            if (first) context.events.push_back("first item seen");
            first = false;
            co_await out.push(*item);
        }
    }
};

class first_three : public step_base {
public:
    task<void> operator()(test_context&, stream<number>& in, stream<number>& out) const {
        for (int i = 0; i < 3; ++i) {
            const std::optional<number> item = co_await in.pop();
            co_await out.push(*item);
        }
    }
};

number twice(number n) {
    n.value *= 2;
    return n;
}

task<number> plus_one(number n) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    n.value += 1;
    co_return n;
}

/// Like a commit: once it runs, cancellation does not stop it; it finds out what became of it.
class commit_like : public step_base {
public:
    explicit commit_like(bool known) : known_(known) {}
    task<std::string> operator()(test_context& context, set_of<number> in) const {
        bool cancelled = false;
        try {
            co_await sleep_for(*context.outside.clock, 1h);
        } catch (const hubpush::cancelled&) {
            cancelled = true;
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        if (cancelled) co_await sleep_for(*context.outside.clock, 5s);
        if (!known_) throw_error(errc::outcome_unknown, "nobody knows");
        co_return std::to_string(in.files.size());
    }

private:
    bool known_;
};

/// What a run that is cancelled after a minute ends with.
std::string outcome_of_cancelled(auto steps) {
    test_context place;
    asio::io_context context;
    asio::cancellation_signal signal;
    std::string outcome;
    const auto stop = place.outside.clock->make_timer(context.get_executor());
    stop->start(place.outside.clock->now() + 1min, [&] { signal.emit(asio::cancellation_type::total); });
    initiate(context.get_executor(), steps.run(place),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure, std::string value) {
                 outcome = failure ? describe(failure) : value;
             }));
    run_virtual(context, *place.outside.clock);
    return outcome;
}

number fail_at_five(number n) {
    if (n.value == 5) throw std::runtime_error("five");
    return n;
}

}  // namespace

static_assert(
    std::same_as<decltype(numbers(1) | map(&twice) | only_even() | each(&plus_one) | sum())::result_type, std::string>);
static_assert(std::same_as<decltype(numbers(1) | map(&twice))::result_type, set_of<number>>);

CO_TEST_CASE(
    "a pipeline of a source, a function, a barrier, concurrent work and a last step gives the last step's value") {
    test_host host;
    auto steps = numbers(100) | map(&twice) | only_even() | each(&plus_one, in_flight(3)) | sum();
    const std::string total = co_await steps(host, "acme/x");
    CHECK(total == "10000");
    const std::string again = co_await steps(host, "acme/x");
    CHECK(again == "10000");
}

CO_TEST_CASE("a pipeline may be a temporary of the statement that runs it, and a stream at its end is a set") {
    test_host host;
    const set_of<number> all = co_await (numbers(40) | map(&twice))(host, "acme/x");
    CHECK(all.files.size() == 40);
    CHECK(all.files.back().value == 78);
}

CO_TEST_CASE("steps overlap: the first item reaches the end before the source has ended") {
    test_context context;
    const auto steps = numbers(1000) | note_first() | sum();
    const std::string total = co_await steps.run(context);
    CHECK(total == "499500");
    CHECK(context.events == std::vector<std::string>{"first item seen", "source ended"});
}

CO_TEST_CASE("the first failure ends the whole pipeline and is what the caller sees") {
    test_host host;
    std::string text;
    const auto steps = numbers(100'000) | map(&fail_at_five) | map(&twice) | sum();
    try {
        co_await steps(host, "acme/x");
    } catch (const std::runtime_error& failure) {
        text = failure.what();
    }
    CHECK(text == "five");
}

CO_TEST_CASE("a step that stops reading lets the steps before it end") {
    test_host host;
    const auto steps = numbers(1000) | first_three() | sum();
    const std::string total = co_await steps(host, "acme/x");
    CHECK(total == "3");
}

TEST_CASE("a commit's outcome is the pipeline's, whatever steps follow it and whenever it is cancelled") {
    const auto look = [](const std::string&) {};
    const auto same = [](std::string text) { return text; };
    CHECK(outcome_of_cancelled(numbers(3) | commit_like(true)) == "3");
    CHECK(outcome_of_cancelled(numbers(3) | commit_like(true) | last_of<std::string>()) == "3");
    CHECK(outcome_of_cancelled(numbers(3) | commit_like(true) | tap(look) | map(same) | last_of<std::string>()) == "3");
    const auto unknown = numbers(3) | commit_like(false) | tap(look) | last_of<std::string>();
    CHECK(outcome_of_cancelled(unknown).starts_with("nobody knows"));
}

TEST_CASE("what follows a pipeline that has its result although it was cancelled knows of the cancellation") {
    test_context place;
    asio::io_context context;
    asio::cancellation_signal signal;
    std::string first;
    std::exception_ptr outcome;
    const auto steps = numbers(3) | commit_like(true);
    const auto work = [&]() -> task<void> {
        first = co_await steps.run(place);
        co_await throw_if_cancelled();
    };
    initiate(context.get_executor(), work(),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) { outcome = end; }));
    context.poll();
    signal.emit(asio::cancellation_type::partial);
    run_virtual(context, *place.outside.clock);
    CHECK(first == "3");
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
}

TEST_CASE("a pipeline inside a plain coroutine of Asio's, cancelled after any number of handlers, ends in order") {
    for (int steps = 0; steps < 120; ++steps) {
        test_context place;
        asio::io_context context;
        asio::cancellation_signal signal;
        std::exception_ptr outcome;
        bool completed = false;
        const auto numbers_added = numbers(40) | map(&twice) | each(&plus_one, in_flight(3)) | sum();
        const auto work = [&]() -> task<void> {
            co_await numbers_added.run(place);
            const bool check_is_on = co_await asio::this_coro::throw_if_cancelled();
            CHECK(check_is_on);
        };
        asio::co_spawn(context, work(), asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) {
                           completed = true;
                           outcome = end;
                       }));
        for (int i = 0; i < steps; ++i) context.poll_one();
        signal.emit(asio::cancellation_type::terminal);
        context.restart();
        context.poll();
        REQUIRE(completed);
        if (outcome) CHECK_THROWS_AS(std::rethrow_exception(translate(outcome)), cancelled);
    }
}

TEST_CASE("a pipeline cancelled or destroyed after any number of handlers leaves nothing behind") {
    for (int steps = 0; steps < 120; ++steps) {
        asio::io_context context;
        asio::cancellation_signal signal;
        test_host host;
        std::exception_ptr outcome;
        bool completed = false;
        auto work = numbers(40) | map(&twice) | each(&plus_one, in_flight(3)) | sum();
        initiate(context.get_executor(), work(host, "acme/x"),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure, std::string) {
                     completed = true;
                     outcome = failure;
                 }));
        for (int i = 0; i < steps; ++i) context.poll_one();
        if (steps % 2 == 0) continue;  // destroyed here
        signal.emit(asio::cancellation_type::terminal);
        context.restart();
        context.poll();
        REQUIRE(completed);
        if (outcome) CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    }
}
