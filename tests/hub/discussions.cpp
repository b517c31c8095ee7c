#include <hubpush/hub/discussions.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/hub/commit_resolver.hpp>

using namespace hubpush;
using namespace std::chrono_literals;

namespace {

/// The marker that a session with seeded random numbers uses first.
std::string expected_marker() {
    hubpush_test::seeded_random random(1);
    return commit_marker(random_id(random));
}

std::string listing(const std::string& entries) {
    return json_reply(R"({"count":2,"start":0,"discussions":[)" + entries + "]}");
}

std::string entry(int number, bool pull_request = true) {
    return R"({"num":)" + std::to_string(number) + R"(,"title":"Add run","status":"draft","isPullRequest":)" +
           (pull_request ? "true" : "false") + "}";
}

std::string details(int number, const std::string& text) {
    return json_reply(R"({"num":)" + std::to_string(number) +
                      R"(,"events":[{"type":"status-change","data":{}},{"type":"comment","data":{"latest":{"raw":)" +
                      json_quoted(text) + R"(}}},{"type":"comment","data":{"latest":{"raw":"later"}}}]})");
}

auto open_one(std::optional<std::uint64_t>& number, std::string title = "Add run", std::string text = "details") {
    return [&number, title, text](hub_session& session) -> task<void> {
        number = co_await open_pull_request(session, repository("acme/x"), title, text, 5min);
    };
}

}  // namespace

TEST_CASE("a pull request is opened with one request, whose text ends with its marker") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/models/acme/x/discussions HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"({"num":7,"pullRequest":true})"));
    std::optional<std::uint64_t> number;
    test.run(open_one(number));
    CHECK(number == 7U);
    CHECK(test.network->peers().front()->received.ends_with(R"({"title":"Add run","description":"details\u000a\u000a)" +
                                                            expected_marker() + R"(","pullRequest":true})"));
}

TEST_CASE("a server without the route has no discussions, whatever it says in words") {
    for (const char* status : {"404 Not Found", "405 Method Not Allowed"}) {
        scripted_session test;
        test.network->next().expect_request().send(json_reply(R"({"error":"no such route"})", status));
        std::optional<std::uint64_t> number = 1;
        test.run(open_one(number));
        CHECK_FALSE(number);
    }
}

TEST_CASE("a refusal is told") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply(R"({"error":"bad title"})", "400 Bad Request"));
    std::optional<std::uint64_t> number;
    CHECK(test.failure(open_one(number)) == errc::bad_request);
    CHECK(test.text.find("cannot open a pull request at acme/x") != std::string::npos);
}

TEST_CASE("an opening whose answer was lost is looked for by its marker, each pull request once") {
    scripted_session test;
    test.network->next().expect_request().close();
    test.network->next()
        .expect("GET /api/models/acme/x/discussions?type=pull_request&status=all&p=0 HTTP/1.1\r\n")
        .expect_request()
        .send(listing(entry(8, false) + "," + entry(6)))
        .expect("GET /api/models/acme/x/discussions/6 HTTP/1.1\r\n")
        .expect_request()
        .send(details(6, "another one"))
        .expect("GET /api/models/acme/x/discussions?")
        .expect_request()
        .send(listing(entry(9) + "," + entry(8, false) + "," + entry(6)))
        .expect("GET /api/models/acme/x/discussions/9 HTTP/1.1\r\n")
        .expect_request()
        .send(details(9, "details\n\n" + expected_marker()));
    std::optional<std::uint64_t> number;
    test.run(open_one(number));
    CHECK(number == 9U);
    CHECK(test.network->unused() == 0);
}

TEST_CASE(
    "an opening that is never found is never repeated; the outcome is unknown, and the error says where to look") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply("{}", "504 Gateway Timeout", "Connection: close\r\n"));
    for (int i = 0; i < 100; ++i) test.network->next().expect("GET ").expect_request().send(listing("")).close();
    std::optional<std::uint64_t> number;
    CHECK(test.failure(open_one(number)) == errc::outcome_unknown);
    CHECK(test.hint.find(expected_marker()) != std::string::npos);
    CHECK(test.hint.find("pull requests") != std::string::npos);
    CHECK(test.seams.clock->elapsed() < 6min);
    CHECK(test.network->peers().size() < 30);
}

TEST_CASE("a listing that does not exist after a lost answer is no proof that there are no discussions") {
    scripted_session test;
    test.network->next().expect_request().close();
    test.network->next().expect("GET ").expect_request().send(json_reply("{}", "404 Not Found"));
    std::optional<std::uint64_t> number;
    CHECK(test.failure(open_one(number)) == errc::outcome_unknown);
}

TEST_CASE("a rate limit is waited out and the opening sent again") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply("{}", "429 Too Many Requests", "Retry-After: 5\r\n"))
        .expect("POST ")
        .expect_request()
        .send(json_reply(R"({"num":1})"));
    std::optional<std::uint64_t> number;
    test.run(open_one(number));
    CHECK(number == 1U);
}

TEST_CASE("cancelled while it is being opened: the pull request that is left behind is told") {
    scripted_session test;
    test.network->next().expect_request().delay(100s);
    test.network->next()
        .expect("GET ")
        .expect_request()
        .send(listing(entry(3)))
        .expect("GET ")
        .expect_request()
        .send(details(3, expected_marker()));
    std::optional<std::uint64_t> number;
    CHECK(test.failure(open_one(number), 5s) == errc::cancelled);
    CHECK(test.text.find("pull request 3") != std::string::npos);
    CHECK(test.hint.find("refs/pr/3") != std::string::npos);
}

TEST_CASE("titles have 3 to 200 characters, of the first line, and none that is a control character") {
    const std::string long_title = std::string(199, 'x') + "\xc3\xa9";
    const std::vector<std::pair<std::string, std::string>> cases{{"v1", "Push v1"},
                                                                 {"abc", "abc"},
                                                                 {"  abc  ", "abc"},
                                                                 {"a\nb", "Push a"},
                                                                 {"\xe6\x97\xa5", "Push \xe6\x97\xa5"},
                                                                 {long_title, std::string(199, 'x')},
                                                                 {"step\t100", "step 100"},
                                                                 {"a\x01\x1f\x7f", "Push a"},
                                                                 {"\xc3\xa9"
                                                                  "a ",
                                                                  "Push \xc3\xa9"
                                                                  "a"}};
    for (const auto& [given, sent] : cases) {
        scripted_session test;
        test.network->next().expect_request().send(json_reply(R"({"num":1})"));
        std::optional<std::uint64_t> number;
        test.run(open_one(number, given, ""));
        const std::string& received = test.network->peers().front()->received;
        CHECK(received.find("{\"title\":" + json_quoted(sent) + ",") != std::string::npos);
        CHECK(received.find("\"description\":\"Opened by hubpush.\\u000a") != std::string::npos);
    }
}

TEST_CASE("a status is set, and what the server says against it is told") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/models/acme/x/discussions/7/status HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"({"newStatus":{}})"))
        .expect_request()
        .send(json_reply("{}", "403 Forbidden"));
    test.run([](hub_session& session) -> task<void> {
        co_await set_discussion_status(session, repository("acme/x"), 7, discussion_status::open);
    });
    CHECK(test.network->peers().front()->received.ends_with(R"({"status":"open"})"));
    CHECK(test.failure([](hub_session& session) -> task<void> {
        co_await set_discussion_status(session, repository("acme/x"), 7, discussion_status::closed);
    }) == errc::forbidden);
}

TEST_CASE("the number at the end of a pull request's address") {
    CHECK(discussion_number("https://hub.test/acme/x/discussions/12") == 12U);
    CHECK(discussion_number("/discussions/0") == 0U);
    for (const char* text : {"", "https://hub.test/acme/x", "https://hub.test/acme/x/discussions/",
                             "https://hub.test/acme/x/discussions/1x", "https://hub.test/discussions/-1"}) {
        CAPTURE(text);
        CHECK_FALSE(discussion_number(text));
    }
}
