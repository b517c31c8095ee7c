#include <hubpush/queue/patience.hpp>

#include "catch.hpp"

#include <limits>

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

/// With these bits every pause is its bound: `random % (bound + 1)` of a multiple of it, less one.
std::uint64_t longest(milliseconds bound) { return static_cast<std::uint64_t>(bound.count()); }

}  // namespace

TEST_CASE("the bound of the pauses doubles from one second to a minute", "[queue][patience]") {
    hubpush::detail::patience pauses(6h);
    hubpush::steady_time now(1000h);
    for (const milliseconds bound : {1'000ms, 2'000ms, 4'000ms, 8'000ms, 16'000ms, 32'000ms, 60'000ms, 60'000ms}) {
        CHECK(pauses.next_pause(now, std::nullopt, longest(bound)) == bound);
        now += bound;
    }
}

TEST_CASE("jitter is full: a pause may be anything from nothing to the bound", "[queue][patience]") {
    const auto first_pause = [](std::uint64_t random) {
        return hubpush::detail::patience(6h).next_pause(hubpush::steady_time(), std::nullopt, random);
    };
    CHECK(first_pause(0) == 0ms);
    CHECK(first_pause(500) == 500ms);
    CHECK(first_pause(1001) == 0ms);
    CHECK(first_pause(std::numeric_limits<std::uint64_t>::max()) <= 1000ms);
}

TEST_CASE("what the server asks for is waited at least", "[queue][patience]") {
    hubpush::detail::patience pauses(6h);
    CHECK(pauses.next_pause(hubpush::steady_time(), 300s, 700) == 300s + 700ms);
    CHECK(pauses.next_pause(hubpush::steady_time(), -5s, 700) == 700ms);
}

TEST_CASE("patience ends when its time is over, counted from the first failure", "[queue][patience]") {
    hubpush::detail::patience pauses(20s);
    const hubpush::steady_time start(1000h);
    CHECK(pauses.next_pause(start, std::nullopt, 1000) == 1s);
    CHECK(pauses.next_pause(start + 19s, std::nullopt, longest(2s)) == 1s);  // cut: the last attempt is at the very end
    CHECK_FALSE(pauses.next_pause(start + 20s, std::nullopt, 0));
}

TEST_CASE("a server that asks for more than is left is not waited for", "[queue][patience]") {
    hubpush::detail::patience pauses(20s);
    CHECK(pauses.next_pause(hubpush::steady_time(), 20s, 1000) == 20s);
    CHECK_FALSE(pauses.next_pause(hubpush::steady_time(1s), 20s, 0));
    CHECK_FALSE(hubpush::detail::patience(0s).next_pause(hubpush::steady_time(), std::nullopt, 0));
    CHECK_FALSE(hubpush::detail::patience(20s).next_pause(hubpush::steady_time(), std::chrono::hours(1'000'000), 0));
}
