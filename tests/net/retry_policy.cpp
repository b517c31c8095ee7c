#include <hubpush/net/retry_policy.hpp>

#include "catch.hpp"

#include <limits>
#include <random>

using namespace hubpush;
using namespace std::chrono_literals;

namespace {

using wait = std::optional<std::chrono::milliseconds>;

// 1994-11-06 08:49:37 UTC, the date of RFC 9110's examples.
const std::chrono::system_clock::time_point now{784'111'777s};

http_response reply(int status, std::initializer_list<header_list::field> fields) {
    header_list headers;
    for (const auto& [name, value] : fields) headers.add(name, value);
    return http_response(status, std::move(headers), "");
}

wait after(int status, std::initializer_list<header_list::field> fields) {
    return requested_wait(reply(status, fields), now);
}
wait retry_after(std::string value) { return after(503, {{"Retry-After", std::move(value)}}); }
wait rate_limit(std::string value) { return after(429, {{"RateLimit", std::move(value)}}); }

/// The random number that makes the jitter exactly its bound.
std::uint64_t full(std::chrono::milliseconds bound) { return static_cast<std::uint64_t>(bound.count()); }

}  // namespace

TEST_CASE("a server says how long to wait in seconds or with a date") {
    CHECK(retry_after("0") == 0ms);
    CHECK(retry_after("7") == 7s);
    CHECK(retry_after(" 7 ") == 7s);
    CHECK(retry_after("Sun, 06 Nov 1994 08:49:47 GMT") == 10s);
    CHECK(requested_wait(reply(503, {{"Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT"}}), now + 250ms) == 9750ms);
    CHECK(retry_after("99999999999999999999").value() > retry_policy::requested_wait_limit);
}

TEST_CASE("dates that have passed, negative numbers, two answers and rubbish count as nothing") {
    const auto text = GENERATE(values<std::string>({
        "-1",
        "+1",
        "1.5",
        "1e3",
        "soon",
        "",
        "5 s",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:00 GMT",
        "Sun, 31 Feb 2094 08:49:47 GMT",
        "Sun, 06 Nov 2094 24:00:00 GMT",
        "Sun, 06 Nov 2094 08:49:47 CET",
        "Sun, 06 Nox 2094 08:49:47 GMT",
        "Sun, 06 anF 2094 08:49:47 GMT",
        "Sun, -6 Nov 2094 08:49:47 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 2094",
        "Sun, 06 Nov 2094 08:49:47 GMT+1",
    }));
    CAPTURE(text);
    CHECK_FALSE(retry_after(text));
    CHECK_FALSE(after(503, {{"Retry-After", "1"}, {"Retry-After", "2"}}));
    CHECK(retry_after("Fri, 31 Dec 9999 23:59:59 GMT") > 24h * 365 * 50);
    CHECK_FALSE(after(503, {}));
}

TEST_CASE("the RateLimit field counts when nothing remains and the answer is 429") {
    CHECK(rate_limit("\"api\";r=0;t=55") == 55s);
    CHECK(rate_limit("\"api\" ; r=0 ; t=55") == 55s);
    CHECK(rate_limit("\"pages\";r=3;t=10, \"api\";r=0;t=55, \"resolvers\";r=0;t=5") == 55s);
    CHECK_FALSE(rate_limit("\"api\";r=1;t=55"));
    CHECK_FALSE(rate_limit("\"api\";r=0"));
    CHECK_FALSE(rate_limit("\"api\";t=55"));
    CHECK_FALSE(rate_limit("\"api\";r=-0;t=55"));
    CHECK_FALSE(rate_limit(";;;,,,"));
    CHECK_FALSE(after(503, {{"RateLimit", "\"api\";r=0;t=55"}}));
    CHECK(after(429, {{"RateLimit", "\"api\";r=0;t=55"}, {"Retry-After", "60"}}) == 60s);
    CHECK(after(429, {{"RateLimit", "\"api\";r=0;t=55"}, {"Retry-After", "5"}}) == 55s);
}

TEST_CASE("without a word from the server the waits double from half a second to thirty") {
    const retry_policy policy(attempts(20), backoff(500ms, 30s));
    const std::chrono::milliseconds bounds[] = {500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s};
    int number = 0;
    for (const auto bound : bounds) {
        ++number;
        CAPTURE(number);
        CHECK(policy.next_wait(failed_attempt(number, 0ms, errc::transport), 0) == 0ms);
        CHECK(policy.next_wait(failed_attempt(number, 0ms, errc::transport), full(bound)) == bound);
        CHECK(policy.next_wait(failed_attempt(number, 0ms, 503, std::nullopt), full(bound)) == bound);
        CHECK(policy.next_wait(failed_attempt(number, 0ms, errc::transport), full(bound) + 1) == 0ms);
    }
}

TEST_CASE("any random number gives a wait within the bound") {
    const unsigned seed = 20260801;
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 10'000; ++round) {
        const wait result = retry_policy().next_wait(failed_attempt(3, 0ms, errc::timed_out), random());
        REQUIRE(result);
        REQUIRE(*result >= 0ms);
        REQUIRE(*result <= 2s);
    }
}

TEST_CASE("a wait that the server asked for is kept, never shortened, and refused when it is too long") {
    const retry_policy policy;
    CHECK(policy.next_wait(failed_attempt(1, 0ms, 429, 55s), 0) == 55s);
    CHECK(policy.next_wait(failed_attempt(1, 0ms, 429, 55s), full(500ms)) == 55s + 500ms);
    CHECK(policy.next_wait(failed_attempt(1, 0ms, 503, 0ms), 0) == 0ms);
    CHECK(policy.next_wait(failed_attempt(1, 0ms, 503, 300s), 0) == 300s);
    CHECK_FALSE(policy.next_wait(failed_attempt(1, 0ms, 503, 301s), 0));
}

TEST_CASE("six attempts are made, or as many as were asked for") {
    const retry_policy policy;
    CHECK(policy.next_wait(failed_attempt(5, 0ms, 500, std::nullopt), 0));
    CHECK_FALSE(policy.next_wait(failed_attempt(6, 0ms, 500, std::nullopt), 0));
    CHECK_FALSE(retry_policy(attempts(1)).next_wait(failed_attempt(1, 0ms, 500, std::nullopt), 0));
    CHECK(retry_policy(attempts(0)).attempts() == 1);
    CHECK(retry_policy(backoff(1s, 2s), attempts(8)).attempts() == 8);
    CHECK(retry_policy(backoff(1s, 2s), attempts(8)).backoff().cap() == 2s);
    const retry_policy copy = policy;
    CHECK(copy.attempts() == 6);
}

TEST_CASE("all retries end five minutes after the first failure") {
    const retry_policy policy;
    CHECK(policy.next_wait(failed_attempt(2, 300s, errc::transport), 0));
    CHECK_FALSE(policy.next_wait(failed_attempt(2, 300s, errc::transport), 1));
    CHECK_FALSE(policy.next_wait(failed_attempt(2, 300001ms, errc::transport), 0));
    CHECK(policy.next_wait(failed_attempt(2, 200s, 429, 100s), full(500ms)));
    CHECK_FALSE(policy.next_wait(failed_attempt(2, 201s, 429, 100s), 0));
}

TEST_CASE("some statuses and failures are worth a retry, all others are not") {
    const retry_policy policy;
    for (int status = 100; status < 600; ++status) {
        const bool expected = status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
                              status == 503 || status == 504;
        CAPTURE(status);
        CHECK(policy.next_wait(failed_attempt(1, 0ms, status, std::nullopt), 0).has_value() == expected);
    }
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
        const auto code = static_cast<errc>(value);
        const bool expected = code == errc::transport || code == errc::timed_out || code == errc::name_not_found ||
                              code == errc::too_many_open_files;
        CAPTURE(value);
        CHECK(policy.next_wait(failed_attempt(1, 0ms, code), 0).has_value() == expected);
    }
}

TEST_CASE("a name that does not exist is looked up once more and then given up") {
    CHECK(retry_policy().next_wait(failed_attempt(1, 0ms, errc::name_not_found), 0));
    CHECK_FALSE(retry_policy().next_wait(failed_attempt(2, 0ms, errc::name_not_found), 0));
}

TEST_CASE("a client that only fails stops retrying, and earns retries back by success") {
    retry_budget budget;
    int retries = 0;
    while (budget.take(retry_budget::transport_cost)) ++retries;
    CHECK(retries == 50);
    for (int i = 0; i < 9; ++i) budget.refund();
    CHECK_FALSE(budget.take(retry_budget::transport_cost));
    CHECK(budget.take(retry_budget::server_cost));
    for (int i = 0; i < 10'000; ++i) budget.refund();
    retries = 0;
    while (budget.take(retry_budget::server_cost)) ++retries;
    CHECK(retries == 100);
}

TEST_CASE("each origin has a budget of its own, and of endless ones the last are kept") {
    retry_budgets budgets;
    const origin hub("https", "hub.example", 443);
    const origin storage("https", "storage.example", 443);
    while (budgets.of(storage).take(retry_budget::server_cost)) {
    }
    CHECK(budgets.of(hub).take(retry_budget::server_cost));
    for (std::size_t i = 0; i < retry_budgets::most - 2; ++i) budgets.of(origin("https", std::to_string(i), 443));
    CHECK_FALSE(budgets.of(storage).take(retry_budget::server_cost));
    for (std::size_t i = 0; i < retry_budgets::most; ++i) budgets.of(origin("https", std::to_string(i), 80));
    CHECK(budgets.of(storage).take(retry_budget::server_cost));  // forgotten
}

TEST_CASE("a failure of more than one request says itself whether it may be repeated") {
    const retry_policy policy(attempts(3), backoff(1s, 30s));
    const error passing(errc::server_error, "overloaded", error_details().retryable(true));
    const error asked_to_wait(errc::rate_limited, "slow down", error_details().retryable(true).retry_after(7s));
    const error hopeless(errc::outcome_unknown, "nobody knows", error_details().status(504));
    CHECK(policy.next_wait(passing, 1, 0ms, 1'000) == 1s);
    CHECK(policy.next_wait(passing, 2, 0ms, 2'000) == 2s);
    CHECK_FALSE(policy.next_wait(passing, 3, 0ms, 0));
    CHECK_FALSE(policy.next_wait(passing, 1, 301s, 0));
    CHECK(policy.next_wait(asked_to_wait, 1, 0ms, 0) == 7s);
    CHECK_FALSE(policy.next_wait(asked_to_wait, 1, 295s, 0));
    CHECK_FALSE(policy.next_wait(hopeless, 1, 0ms, 0));
}

TEST_CASE("a predicate forbids, and never allows") {
    const auto no_timeouts = [](const error& failure) { return failure.kind() != errc::timed_out; };
    const auto everything = [](const error&) { return true; };
    const error late(errc::timed_out, "late", error_details().retryable(true));
    const error lost(errc::transport, "lost", error_details().retryable(true));
    const error hopeless(errc::outcome_unknown, "nobody knows");
    CHECK(retry_policy().allows(late));
    CHECK_FALSE(retry_policy().when(no_timeouts).next_wait(late, 1, 0ms, 0));
    CHECK(retry_policy().when(no_timeouts).next_wait(lost, 1, 0ms, 0));
    CHECK(retry_policy(attempts(9)).when(no_timeouts).attempts() == 9);
    CHECK_FALSE(retry_policy().when(everything).next_wait(hopeless, 1, 0ms, 0));
}
