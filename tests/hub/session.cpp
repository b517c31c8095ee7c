#include <hubpush/hub/session.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/hub/whoami.hpp>

using namespace hubpush;

TEST_CASE("requests identify client and call, and carry the token to the endpoint only") {
    scripted_session test;
    const http_request own = test.session.request("GET", "/api/x?y=1", request_class::safe);
    CHECK(own.target().text() == "https://hub.test/api/x?y=1");
    CHECK(own.headers().find("User-Agent") == "hubpush/" HUBPUSH_VERSION);
    CHECK(own.token().equals(test_token));
    CHECK(own.allowed_origin() == test.session.settings().origin());
}

TEST_CASE("each attempt has a trace id of its own") {
    scripted_session test;
    hubpush_test::script& server = test.network->next().expect_request().send(json_reply("{}", "503 Busy"));
    server.expect_request().send(json_reply(R"({"type":"user","name":"alice"})"));
    test.run([](hub_session& session) -> task<void> { co_await whoami(session); });
    const std::string& received = test.network->peers().front()->received;
    const std::string name = "\r\nX-Amzn-Trace-Id: ";
    const std::size_t first = received.find(name);
    const std::size_t second = received.rfind(name);
    REQUIRE(first != second);
    const std::string id = received.substr(first + name.size(), 38);
    CHECK(id != received.substr(second + name.size(), 38));
    CHECK(id.ends_with("\r\n"));
    CHECK(id[8] == '-');
    CHECK(id[14] == '4');
    CHECK(std::string("89ab").find(id[19]) != std::string::npos);
}

TEST_CASE("the user agent ends with the origin that the environment names") {
    hub_settings settings = scripted_session::default_settings();
    settings.user_agent_origin("ci");
    scripted_session test(1, settings);
    CHECK(test.session.request("GET", "/", request_class::safe).headers().find("User-Agent") ==
          "hubpush/" HUBPUSH_VERSION "; origin/ci");
}

TEST_CASE("whoami asks with the token and reads name, type and organizations") {
    scripted_session test;
    CHECK_FALSE(test.session.has_answered());
    test.network->next()
        .expect("GET /api/whoami-v2 HTTP/1.1\r\nHost: hub.test\r\n")
        .expect_request()
        .send(json_reply(R"({"type":"user","name":"alice","orgs":[{"type":"org","name":"acme"}],"auth":{"x":null}})"));
    test.run([](hub_session& session) -> task<void> {
        const hub_user user = co_await whoami(session);
        CHECK(user.name() == "alice");
        CHECK(user.type() == "user");
        CHECK(user.organizations().size() == 1);
    });
    CHECK(test.network->peers().front()->received.find("Authorization: Bearer hf_exampleAAAA\r\n") !=
          std::string::npos);
    CHECK(test.session.has_answered());
}

TEST_CASE("a wrong token is told with its source, a missing one before any request") {
    scripted_session test;
    test.network->next().expect_request().send(
        json_reply(R"({"error":"Invalid credentials in Authorization header"})", "401 Unauthorized",
                   "X-Error-Message: Invalid credentials in Authorization header\r\n"));
    const auto ask = [](hub_session& session) -> task<void> { co_await whoami(session); };
    CHECK(test.failure(ask) == errc::not_authorized);
    CHECK(test.hint == "the token from HF_TOKEN is not valid for https://hub.test");
    CHECK(test.text.find("Invalid credentials in Authorization header") != std::string::npos);

    scripted_session anonymous(1, hub_settings(url::parse("https://hub.test")->origin(), ""));
    CHECK(anonymous.failure(ask) == errc::not_authorized);
    CHECK(anonymous.network->peers().empty());
}

TEST_CASE("the log-in page of a network in between is not taken for an answer") {
    scripted_session test;
    test.network->next().expect_request().send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>");
    CHECK(test.failure([](hub_session& session) -> task<void> { co_await whoami(session); }) == errc::protocol_error);
    CHECK(test.hint.find("HF_ENDPOINT") != std::string::npos);
}

TEST_CASE("the Hub's own warnings are shown once per topic") {
    scripted_session test;
    const std::string reply =
        json_reply(R"({"type":"user","name":"a"})", "200 OK", "X-HF-Warning: plan; 90 % used\r\n");
    test.network->next().expect_request().send(reply).expect_request().send(reply);
    test.run([](hub_session& session) -> task<void> {
        co_await whoami(session);
        co_await whoami(session);
    });
    CHECK(test.seams.log->lines() == std::vector<std::string>{"the Hub warns: 90 % used"});
}

TEST_CASE("what writes follows a redirect on its own origin only; what reads goes on without the token") {
    const auto redirected = [](const std::string& place) {
        return "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + place + "\r\nContent-Length: 0\r\n\r\n";
    };
    const auto write = [](hub_session& session) -> task<void> {
        http_request request = session.request("POST", "/api/models/a/b/preupload/main", request_class::safe);
        request.body("{}", "application/json");
        co_await session.send(std::move(request), "cannot ask");
    };
    scripted_session renamed;
    renamed.network->next()
        .expect_request()
        .send(redirected("/api/models/a/c/preupload/main"))
        .expect("POST /api/models/a/c/preupload/main HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply("{}"));
    renamed.run(write);
    CHECK(renamed.network->peers().front()->received.ends_with("{}"));

    for (const char* place : {"https://evil.test/x", "https://hub.test:444/x", "//evil.test/x"}) {
        CAPTURE(place);
        scripted_session elsewhere;
        elsewhere.network->next().expect_request().send(redirected(place));
        CHECK(elsewhere.failure(write) == errc::protocol_error);
        CHECK(elsewhere.network->peers().size() == 1);
    }
}

TEST_CASE("in offline mode nothing is sent and the variable is named") {
    hub_settings settings = scripted_session::default_settings();
    settings.offline("HF_HUB_OFFLINE");
    scripted_session test(1, settings);
    CHECK(test.failure([](hub_session& session) -> task<void> { co_await whoami(session); }) == errc::bad_environment);
    CHECK(test.text.find("HF_HUB_OFFLINE") != std::string::npos);
    CHECK(test.network->peers().empty());
}

TEST_CASE("no answer is no answer: has_answered stays false after connections that failed") {
    scripted_session test;
    for (int i = 0; i < 8; ++i) test.network->next().refuse();
    CHECK(test.failure([](hub_session& session) -> task<void> { co_await whoami(session); }) == errc::transport);
    CHECK_FALSE(test.session.has_answered());
}

TEST_CASE("an endpoint that asks to be asked later has answered, and gets the time") {
    scripted_session test;
    test.network->next()
        .expect_request()
        .send(json_reply("{}", "429 Too Many Requests", "RateLimit: \"api\";r=0;t=120\r\n"))
        .expect_request()
        .send(json_reply(R"({"type":"user","name":"alice"})"));
    test.network->next().expect_request().send(json_reply(R"({"type":"user","name":"alice"})"));
    test.run([](hub_session& session) -> task<void> {
        const hub_user user = co_await whoami(session);
        CHECK(user.name() == "alice");
    });
    CHECK(test.seams.clock->elapsed() >= std::chrono::seconds(120));
    CHECK(test.session.has_answered());
}

TEST_CASE("garbage, half an answer and silence are no answer, and end within a minute") {
    for (const char* sent : {"SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", "HTTP/1.1 200", ""}) {
        CAPTURE(sent);
        scripted_session test;
        for (int i = 0; i < 8; ++i) test.network->next().expect_request().send(sent);
        test.failure([](hub_session& session) -> task<void> { co_await whoami(session); });
        CHECK(test.seams.clock->elapsed() <= first_answer_within);
        CHECK_FALSE(test.session.has_answered());
    }
}

TEST_CASE("with a prefix in the endpoint, paths and error rules follow it") {
    hub_settings settings(url::parse("https://hub.test")->origin(), "/mirror");
    settings.token(secret(test_token), "HF_TOKEN");
    scripted_session test(1, settings);
    test.network->next()
        .expect("GET /mirror/api/models/a/b HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply("{}", "401 Unauthorized"));
    const errc kind = test.failure([](hub_session& session) -> task<void> {
        http_request request = session.request("GET", "/api/models/a/b", request_class::safe);
        co_await session.send(std::move(request), "cannot read a/b");
    });
    CHECK(kind == errc::repository_not_found);
}
