#include <hubpush/hub/readme.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <string>

using namespace hubpush;

namespace {

const std::string fine = R"({"warnings":[],"errors":[]})";

http_response answer(int status, const std::string& body) { return http_response(status, header_list(), body); }

void ask(scripted_session& test, const std::string& text) {
    test.run([&text](hub_session& session) -> task<void> { co_await check_readme(session, text, repo_type::space); });
}

/// What a check that the server answers like this logs.
std::vector<std::string> log_of(const std::string& reply, const std::string& text = "# Card") {
    scripted_session test;
    test.network->next().expect_request().send(reply);
    ask(test, text);
    return test.seams.log->lines();
}

}  // namespace

TEST_CASE("a README.md is asked about with its text and the repository's type") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/validate-yaml HTTP/1.1\r\nHost: hub.test\r\n")
        .expect_request()
        .send(json_reply(fine));
    ask(test, "---\nlicense: mit\n---\n");
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.ends_with(R"({"content":"---\u000alicense: mit\u000a---\u000a","repoType":"space"})"));
    CHECK(test.seams.log->lines().empty());
}

TEST_CASE("warnings are shown, one line each, and do not stop anything") {
    const std::vector<std::string> lines = log_of(json_reply(
        R"({"warnings":[{"message":"empty or missing yaml metadata in repo card"},{"message":"tw\u001b[31mo"}],"errors":[]})"));
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == "README.md: - empty or missing yaml metadata in repo card");
    CHECK(lines[1] == "README.md: - tw\\x1b[31mo");
}

TEST_CASE("a warning that repeats the token does not show it") {
    const std::vector<std::string> lines =
        log_of(json_reply(R"({"warnings":[{"message":"not )" + std::string(test_token) + R"("}],"errors":[]})"));
    CHECK(lines == std::vector<std::string>{"README.md: - not ***"});
}

TEST_CASE("errors stop the push and are all named, whatever the status") {
    for (const char* status : {"400 Bad Request", "200 OK"}) {
        scripted_session test;
        test.network->next().expect_request().send(
            json_reply(R"({"errors":[{"message":"first"},{"message":"second"}]})", status));
        const errc kind = test.failure(
            [](hub_session& session) -> task<void> { co_await check_readme(session, "# Card", repo_type::model); });
        CHECK(kind == errc::bad_request);
        CHECK(test.text.find("the metadata of README.md is not valid: - first - second") != std::string::npos);
        CHECK(test.hint.find("'---'") != std::string::npos);
    }
}

TEST_CASE("an answer without a judgement is one warning and no error") {
    const std::string page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>";
    for (const std::string& reply :
         {json_reply(R"({"error":"no such route"})", "404 Not Found"), json_reply("{}", "405 Method Not Allowed"), page,
          json_reply(R"({"error":"bad"})", "400 Bad Request"), json_reply(fine, "400 Bad Request"),
          json_reply(fine, "401 Unauthorized"), json_reply("[]"), json_reply("{}"), json_reply("")}) {
        const std::vector<std::string> lines = log_of(reply);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].starts_with("the metadata of README.md was not checked: https://hub.test answers HTTP "));
    }
}

TEST_CASE("answers are read within limits") {
    CHECK(read_readme_verdict(answer(200, fine))->errors().empty());
    CHECK(read_readme_verdict(answer(200, R"({"errors":7})"))->errors().empty());
    CHECK(read_readme_verdict(answer(200, R"({"errors":[1,{"message":2},{},{"message":"x"}]})"))->errors().size() == 4);
    std::string many = R"({"errors":[{"message":"1"})";
    for (int i = 0; i < 100; ++i) many += R"(,{"message":"x"})";
    CHECK(read_readme_verdict(answer(400, many + "]}"))->errors().size() == 20);
}

TEST_CASE("a long README.md is cut between two characters, one that is not UTF-8 is not sent") {
    scripted_session test;
    test.network->next().expect_request().send(json_reply(fine));
    std::string text(readme_question_limit - 1, 'x');
    ask(test, text + "\xc3\xa9" + "more");
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.find("\"content\":\"" + text + "\",") != std::string::npos);

    scripted_session binary;
    ask(binary, "caf\xe9");
    CHECK(binary.network->peers().empty());
    CHECK(binary.seams.log->warnings() == 1);
}
