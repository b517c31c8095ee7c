#include <hubpush/net/trace.hpp>

#include "catch.hpp"

#include <string>

using namespace hubpush;
using namespace std::chrono_literals;

TEST_CASE("an event is one line") {
    const std::chrono::system_clock::time_point at{std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + 14h +
                                                   3min + 7s + 45ms};
    trace_event reply(trace_kind::reply, 12, 2, "PUT https://h/a?sig=***");
    reply.at(at).status(503).bytes(1234, 200).took(48100us).request_id("abc");
    CHECK(to_string(reply) ==
          "14:03:07.045 #12.2 reply to PUT https://h/a?sig=***: HTTP 503, sent 1234, received 200, 48.1 ms [request "
          "abc]");
    trace_event retry(trace_kind::retry, 12, 2, "https://h/a");
    retry.at(at).reason("HTTP 503").wait(700ms);
    CHECK(to_string(retry) == "14:03:07.045 #12.2 tries again: https://h/a: HTTP 503, in 700 ms");
    trace_event opened(trace_kind::connection_opened, 1, 1, "https://h");
    opened.at(at).took(1ms);
    CHECK(to_string(opened) == "14:03:07.045 #1.1 connected to https://h, 1.0 ms");
}

TEST_CASE("what a server says cannot break the line or fill the memory") {
    trace_event event(trace_kind::failure, 1, 1, std::string(5000, 'x'));
    event.reason("\x1b[31mred\r\n" + std::string(5000, 'y')).request_id(std::string(5000, 'z'));
    const std::string line = to_string(event);
    CHECK(line.size() < 1024);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.find('\x1b') == std::string::npos);
}

TEST_CASE("the ring keeps the last events, or none") {
    detail::trace_ring ring(trace_events(3));
    for (int i = 1; i <= 5; ++i) ring.add(trace_event(trace_kind::request, static_cast<std::uint64_t>(i), 1, "GET"));
    const std::vector<trace_event> kept = ring.copy();
    REQUIRE(kept.size() == 3);
    CHECK(kept.front().request() == 3);
    CHECK(kept.back().request() == 5);
    detail::trace_ring off(trace_events(0));
    CHECK_FALSE(off.enabled());
    off.add(trace_event());
    CHECK(off.copy().empty());
}
