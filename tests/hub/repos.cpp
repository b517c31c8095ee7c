#include <hubpush/hub/repos.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

using namespace hubpush;

namespace {

const std::string created_answer =
    R"({"url":"https://hub.test/acme/run-42","name":"acme/run-42","id":"68a5c0de0000000000000001"})";
const std::string exists_answer =
    R"({"error":"You already created this model repo","url":"https://hub.test/acme/run-42"})";
const std::string collision_answer = R"({"error":"Cannot create repo: another conflicting operation is in progress"})";

/// Creates `wanted` and gives the id that the server says.
std::string create(scripted_session& test, repo_creation wanted) {
    std::string id;
    test.run([&](hub_session& session) -> task<void> {
        const created_repository created = co_await create_repo(session, wanted);
        id = created.where().id();
        CHECK(created.url() == "https://hub.test/" + id);
    });
    return id;
}

errc failure_of(scripted_session& test, repo_creation wanted) {
    return test.failure([&](hub_session& session) -> task<void> { co_await create_repo(session, wanted); });
}

}  // namespace

TEST_CASE("a repository is created with the request of the wire example") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/repos/create HTTP/1.1\r\nHost: hub.test\r\n")
        .expect_request()
        .send(json_reply(created_answer));
    repo_creation wanted(repository("acme/run-42"));
    wanted.visibility(repo_visibility::private_repo);
    CHECK(create(test, wanted) == "acme/run-42");
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.ends_with(R"({"name":"run-42","organization":"acme","visibility":"private","type":"model"})"));
    CHECK(sent.find("Content-Length: 77\r\n") != std::string::npos);
}

TEST_CASE("a name without namespace gets the one that the server tells") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply(created_answer));
    CHECK(create(test, repo_creation(repository("run-42"))) == "acme/run-42");
    CHECK(test.network->peers().front()->received.ends_with(R"({"name":"run-42","organization":null,"type":"model"})"));

    scripted_session existing;
    existing.network->next().expect_request().send(json_reply(exists_answer, "409 Conflict"));
    CHECK(create(existing, repo_creation(repository("run-42")).exist_ok(true)) == "acme/run-42");
}

TEST_CASE("an existing repository is a conflict unless it may exist") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply(exists_answer, "409 Conflict"));
    CHECK(failure_of(test, repo_creation(repository("acme/run-42"))) == errc::conflict);
    CHECK(test.text.find("You already created this model repo") != std::string::npos);
}

TEST_CASE("a collision of two creations is repeated with pauses, and not for ever") {
    scripted_session test;
    auto& script = test.network->next();
    for (int i = 0; i < 3; ++i) script.expect_request().send(json_reply(collision_answer, "409 Conflict"));
    script.expect_request().send(json_reply(created_answer));
    CHECK(create(test, repo_creation(repository("acme/run-42")).exist_ok(true)) == "acme/run-42");
    CHECK(test.seams.clock->elapsed() > std::chrono::seconds(2));

    scripted_session never;
    auto& refusals = never.network->next();
    for (int i = 0; i < 9; ++i) refusals.expect_request().send(json_reply(collision_answer, "409 Conflict"));
    CHECK(failure_of(never, repo_creation(repository("acme/run-42")).exist_ok(true)) == errc::conflict);
    CHECK(never.seams.clock->elapsed() < std::chrono::minutes(1));
}

TEST_CASE("a token that may not create is enough for a repository that is there") {
    for (const char* status : {"401 Unauthorized", "402 Payment Required", "403 Forbidden"}) {
        CAPTURE(status);
        scripted_session there;
        there.network->next()
            .expect_request()
            .send(json_reply(R"({"error":"no"})", status))
            .expect("GET /api/models/acme/run-42 HTTP/1.1\r\n")
            .expect_request()
            .send(json_reply(R"({"id":"Acme/run-42","sha":"x"})"));
        CHECK(create(there, repo_creation(repository("acme/run-42")).exist_ok(true)) == "Acme/run-42");

        scripted_session missing;
        missing.network->next()
            .expect_request()
            .send(json_reply(R"({"error":"the first answer"})", status))
            .expect_request()
            .send(json_reply(R"({"error":"gone"})", "404 Not Found"));
        failure_of(missing, repo_creation(repository("acme/run-42")).exist_ok(true));
        CHECK(missing.text.find("the first answer") != std::string::npos);

        scripted_session strict;
        strict.network->next().expect_request().send(json_reply(R"({"error":"no"})", status));
        failure_of(strict, repo_creation(repository("acme/run-42")));
    }
}

TEST_CASE("an address of another kind in the answer is refused") {
    for (const char* address : {"https://evil.test/acme/run-42", "https://hub.test/datasets/acme/run-42/x",
                                "https://hub.test/", "nonsense", "https://hub.test/acme/run-42?x=1"}) {
        CAPTURE(address);
        scripted_session test;
        test.network->next().expect_request().send(json_reply(R"({"url":")" + std::string(address) + "\"}"));
        CHECK(failure_of(test, repo_creation(repository("acme/run-42"))) == errc::protocol_error);
    }
}

TEST_CASE("a space needs to know what it runs") {
    scripted_session test;
    CHECK(failure_of(test, repo_creation(repository("a/b", repo_type::space))) == errc::invalid_argument);
    CHECK(test.network->peers().empty());
}
