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
            .expect("GET /api/models/acme/run-42?expand=private HTTP/1.1\r\n")
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

TEST_CASE("a space needs to know what it runs, nothing else does, before any request") {
    scripted_session test;
    const auto space = [](const std::string& sdk) {
        return repo_creation(repository("a/b", repo_type::space)).sdk(sdk);
    };
    CHECK(failure_of(test, space("")) == errc::invalid_argument);
    CHECK(failure_of(test, space("Docker")) == errc::invalid_argument);
    CHECK(failure_of(test, repo_creation(repository("a/b")).sdk("docker")) == errc::invalid_argument);
    CHECK(test.network->peers().empty());
    for (const std::string sdk : {"gradio", "streamlit", "docker", "static"}) {
        scripted_session one;
        one.network->next().expect_request().send(json_reply(R"({"url":"https://hub.test/spaces/a/b"})"));
        one.run([&](hub_session& session) -> task<void> {
            const repo_creation wanted = space(sdk);
            const created_repository made = co_await create_repo(session, wanted);
            CHECK(made.where() == repository("a/b", repo_type::space));
        });
        const std::string end = R"("type":"space","sdk":")" + sdk + R"("})";
        CHECK(one.network->peers().front()->received.ends_with(end));
    }
}

TEST_CASE("all four types are created, each found again at its own address") {
    for (const repo_type type : {repo_type::model, repo_type::dataset, repo_type::kernel}) {
        const std::string page = "https://hub.test" + repository("Acme/x", type).page_path();
        scripted_session test;
        test.network->next().expect_request().send(
            json_reply(R"({"error":"You already created this repo","url":")" + page + "\"}", "409 Conflict"));
        test.run([&](hub_session& session) -> task<void> {
            repo_creation wanted(repository("acme/x", type));
            wanted.exist_ok(true);
            const created_repository made = co_await create_repo(session, wanted);
            CHECK(made.where() == repository("Acme/x", type));
            CHECK(made.url() == page);
        });
        const std::string end = R"("type":")" + std::string(singular(type)) + R"("})";
        CHECK(test.network->peers().front()->received.ends_with(end));
    }
}

TEST_CASE("a name without namespace that may not be created is looked for in one's own, not among the old ones") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply(R"({"error":"no"})", "403 Forbidden"))
        .expect("GET /api/whoami-v2 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"({"type":"user","name":"alice"})"))
        .expect("GET /api/models/alice/gpt2?expand=private HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"({"id":"alice/gpt2"})"));
    CHECK(create(test, repo_creation(repository("gpt2")).exist_ok(true)) == "alice/gpt2");
}

TEST_CASE("a repository that was just created may be unknown for some seconds, and only that one") {
    const std::string unknown = json_reply(R"({"error":"Repository not found"})", "404 Not Found");
    const auto read = [](hub_session& session, std::string id) -> task<void> {
        http_request request = session.request("GET", "/api/models/" + id, request_class::safe);
        co_await session.send(std::move(request), "cannot read " + id);
    };
    scripted_session test;
    auto& script = test.network->next();
    script.expect_request().send(json_reply(created_answer));
    for (int i = 0; i < 3; ++i) script.expect_request().send(unknown);
    script.expect_request().send(json_reply("{}")).expect_request().send(unknown);
    CHECK(test.failure([&](hub_session& session) -> task<void> {
        const repo_creation wanted(repository("acme/run-42"));
        co_await create_repo(session, wanted);
        co_await read(session, "acme/run-42");
        CHECK(test.seams.clock->elapsed() >= std::chrono::seconds(3));
        co_await read(session, "acme/run-43");
    }) == errc::repository_not_found);
    CHECK(test.seams.clock->elapsed() < std::chrono::seconds(4));

    scripted_session never;
    auto& refusals = never.network->next();
    refusals.expect_request().send(json_reply(created_answer));
    for (int i = 0; i < 21; ++i) refusals.expect_request().send(unknown);
    CHECK(never.failure([&](hub_session& session) -> task<void> {
        const repo_creation wanted(repository("acme/run-42"));
        co_await create_repo(session, wanted);
        co_await read(session, "acme/run-42");
    }) == errc::repository_not_found);
    CHECK(never.seams.clock->elapsed() <= creation_grace::length + creation_grace::pause);

    scripted_session existing;  // it was there before: nothing to be patient with
    existing.network->next()
        .expect_request()
        .send(json_reply(exists_answer, "409 Conflict"))
        .expect_request()
        .send(unknown);
    CHECK(existing.failure([&](hub_session& session) -> task<void> {
        repo_creation wanted(repository("acme/run-42"));
        wanted.exist_ok(true);
        co_await create_repo(session, wanted);
        co_await read(session, "acme/run-42");
    }) == errc::repository_not_found);
    CHECK(existing.seams.clock->elapsed() < std::chrono::seconds(1));
}
