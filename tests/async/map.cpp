#include <hubpush/async/map.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/timing.hpp>

#include <chrono>
#include <optional>
#include <string>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// Every number as often as its value says.
set_of<number> repeated(number n) {
    set_of<number> copies;
    copies.files.assign(static_cast<std::size_t>(n.value), n);
    return copies;
}

task<set_of<number>> only_odd(number n) {
    set_of<number> kept;
    if (n.value % 2 == 1) kept.files.push_back(n);
    co_return kept;
}

class first_three : public step_base {
public:
    task<void> operator()(test_context&, stream<number>& in, stream<number>& out) const {
        for (int i = 0; i < 3; ++i) {
            const std::optional<number> item = co_await in.pop();
            co_await out.push(*item);
        }
    }
};

}  // namespace

static_assert(std::same_as<decltype(numbers(1) | map(&repeated))::result_type, set_of<number>>);

CO_TEST_CASE("a function that gives a set turns one item into any number of them") {
    test_context context;
    const auto more = numbers(5) | map(&repeated) | sum();
    const std::string squares = co_await more.run(context);
    CHECK(squares == "30");
    const auto fewer = numbers(10) | map(&only_odd) | sum();
    const std::string odd = co_await fewer.run(context);
    CHECK(odd == "25");
    const auto at_once = numbers(10) | each(&only_odd, in_flight(3)) | map(&repeated) | sum();
    const std::string odd_squares = co_await at_once.run(context);
    CHECK(odd_squares == "165");
}

TEST_CASE("each begins nothing once it is cancelled") {
    test_context place;
    asio::io_context context;
    asio::cancellation_signal signal;
    int begun = 0;
    std::exception_ptr outcome;
    const auto slowly = [&](number n) -> task<number> {
        ++begun;
        co_await sleep_for(*place.outside.clock, 1h);
        co_return n;
    };
    const auto steps = numbers(100) | each(slowly, in_flight(2)) | sum();
    initiate(context.get_executor(), steps.run(place),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, std::string) { outcome = end; }));
    context.poll();
    signal.emit(asio::cancellation_type::terminal);
    run_virtual(context, *place.outside.clock);
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK(begun == 2);
    CHECK(place.outside.clock->elapsed() == 0s);
}

CO_TEST_CASE("each takes no more items when nobody takes its results any more") {
    test_context context;
    int begun = 0;
    const auto count = [&begun](number n) -> task<number> {
        ++begun;
        co_return n;
    };
    const auto steps = numbers(1000) | each(count, in_flight(2)) | first_three() | sum();
    const std::string total = co_await steps.run(context);
    CHECK(total == "3");
    CHECK(begun < 100);
}
