#include <hubpush/local_hub/url_signer.hpp>

#include "catch.hpp"
#include "test_seams.hpp"

#include <string>

using namespace hubpush::detail;

TEST_CASE("a link works for its method, its path and its time only", "[url_signer]") {
    hubpush_test::seeded_random random(1);
    url_signer signer(random, std::chrono::seconds(60));
    const std::chrono::system_clock::time_point now{std::chrono::seconds(1'790'000'000)};
    const std::string link = signer.sign("PUT", "/a/b", now);
    CHECK(link != signer.sign("PUT", "/a/b", now));
    REQUIRE(link.starts_with("/a/b?"));
    const std::string query = link.substr(5);
    CHECK(signer.check("PUT", "/a/b", query, now) == url_signer::verdict::valid);
    CHECK(signer.check("PUT", "/a/b", query, now + std::chrono::seconds(61)) == url_signer::verdict::expired);
    CHECK(signer.check("GET", "/a/b", query, now) == url_signer::verdict::invalid);
    CHECK(signer.check("PUT", "/a/c", query, now) == url_signer::verdict::invalid);
    for (std::size_t at = 0; at < query.size(); ++at) {
        std::string changed = query;
        changed[at] = changed[at] == '1' ? '2' : '1';
        CHECK(signer.check("PUT", "/a/b", changed, now) == url_signer::verdict::invalid);
        CHECK(signer.check("PUT", "/a/b", query.substr(0, at), now) == url_signer::verdict::invalid);
    }
    CHECK(url_signer(random, std::chrono::seconds(60)).check("PUT", "/a/b", query, now) ==
          url_signer::verdict::invalid);
}
