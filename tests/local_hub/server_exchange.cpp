#include <hubpush/local_hub/server_exchange.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <chrono>
#include <string>

using namespace hubpush;
using namespace hubpush_test;

namespace {

const std::string commit_target = "/api/models/acme/run-42/commit/main";
const std::string commit_body = "{\"key\":\"header\",\"value\":{\"summary\":\"x\"}}\n" + hello_line;

std::string commit_request() { return request_text("POST", commit_target, hub_fixture::token, commit_body); }

/// A repository, and a fault for commits to it.
class fault_fixture : public hub_fixture {
public:
    explicit fault_fixture(const std::filesystem::path& folder) : hub_fixture(folder) { create(); }
    void break_commits(fault effect) { hub.faults().add(fault_rule("POST", "/commit/", std::move(effect)).nth(1)); }
    /// The ledger's last commit request.
    request_record last_commit() {
        for (const request_record& record : hub.ledger().snapshot()) {
            if (record.path() == commit_target) last_ = record;
        }
        return last_;
    }

private:
    request_record last_;
};

}  // namespace

TEST_CASE("a request is written down with everything but its token", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    REQUIRE(test.commit(hello_line).status == 200);
    const request_record record = test.last_commit();
    CHECK(record.listener == hub_listener::hub);
    CHECK(record.authorization);
    CHECK(record.token == token_state::known);
    CHECK(record.status == 200);
    CHECK(eventually([&test] { return test.last_commit().finished; }));
    CHECK(record.body_sha256.size() == 64);
    for (const auto& [name, value] : record.headers) CHECK(value.find(hub_fixture::token) == std::string::npos);
    raw_connection connection(test.hub.url());
    connection.ask(request_text("POST", "/api/validate-yaml", "hf_wrong", "hello\n"));
    CHECK(test.hub.ledger().snapshot().back().body_bytes == 6);
    CHECK(test.hub.ledger().snapshot().back().body_sha256 == hello_sha256);
    CHECK(test.hub.ledger().snapshot().back().token == token_state::unknown);
}

TEST_CASE("a body is read to its end before an error, and the connection lives on", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    raw_connection connection(test.hub.url());
    CHECK(connection.ask(request_text("POST", "/nowhere", "", std::string(8 << 20, 'x'))).status == 404);
    CHECK(connection.ask(request_text("GET", "/api/whoami-v2", test.token)).status == 200);
    CHECK(test.hub.ledger().snapshot().back().connection == test.hub.ledger().snapshot().end()[-2].connection);
}

TEST_CASE("a body is read to its end before an error, also when the connection ends with it", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    raw_connection connection(test.hub.url());
    const std::string body(8 << 20, 'x');
    const raw_reply refused = connection.ask(request_text("POST", "/nowhere", "", body, "Connection: close\r\n"));
    CHECK(refused.status == 404);
    CHECK(refused.field("Connection") == "close");
    CHECK(test.hub.ledger().snapshot().back().body_bytes == body.size());
    CHECK(connection.receive() == 0);
}

TEST_CASE("pipelined requests are answered in order", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    raw_connection connection(test.hub.url());
    connection.send(request_text("GET", "/api/whoami-v2", test.token) + commit_request() +
                    request_text("GET", "/nowhere"));
    CHECK(connection.reply().status == 200);
    CHECK(connection.reply().json().contains("commitOid"));
    CHECK(connection.reply().status == 404);
}

TEST_CASE("a client that waits for 100 Continue gets it, or the answer instead", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    raw_connection patient(test.hub.url());
    const std::string fields =
        "Host: localhost\r\nauthorization: Bearer hf_exampleAAAA\r\nExpect: 100-continue\r\nContent-Length: ";
    patient.send("POST " + commit_target + " HTTP/1.1\r\n" + fields + std::to_string(commit_body.size()) + "\r\n\r\n");
    CHECK(patient.reply().status == 100);
    CHECK(patient.ask(commit_body).status == 200);
    raw_connection refused(test.hub.url());
    refused.send("POST /nowhere HTTP/1.1\r\n" + fields + "5\r\n\r\n");
    const raw_reply reply = refused.reply();
    CHECK(reply.status == 404);
    CHECK(reply.field("Connection") == "close");
}

TEST_CASE("a body that ends early applies nothing", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    {
        raw_connection cut(test.hub.url());
        const std::string whole = commit_request();
        cut.send(std::string_view(whole).substr(0, whole.size() - 1));
        cut.finish_sending();
        CHECK(cut.receive_all().empty());
    }
    CHECK(test.commits().size() == 1);
    CHECK(test.last_commit().body_sha256.empty());
    CHECK(test.last_commit().status == 0);
}

TEST_CASE("bytes that are no request are refused and the connection ends", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    raw_connection connection(test.hub.url());
    connection.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string answer = connection.receive_all();
    CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_CASE("names of other hosts are refused", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    const auto status_for = [&test](const std::string& host) {
        raw_connection connection(test.hub.url());
        return connection.ask("GET /api/models/acme/run-42 HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
    };
    CHECK(status_for("127.0.0.1:8080") == 200);
    CHECK(status_for("localhost") == 200);
    CHECK(status_for("[::1]:80") == 200);
    for (const std::string host :
         {"evil.example", "127.0.0.1.evil.example", "10.0.0.1", "user@127.0.0.1", "", "127.0.0.1/x"}) {
        CAPTURE(host);
        CHECK(status_for(host) == 421);
    }
}

TEST_CASE("fault: reset before or inside the body applies nothing", "[server_exchange]") {
    const std::uint64_t after = GENERATE(0u, 5u, 100'000u);
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::reset_after(after));
    raw_connection connection(test.hub.url());
    connection.send(commit_request());
    CHECK(connection.is_reset());
    CHECK(test.commits().size() == 1);
    CHECK(test.last_commit().fault == "reset_request");
    CHECK(test.last_commit().body_bytes == std::min<std::uint64_t>(after, commit_body.size()));
    CHECK(test.commit(hello_line).status == 200);
}

TEST_CASE("fault: a stalled server keeps the connection open and reads no more", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::stall_after(1));
    raw_connection connection(test.hub.url());
    connection.send(commit_request());
    REQUIRE(eventually([&test] { return test.last_commit().fault == "stall_request"; }));
    CHECK(test.commits().size() == 1);  // other connections are served
    CHECK(test.last_commit().status == 0);
}

TEST_CASE("fault: a status instead of the truth, with its fields", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::answer_instead(fault_answer(429).header("Retry-After", "2")));
    raw_connection connection(test.hub.url());
    const raw_reply reply = connection.ask(commit_request());
    CHECK(reply.status == 429);
    CHECK(reply.field("Retry-After") == "2");
    CHECK(test.last_commit().body_bytes == commit_body.size());
    CHECK(test.commits().size() == 1);
    CHECK(connection.ask(commit_request()).status == 200);
}

TEST_CASE("fault: an early status comes before the body is read", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::answer_early(fault_answer(413, "too large").header("Content-Type", "text/plain")));
    raw_connection connection(test.hub.url());
    const std::string whole = commit_request();
    connection.send(std::string_view(whole).substr(0, whole.size() - 10));
    const raw_reply reply = connection.reply();
    CHECK(reply.status == 413);
    CHECK(reply.body == "too large");
    CHECK(reply.field("Content-Type") == "text/plain");
    CHECK(test.last_commit().body_bytes == 0);
    CHECK(test.commits().size() == 1);
}

TEST_CASE("fault: applied, and then answered otherwise or not at all", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::apply_then_answer(fault_answer(504)));
    raw_connection first(test.hub.url());
    CHECK(first.ask(commit_request()).status == 504);
    CHECK(test.commits().size() == 2);
    test.hub.faults().clear();
    test.break_commits(fault::apply_then_reset());
    raw_connection second(test.hub.url());
    second.send(commit_request());
    CHECK(second.is_reset());
    CHECK(test.commits().size() == 3);
}

TEST_CASE("fault: answered, and applied when the peer has gone", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::answer_then_apply(fault_answer(504), std::chrono::milliseconds(1)));
    {
        raw_connection connection(test.hub.url());
        const raw_reply reply = connection.ask(commit_request());
        CHECK(reply.status == 504);
        CHECK(reply.field("Connection") == "close");
        CHECK(test.commits().size() == 1);
    }
    CHECK(eventually([&test] { return test.commits().size() == 2; }));
    CHECK(test.last_commit().status == 504);
}

TEST_CASE("fault: the answer is cut at every byte", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    const std::string request = request_text("GET", "/api/whoami-v2", test.token, "", "Connection: close\r\n");
    raw_connection plain(test.hub.url());
    plain.send(request);
    const std::size_t length = plain.receive_all().size();
    REQUIRE(length > 100);
    for (std::size_t bytes = 0; bytes < length; bytes += 13) {
        test.hub.faults().clear();
        test.hub.faults().add(fault_rule("GET", "/whoami", fault::cut_answer_after(bytes)));
        raw_connection connection(test.hub.url());
        connection.send(request);
        CHECK(connection.receive_all().size() == bytes);
    }
    test.hub.faults().clear();
    test.hub.faults().add(fault_rule("GET", "/whoami", fault::reset_answer_after(20)));
    raw_connection connection(test.hub.url());
    connection.send(request);
    while (connection.receive() > 0) {
    }
    CHECK(errno == ECONNRESET);
}

TEST_CASE("fault: a late answer keeps nobody else waiting", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    const std::string repo = "/api/models/acme/run-42";
    REQUIRE(test.ask("POST", repo + "/discussions", R"({"title":"Words"})").status == 200);
    struct {
        std::string target, body, shown_by;
    } const writers[] = {{commit_target, commit_body, repo + "/commits/main"},
                         {repo + "/branch/x", "{}", repo + "/refs"},
                         {repo + "/discussions", R"({"title":"More"})", repo + "/discussions"},
                         {repo + "/discussions/1/comment", R"({"comment":"x"})", repo + "/discussions/1"}};
    for (const auto& [target, body, shown_by] : writers) {
        CAPTURE(target);
        test.hub.faults().clear();
        test.hub.faults().add(fault_rule("POST", target, fault::delay_answer(std::chrono::hours(1))).nth(1));
        const std::string before = test.ask("GET", shown_by).body;
        raw_connection late(test.hub.url());
        late.send(request_text("POST", target, test.token, body));
        REQUIRE(eventually([&test, &shown_by, &before] { return test.ask("GET", shown_by).body != before; }));
        test.hub.faults().clear();
        CHECK(test.commit(hello_line).status == 200);
    }
}

TEST_CASE("fault: a late answer is complete", "[server_exchange]") {
    const temporary_folder folder;
    fault_fixture test(folder.path());
    test.break_commits(fault::delay_answer(std::chrono::milliseconds(150)));
    const auto begin = std::chrono::steady_clock::now();
    CHECK(test.commit(hello_line).status == 200);
    CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(150));
}
