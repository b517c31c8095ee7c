#include <hubpush/hub/commit_api.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/commit_resolver.hpp>

using namespace hubpush;
using namespace std::chrono_literals;

namespace {

const std::string head_oid(40, '1');
const std::string our_oid(40, '2');
const std::string commit_answer = R"({"success":true,"commitOid":")" + our_oid +
                                  R"(","commitUrl":"https://hub.test/acme/run-42/commit/)" + our_oid +
                                  R"(","hookOutput":""})";

std::vector<commit_operation> one_file(const std::string& hashed = "{\"a\":1}", const std::string& sent = "{\"a\":1}") {
    std::vector<commit_operation> operations;
    operations.push_back(
        commit_operation::add_regular("config.json", memory_source(sent), to_hex(git_blob_hash::of(as_bytes(hashed)))));
    return operations;
}

/// The marker that a session with seeded random numbers uses first.
std::string expected_marker() {
    hubpush_test::seeded_random random(1);
    return commit_marker(random_id(random));
}

std::string listed(const std::string& oid, const std::string& text) {
    return R"({"id":")" + oid + R"(","title":"Upload","message":)" + json_quoted(text) + "}";
}

const std::string history_without = "[" + listed(head_oid, "") + "]";
std::string history_with() {
    return "[" + listed(our_oid, "text\n\n" + expected_marker()) + "," + listed(head_oid, "") + "]";
}

std::string cut(const std::string& reply) { return reply.substr(0, reply.size() - 20); }

auto commit_once(commit_result& result, commit_header header = commit_header("Upload config.json", "text")) {
    return [&result, header](hub_session& session) -> task<void> {
        result = co_await send_commit(session, repository("acme/run-42"), "main", header, one_file());
    };
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

std::string all_sent(const scripted_session& test) {
    std::string result;
    for (const auto& peer : test.network->peers()) result += peer->received;
    return result;
}

}  // namespace

TEST_CASE("a commit is one request, whose description ends with its marker") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/models/acme/run-42/commit/main HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(commit_answer));
    commit_result result;
    test.run(commit_once(result));
    CHECK(result.oid() == our_oid);
    CHECK(result.url() == "https://hub.test/acme/run-42/commit/" + our_oid);
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.find("Content-Type: application/x-ndjson\r\n") != std::string::npos);
    CHECK(sent.ends_with(R"({"key":"header","value":{"summary":"Upload config.json","description":"text\u000a\u000a)" +
                         expected_marker() +
                         "\"}}\n"
                         R"({"key":"file","value":{"content":"eyJhIjoxfQ==","path":"config.json","encoding":"base64"}})"
                         "\n"));
}

TEST_CASE("a commit whose answer is cut is found by its marker and not sent again") {
    for (const bool with_status : {true, false}) {
        scripted_session test;
        auto& first = test.network->next().expect_request();
        if (with_status) first.send(cut(json_reply(commit_answer)));
        first.close();
        test.network->next()
            .expect("GET /api/models/acme/run-42/commits/main?limit=100 HTTP/1.1\r\n")
            .expect_request()
            .send(json_reply(history_with()));
        commit_result result;
        test.run(commit_once(result));
        CHECK(result.oid() == our_oid);
        CHECK(result.url() == "https://hub.test/acme/run-42/commit/" + our_oid);
        CHECK(count_of(all_sent(test), "POST ") == 1);
    }
}

TEST_CASE("a commit that was not made is sent again on top of the head") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply("{}", "504 Gateway Timeout"))
        .expect_request()
        .send(json_reply(history_without))
        .expect_request()
        .send(json_reply(commit_answer));
    commit_result result;
    test.run(commit_once(result));
    CHECK(result.oid() == our_oid);
    const std::string sent = all_sent(test);
    CHECK(count_of(sent, "POST ") == 2);
    CHECK(count_of(sent, "\"parentCommit\":\"" + head_oid + "\"") == 1);
    CHECK(count_of(sent, expected_marker()) == 2);
}

TEST_CASE("a 200 that is no commit answer is looked up") {
    for (const char* body : {"<html>", "{}", R"({"commitOid":"main"})"}) {
        scripted_session test;
        test.network->next().expect_request().send(json_reply(body)).expect_request().send(json_reply(history_with()));
        commit_result result;
        test.run(commit_once(result));
        CHECK(result.oid() == our_oid);
    }
}

TEST_CASE("a rate limit is waited out and the commit sent again unguarded") {
    scripted_session test;
    test.network->next().expect_request().send(
        json_reply("{}", "429 Too Many Requests", "Retry-After: 55\r\nConnection: close\r\n"));
    test.network->next().expect_request().send(json_reply(commit_answer));
    commit_result result;
    test.run(commit_once(result));
    CHECK(test.seams.clock->elapsed() >= 55s);
    CHECK(count_of(all_sent(test), "parentCommit") == 0);
}

TEST_CASE("a parent of the caller's stands in the commit, and a moved branch is a conflict") {
    scripted_session test;
    test.network->next().expect_request().send(
        json_reply(R"({"error":"The branch was updated since you opened this page."})", "412 Precondition Failed"));
    commit_result result;
    commit_header header("x");
    header.parent(head_oid);
    CHECK(test.failure(commit_once(result, header)) == errc::conflict);
    CHECK(test.text.find("The branch was updated") != std::string::npos);
    CHECK(count_of(test.text, "The branch was updated") == 1);
    CHECK(count_of(all_sent(test), "\"parentCommit\":\"" + head_oid + "\"") == 1);
}

TEST_CASE("a large file that the server misses has an error of its own") {
    scripted_session test;
    test.network->next().expect_request().send(
        json_reply(R"({"error":"LFS pointer pointed to a file that does not exist"})", "400 Bad Request"));
    commit_result result;
    CHECK_THROWS_AS(test.run(commit_once(result)), lfs_object_missing);
}

TEST_CASE("a file that changed is never committed") {
    scripted_session test;
    test.network->next().expect_request();
    const errc kind = test.failure([](hub_session& session) -> task<void> {
        const commit_header header("x");
        co_await send_commit(session, repository("acme/run-42"), "main", header, one_file("{\"a\":1}", "{\"a\":2}"));
    });
    CHECK(kind == errc::file_changed);
    CHECK(all_sent(test).find("config.json") == std::string::npos);
}

TEST_CASE("a missing path to remove gets a hint about folders") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply(R"({"error":"A file with this name doesn't exist"})",
                                                          "404 Not Found", "X-Error-Code: EntryNotFound\r\n"));
    const errc kind = test.failure([](hub_session& session) -> task<void> {
        std::vector<commit_operation> operations;
        operations.push_back(commit_operation::remove_file("ckpt"));
        const commit_header header("x");
        co_await send_commit(session, repository("acme/run-42"), "main", header, operations);
    });
    CHECK(kind == errc::entry_not_found);
    CHECK(test.hint.find("folder") != std::string::npos);
}

TEST_CASE("a server that never answers the search leaves the outcome unknown within the patience") {
    scripted_session test;
    test.network->next().expect_request().close();
    for (int i = 0; i < 500; ++i) test.network->next().refuse();
    commit_result result;
    CHECK(test.failure(commit_once(result)) == errc::outcome_unknown);
    CHECK(test.hint.find(expected_marker()) != std::string::npos);
    CHECK(test.seams.clock->elapsed() < 12min);
    CHECK(count_of(all_sent(test), "POST ") == 1);
}

TEST_CASE("cancelled before the request has left as a whole, nothing was committed") {
    scripted_session test;
    test.network->next().window(100);  // the server takes 100 bytes and no more
    const errc kind = test.failure(
        [](hub_session& session) -> task<void> {
            const commit_header header("x");
            const std::string large(1 << 20, 'x');
            co_await send_commit(session, repository("acme/run-42"), "main", header, one_file(large, large));
        },
        5s);
    CHECK(kind == errc::cancelled);
    CHECK(test.network->peers().size() == 1);
}

TEST_CASE("cancelled while the answer is awaited, the branch tells") {
    scripted_session made;
    made.network->next().expect_request().delay(100s);
    made.network->next().expect("GET ").expect_request().send(json_reply(history_with()));
    commit_result result;
    made.run(commit_once(result), 5s);
    CHECK(result.oid() == our_oid);

    scripted_session open;
    open.network->next().expect_request().delay(100s);
    open.network->next().expect("GET ").expect_request().send(json_reply(history_without));
    CHECK(open.failure(commit_once(result), 5s) == errc::outcome_unknown);

    scripted_session silent;
    silent.network->next().expect_request().delay(100s);
    silent.network->next().expect("GET ").expect_request();
    CHECK(silent.failure(commit_once(result), 5s) == errc::outcome_unknown);
    CHECK(silent.seams.clock->elapsed() < 120s);
}

TEST_CASE("cancelled during the pause before the search, the branch tells") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply("{}", "503 Service Unavailable", "Retry-After: 60\r\n"))
        .expect("GET ")
        .expect_request()
        .send(json_reply(history_with()));
    commit_result result;
    test.run(commit_once(result), 5s);
    CHECK(result.oid() == our_oid);
    CHECK(test.seams.clock->elapsed() < 30s);
}

TEST_CASE("a commit of nothing is the caller's mistake") {
    scripted_session test;
    const errc kind = test.failure([](hub_session& session) -> task<void> {
        const commit_header header("x");
        const std::vector<commit_operation> nothing;
        co_await send_commit(session, repository("acme/run-42"), "main", header, nothing);
    });
    CHECK(kind == errc::invalid_argument);
}
