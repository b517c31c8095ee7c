#include <hubpush/async/map.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <string>

using namespace hubpush;
using namespace hubpush_test;

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
