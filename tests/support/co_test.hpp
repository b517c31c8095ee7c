#pragma once

#include "catch.hpp"
#include "virtual_clock.hpp"

#include <hubpush/async/task.hpp>

#include <chrono>
#include <exception>
#include <optional>

namespace hubpush_test {

/// Runs a coroutine on a fresh io_context in real time; rethrows what it throws. The test fails when it does not end in
/// time or leaves work behind.
inline void run_coroutine(hubpush::task<void> body, std::chrono::seconds limit = std::chrono::seconds(120)) {
    asio::io_context context;
    std::optional<std::exception_ptr> outcome;
    hubpush::initiate(context.get_executor(), std::move(body), [&](std::exception_ptr failure) { outcome = failure; });
    context.run_for(limit);
    if (!outcome) FAIL("the coroutine did not end in time");
    if (*outcome) std::rethrow_exception(*outcome);
    REQUIRE(context.stopped());
}

/// The same in virtual time.
inline void run_coroutine(hubpush::task<void> body, virtual_clock& clock) {
    asio::io_context context;
    std::optional<std::exception_ptr> outcome;
    hubpush::initiate(context.get_executor(), std::move(body), [&](std::exception_ptr failure) { outcome = failure; });
    run_virtual(context, clock);
    if (!outcome) FAIL("the coroutine waits for something that never comes");
    if (*outcome) std::rethrow_exception(*outcome);
}

}  // namespace hubpush_test

#define HUBPUSH_TEST_JOIN_(left, right) left##right
#define HUBPUSH_TEST_JOIN(left, right) HUBPUSH_TEST_JOIN_(left, right)

/// A test case whose body is a coroutine: `CO_TEST_CASE("name", "[tags]") { co_await …; }`. Name what was awaited
/// before a CHECK: the macro mentions its argument three times, and inside a coroutine g++ 12 evaluates every one of
/// them.
#define CO_TEST_CASE(...)                                                                                   \
    static ::hubpush::task<void> HUBPUSH_TEST_JOIN(co_test_body_, __LINE__)();                              \
    TEST_CASE(__VA_ARGS__) { ::hubpush_test::run_coroutine(HUBPUSH_TEST_JOIN(co_test_body_, __LINE__)()); } \
    static ::hubpush::task<void> HUBPUSH_TEST_JOIN(co_test_body_, __LINE__)()
