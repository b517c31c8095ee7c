#include <hubpush/local_hub/http_server.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>

using namespace hubpush_test;

namespace {

/// The status of a request that names its host so.
int status_for(const std::string& url, const std::string& host) {
    raw_connection connection(url);
    return connection.ask("GET /api/agent-harnesses HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
}

/// Every file below a folder.
std::set<std::string> files_below(const std::filesystem::path& folder) {
    std::set<std::string> found;
    for (const auto& each : std::filesystem::recursive_directory_iterator(folder)) found.insert(each.path().string());
    return found;
}

/// While it lives, this process can open one descriptor more and no other.
class descriptor_limit {
public:
    descriptor_limit() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(STDIN_FILENO);  // the lowest one that is free
        ::close(next);
        rlimit reached = before_;
        reached.rlim_cur = static_cast<rlim_t>(next) + 1;
        ::setrlimit(RLIMIT_NOFILE, &reached);
    }
    descriptor_limit(const descriptor_limit&) = delete;
    descriptor_limit& operator=(const descriptor_limit&) = delete;
    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_{};
};

}  // namespace

TEST_CASE("only loopback names are answered to, on both listeners", "[http_server]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    for (const std::string host : {"127.0.0.1", "127.0.0.1:80", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8080"}) {
        CAPTURE(host);
        CHECK(status_for(test.hub.url(), host) == 404);
        CHECK(status_for(test.hub.storage_url(), host) == 403);
    }
    for (const std::string host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example",
                                   "evil.example:80", "127.0.0.1@evil.example", "evil.example#127.0.0.1",
                                   "evil.example/127.0.0.1", "10.0.0.1", "[::2]", "0.0.0.0", "", "127.0.0.1:x"}) {
        CAPTURE(host);
        CHECK(status_for(test.hub.url(), host) == 421);
        CHECK(status_for(test.hub.storage_url(), host) == 421);
    }
}

TEST_CASE("a page that another name brings here changes nothing", "[http_server]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    raw_connection connection(test.hub.url());
    const std::string body = R"({"name":"planted"})";
    const std::string token = hub_fixture::token;
    const raw_reply refused =
        connection.ask("POST /api/repos/create HTTP/1.1\r\nHost: evil.example\r\nauthorization: Bearer " + token +
                       "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(refused.status == 421);
    CHECK(test.ask("GET", "/api/models/acme/planted").status == 404);
}

TEST_CASE("a server that has no descriptor left ends with all its connections", "[http_server]") {
    const temporary_folder folder;
    auto test = std::make_unique<hub_fixture>(folder.path());
    raw_connection idle(test->hub.url());
    REQUIRE(idle.ask(request_text("GET", "/api/whoami-v2", test->token)).status == 200);
    {
        const descriptor_limit none_left;
        raw_connection waiting(test->hub.url());  // takes the last one: the server cannot accept it
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        test.reset();
    }
    CHECK(idle.receive() <= 0);
}

TEST_CASE("no address leads out of the folder, and none is too odd for an answer", "[http_server]") {
    const temporary_folder folder;
    folder.write("secret", "outside");
    hub_fixture test(folder.path() / "state");
    test.create();
    const std::set<std::string> before = files_below(folder.path());
    for (const std::string tail : {"",
                                   "/",
                                   "//",
                                   "/..",
                                   "/../../../secret",
                                   "/%2e%2e",
                                   "/%2e%2e%2f%2e%2e%2fsecret",
                                   "/..%2f..%2fsecret",
                                   "/%00",
                                   "/a%00b",
                                   "/%ff%fe",
                                   "/.git/config",
                                   "/HEAD",
                                   "/objects/../config",
                                   "/main/../../config",
                                   "/refs%2F..%2Fconfig",
                                   "/-h",
                                   "/--help",
                                   "/main:config",
                                   "/main%5E%7Btree%7D",
                                   "/@%7B1%7D",
                                   "/:0:x",
                                   "/main//x",
                                   "/main/%2e%2e/x",
                                   "/0/merge",
                                   "/-1",
                                   "/1/comment/../edit"}) {
        for (const std::string head :
             {"/api/models/acme/run-42", "/api/models/acme/run-42/tree", "/api/models/acme/run-42/tree/main",
              "/api/models/acme/run-42/revision", "/api/models/acme/run-42/commits",
              "/api/models/acme/run-42/discussions", "/api/models/acme/run-42/lfs-files",
              "/api/models/acme/run-42/auth-check", "/acme/run-42/resolve", "/acme/run-42/resolve/main",
              "/acme/run-42/raw/main", "/acme/run-42.git", "/acme/run-42.git/info", "/api/models", "/api/models/acme",
              "/api", "/datasets", ""}) {
            CAPTURE(head, tail);
            const raw_reply got = test.ask("GET", head + tail);
            CHECK((got.status < 500 && got.body.find("outside") == std::string::npos));
            CHECK(test.ask("POST", head + tail, "{}").status < 500);
            CHECK(test.ask_storage("GET", "http://x/" + head + tail).status == 403);
        }
    }
    CHECK(files_below(folder.path()) == before);
}
