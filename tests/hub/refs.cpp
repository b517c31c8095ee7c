#include <hubpush/hub/refs.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

using namespace hubpush;

TEST_CASE("the revision of a pull request and its number") {
    CHECK(pull_request_revision(7) == "refs/pr/7");
    CHECK(pull_request_number("refs/pr/7") == 7U);
    for (const char* text : {"", "main", "refs/pr/", "refs/pr/x", "refs/pr/7/head", "refs/pr/-1", "refs/heads/7",
                             "refs/pr/99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(pull_request_number(text));
    }
}

TEST_CASE("pull request refs are listed newest first, whatever else there is") {
    scripted_session test;
    test.network->next()
        .expect("GET /api/datasets/a/b/refs?include_prs=1 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(
            R"({"branches":[{"name":"main","ref":"refs/heads/main","targetCommit":"1"}],"tags":[],)"
            R"("pullRequests":[{"name":"9","ref":"refs/pr/9","targetCommit":"99"},)"
            R"({"name":"10","ref":"refs/pr/10","targetCommit":"aa"},{"ref":"refs/odd","targetCommit":"1"}]})"));
    test.run([](hub_session& session) -> task<void> {
        const auto refs = co_await pull_request_refs(session, repository("a/b", repo_type::dataset));
        REQUIRE(refs.size() == 2);
        CHECK(refs[0].number() == 10);
        CHECK(refs[0].target() == "aa");
        CHECK(refs[1].number() == 9);
    });
}

TEST_CASE("a repository without pull requests, and an answer that is none") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply("{}"))
        .expect_request()
        .send(json_reply(R"({"pullRequests":[{"ref":7}]})"));
    test.run([](hub_session& session) -> task<void> {
        const auto refs = co_await pull_request_refs(session, repository("a/b"));
        CHECK(refs.empty());
    });
    CHECK(test.failure([](hub_session& session) -> task<void> {
        co_await pull_request_refs(session, repository("a/b"));
    }) == errc::protocol_error);
}
