#include <hubpush/local_hub/rate_windows.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <chrono>
#include <string>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

TEST_CASE("a window gives so many and begins anew when it is over", "[rate_windows]") {
    detail::rate_windows windows(hub_quota(2, 60s));
    const steady_time begin(1000s);
    CHECK(windows.take("a", begin).remaining == 1);
    CHECK(windows.take("a", begin + 10s).allowed);
    const auto refused = windows.take("a", begin + 30500ms);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.remaining == 0);
    CHECK(refused.reset == 30s);
    CHECK(windows.take("b", begin + 31s).allowed);
    CHECK(windows.take("a", begin + 60s).allowed);
    CHECK(windows.take("a", begin + 60s).reset == 60s);
}

TEST_CASE("without a count there is no limit", "[rate_windows]") {
    CHECK_FALSE(detail::rate_windows().limits());
    CHECK(detail::rate_windows(hub_quota(1, 1s)).limits());
}

TEST_CASE("a quota of requests is announced on every answer and refuses when it is used up", "[rate_windows]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).api_quota(hub_quota(2, 300s)));
    const raw_reply first = test.ask("GET", "/api/whoami-v2");
    CHECK(first.status == 200);
    CHECK(first.field("RateLimit") == "\"api\";r=1;t=300");
    CHECK(first.field("RateLimit-Policy") == "\"fixed window\";\"api\";q=2;w=300");
    CHECK(test.ask("GET", "/api/models/acme/none").field("RateLimit") == "\"api\";r=0;t=300");
    const raw_reply refused = test.ask("GET", "/api/whoami-v2");
    CHECK(refused.status == 429);
    CHECK(refused.field("RateLimit").starts_with("\"api\";r=0;t="));
    CHECK(test.ask("GET", "/api/whoami-v2", "", test.reader).status == 200);
    CHECK(test.ask("GET", "/acme/none/resolve/main/x").status == 404);
}

TEST_CASE("a quota of commits refuses with the time to wait", "[rate_windows]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).commit_quota(hub_quota(1, 300s)));
    test.create();
    CHECK(test.commit(hello_line).status == 200);
    const raw_reply refused = test.commit(hello_line);
    CHECK(refused.status == 429);
    CHECK(refused.field("Retry-After") == "300");
    CHECK(refused.field("RateLimit").empty());
    CHECK(test.commits().size() == 2);
}
