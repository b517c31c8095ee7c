#include <hubpush/hub/preupload.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>

using namespace hubpush;

namespace {

std::vector<preupload_question> two_questions() {
    std::vector<preupload_question> questions;
    questions.emplace_back("config.json", 7, as_bytes("{\"a\":1}"));
    questions.emplace_back("m.bin", 1000, as_bytes("mm"));
    return questions;
}

std::string answer_of(const std::string& config, const std::string& model) {
    return "{\"commitOid\":\"x\",\"files\":[{\"path\":\"m.bin\"," + model + "},{\"path\":\"config.json\"," + config +
           "}]}";
}

std::vector<preupload_answer> read(const std::string& text) {
    const std::optional<json_value> answer = json_value::parse(text);
    REQUIRE(answer);
    return read_preupload(*answer, two_questions());
}

const std::string regular_answer = R"("uploadMode":"regular","shouldIgnore":false)";
const std::string lfs_answer = R"("uploadMode":"lfs","shouldIgnore":false)";

}  // namespace

TEST_CASE("the question has exactly the bytes of the wire example") {
    std::vector<preupload_question> questions;
    questions.emplace_back("config.json", 7, as_bytes("{\"a\":1}"));
    CHECK(preupload_body(questions) == R"({"files":[{"path":"config.json","sample":"eyJhIjoxfQ==","size":7}]})");
    CHECK(preupload_body({}) == R"({"files":[]})");
    const std::string long_sample(2000, 'x');
    CHECK(preupload_question("a", 2000, as_bytes(long_sample)).sample().size() == 684);
    CHECK(preupload_question("a", 0, {}).sample().empty());
}

TEST_CASE("texts of git files go along when there are any, empty ones too") {
    std::vector<preupload_question> questions;
    preupload_rules rules;
    rules.gitignore("*.tmp\n").gitattributes("");
    CHECK(preupload_body(questions, rules) == R"({"files":[],"gitIgnore":"*.tmp\u000a","gitAttributes":""})");
    CHECK_NOTHROW(rules.gitignore(std::string(preupload_rules::longest, 'x')));
    CHECK_THROWS_AS(rules.gitignore(std::string(preupload_rules::longest + 1, 'x')), error);
    CHECK_THROWS_AS(rules.gitattributes("\xff"), invalid_argument);
}

TEST_CASE("a file that is too large for a commit goes to the store whatever the server says") {
    for (const std::uint64_t size : {largest_regular_file, largest_regular_file + 1}) {
        std::vector<preupload_question> questions;
        questions.emplace_back("a.txt", size, std::span<const std::byte>());
        const auto answers = read_preupload(
            *json_value::parse(R"({"files":[{"path":"a.txt","uploadMode":"regular","shouldIgnore":false}]})"),
            questions);
        CHECK((answers[0].mode() == upload_mode::lfs) == (size > largest_regular_file));
    }
}

TEST_CASE("answers are matched by path and given in the order of the questions") {
    const std::string blob(40, 'a');
    const std::string sha(64, 'b');
    const auto answers = read(answer_of(regular_answer + ",\"oid\":\"" + blob + "\"",
                                        R"("uploadMode":"lfs","shouldIgnore":true,"oid":")" + sha + "\""));
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].mode() == upload_mode::regular);
    CHECK(answers[0].remote_hash() == blob);
    CHECK_FALSE(answers[0].ignored());
    CHECK(answers[1].mode() == upload_mode::lfs);
    CHECK(answers[1].remote_hash() == sha);
    CHECK(answers[1].ignored());
}

TEST_CASE("a missing shouldIgnore is false, and a hash of the other kind means changed") {
    const auto answers = read(
        answer_of(R"("uploadMode":"regular","oid":")" + std::string(64, 'a') + "\"", lfs_answer + R"(,"oid":"zz")"));
    CHECK_FALSE(answers[0].ignored());
    CHECK(answers[0].remote_hash().empty());
    CHECK(answers[1].remote_hash().empty());
}

TEST_CASE("an empty file is regular whatever the server says") {
    std::vector<preupload_question> questions;
    questions.emplace_back("empty.bin", 0, std::span<const std::byte>());
    const auto answers = read_preupload(
        *json_value::parse(R"({"files":[{"path":"empty.bin","uploadMode":"lfs","shouldIgnore":false}]})"), questions);
    CHECK(answers[0].mode() == upload_mode::regular);
}

TEST_CASE("preupload answers that contradict the question are protocol errors") {
    const std::string good = R"({"path":"m.bin","uploadMode":"lfs"},{"path":"config.json","uploadMode":"regular"})";
    for (const std::string& text :
         {std::string("{}"), std::string("[]"), std::string(R"({"files":{}})"), std::string(R"({"files":[]})"),
          answer_of(R"("uploadMode":"xet")", lfs_answer), answer_of(R"("shouldIgnore":false)", lfs_answer),
          answer_of(R"("uploadMode":"regular","shouldIgnore":"no")", lfs_answer),
          answer_of(R"("uploadMode":"regular","oid":7)", lfs_answer),
          std::string(R"({"files":[{"path":"m.bin","uploadMode":"lfs"},{"path":"m.bin","uploadMode":"lfs"}]})"),
          std::string(R"({"files":[{"path":"m.bin","uploadMode":"lfs"},{"path":"other","uploadMode":"lfs"}]})"),
          R"({"files":[)" + good + R"(,{"path":"third","uploadMode":"lfs"}]})"}) {
        CAPTURE(text);
        try {
            read(text);
            FAIL("accepted");
        } catch (const error& failure) {
            CHECK(failure.kind() == errc::protocol_error);
        }
    }
    CHECK_NOTHROW(read(R"({"files":[)" + good + "]}"));
}

TEST_CASE("files are asked about in one request") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/models/acme/run-42/preupload/feature%2Fx HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(
            R"({"commitOid":"1111","files":[{"path":"config.json","uploadMode":"regular","shouldIgnore":false}]})"));
    test.run([](hub_session& session) -> task<void> {
        std::vector<preupload_question> questions;
        questions.emplace_back("config.json", 7, as_bytes("{\"a\":1}"));
        const preupload_reply reply = co_await preupload(session, repository("acme/run-42"), "feature/x", questions);
        CHECK(reply.answers().front().mode() == upload_mode::regular);
        CHECK(reply.head().empty());  // "1111" is no commit id
    });
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(sent.find("Content-Length: 67\r\n") != std::string::npos);
}

TEST_CASE("one question is about at most 256 files") {
    scripted_session test;
    CHECK(test.failure([](hub_session& session) -> task<void> {
        std::vector<preupload_question> questions(257);
        co_await preupload(session, repository("acme/run-42"), "main", questions);
    }) == errc::invalid_argument);
    CHECK(test.network->peers().empty());
}

TEST_CASE("files for a pull request are asked about as such, and the answer names the head") {
    scripted_session test;
    const std::string head(40, '1');
    test.network->next()
        .expect("POST /api/models/acme/run-42/preupload/main?create_pr=1 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"({"commitOid":")" + head + R"(","files":[]})"));
    test.run([&](hub_session& session) -> task<void> {
        const std::vector<preupload_question> nothing;
        const preupload_rules none;
        const preupload_reply reply =
            co_await preupload(session, repository("acme/run-42"), "main", nothing, none, true);
        CHECK(reply.head() == head);
    });
}
