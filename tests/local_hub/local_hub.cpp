#include <hubpush/local_hub/local_hub.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/local_hub_thread.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

TEST_CASE("a folder is served by one server at a time", "[local_hub]") {
    const temporary_folder folder;
    {
        const hub_fixture first(folder.path());
        try {
            const hub_fixture second(folder.path());
            FAIL("a second server took the folder");
        } catch (const conflict& refused) {
            CHECK(std::string(refused.what()).find(folder.path().string()) != std::string::npos);
            CHECK_FALSE(refused.hint().empty());
        }
    }
    const hub_fixture third(folder.path());
}

TEST_CASE("a folder that cannot be made is an error that names it", "[local_hub]") {
    const temporary_folder folder;
    const std::filesystem::path file = folder.write("file", "x");
    CHECK_THROWS_AS(hub_fixture(file / "below"), invalid_argument);
}

TEST_CASE("a folder has one name, however it is given", "[local_hub]") {
    const temporary_folder place;
    const std::filesystem::path real = place.path() / "real";
    std::filesystem::create_directory_symlink(real, place.path() / "link");
    for (const std::filesystem::path& given : {real / "", place.path() / "link", place.path() / "." / "link" / ""}) {
        CAPTURE(given);
        const hub_fixture test(given);
        CHECK(test.hub.repository_path("a/b") == real / "models" / "a" / "b.git");
    }
}

TEST_CASE("a taken port is an error, and any other can be asked for", "[local_hub]") {
    const temporary_folder folder;
    const hub_fixture first(folder.path() / "a");
    const std::string url = first.hub.url();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    local_hub_options options(folder.path() / "b");
    CHECK_THROWS_AS(local_hub_thread(options.port(port)), error);
    CHECK(first.hub.url() != first.hub.storage_url());
}

TEST_CASE("a server started again finds everything", "[local_hub]") {
    const temporary_folder folder;
    std::string head;
    {
        hub_fixture test(folder.path());
        test.create("private");
        REQUIRE(test.ask("POST", "/api/repos/create", R"({"name":"Data.v1","type":"dataset"})").status == 200);
        REQUIRE(test.commit(hello_line).status == 200);
        const nlohmann::json asked = test.batch("upload", hello_sha256, 6);
        REQUIRE(test.ask_storage("PUT", asked["actions"]["upload"]["href"], "hello\n").status == 200);
        head = test.head();
    }
    hub_fixture test(folder.path());
    CHECK(test.head() == head);
    CHECK(test.ask("GET", "/api/models/acme/run-42", "", "").status == 401);
    CHECK(test.ask("GET", "/api/datasets/acme/data.v1", "", "").json()["id"] == "acme/Data.v1");
    CHECK_FALSE(test.batch("upload", hello_sha256, 6).contains("actions"));
    CHECK(std::filesystem::exists(test.hub.repository_path("acme/run-42") / "HEAD"));
    CHECK(std::filesystem::exists(test.hub.repository_path("datasets/acme/Data.v1") / "HEAD"));
}

TEST_CASE("a repository whose settings were lost is private", "[local_hub]") {
    const temporary_folder folder;
    {
        hub_fixture test(folder.path());
        test.create();
        std::filesystem::remove(test.hub.repository_path("acme/run-42") / "hubpush.json");
    }
    hub_fixture test(folder.path());
    CHECK(test.ask("GET", "/api/models/acme/run-42", "", "").status == 401);
    CHECK(test.ask("GET", "/api/models/acme/run-42").status == 200);
}

TEST_CASE("without a token in the options a random one is made, and more can be added", "[local_hub]") {
    const temporary_folder folder;
    local_hub_thread hub{local_hub_options(folder.path())};
    const std::string made(hub.token().reveal());
    CHECK(made.size() == 35);
    raw_connection connection(hub.url());
    CHECK(connection.ask(request_text("GET", "/api/whoami-v2", made)).json()["name"] == "local");
    CHECK(connection.ask(request_text("GET", "/api/whoami-v2", "hf_new")).status == 401);
    hub.add_token(hub_token("carol", secret("hf_new")));
    CHECK(connection.ask(request_text("GET", "/api/whoami-v2", "hf_new")).json()["name"] == "carol");
}

TEST_CASE("commits that come at once are all kept, one after the other", "[local_hub]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    std::vector<std::thread> threads;
    std::vector<int> statuses(6);
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        threads.emplace_back([&test, &statuses, i] {
            const std::string line =
                R"({"key":"file","value":{"content":"x","encoding":"utf-8","path":"f)" + std::to_string(i) + "\"}}";
            for (int n = 0; n < 2; ++n) statuses[i] += test.commit(line).status;
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(statuses == std::vector<int>(6, 400));  // twice 200
    CHECK(test.commits().size() == 13);
    CHECK(test.ask("GET", "/api/models/acme/run-42/tree/main").json().size() == 7);
}

TEST_CASE("two who create one repository at once get one repository and one conflict", "[local_hub]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    std::vector<int> statuses(4);
    std::vector<std::thread> threads;
    for (int& status : statuses) {
        threads.emplace_back(
            [&test, &status] { status = test.ask("POST", "/api/repos/create", R"({"name":"x"})").status; });
    }
    for (std::thread& thread : threads) thread.join();
    std::sort(statuses.begin(), statuses.end());
    CHECK(statuses == std::vector<int>{200, 409, 409, 409});
}

TEST_CASE("a server ends at once, whatever its connections are doing", "[local_hub]") {
    const temporary_folder folder;
    auto test = std::make_unique<hub_fixture>(folder.path());
    test->create();
    test->hub.faults().add(fault_rule("GET", "/whoami", fault::stall_after(0)));
    raw_connection idle(test->hub.url());
    raw_connection stalled(test->hub.url());
    stalled.send(request_text("GET", "/api/whoami-v2", test->token));
    raw_connection unfinished(test->hub.url());
    unfinished.send(
        "POST /api/models/acme/run-42/commit/main HTTP/1.1\r\nHost: localhost\r\nauthorization: Bearer "
        "hf_exampleAAAA\r\n"
        "Content-Length: 1000\r\n\r\n{");
    const request_ledger& ledger = test->hub.ledger();
    REQUIRE(
        eventually([&ledger] { return ledger.count("POST", "/commit/") == 1 && ledger.count("GET", "/whoami") == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    test.reset();
    CHECK(idle.receive() <= 0);
    CHECK(stalled.receive() <= 0);
    CHECK(unfinished.receive() <= 0);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("a server remembers as many requests as it is told to", "[local_hub]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).remembered_requests(2));
    for (int i = 0; i < 3; ++i) CHECK(test.ask("GET", "/api/whoami-v2").status == 200);
    CHECK(test.hub.ledger().count("GET", "/api/whoami-v2") == 2);
    CHECK(test.hub.ledger().snapshot().back().number == 3);
}

TEST_CASE("a silent connection is closed", "[local_hub]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).silence_limit(std::chrono::milliseconds(50)));
    raw_connection idle(test.hub.url());
    CHECK(idle.receive() == 0);
    raw_connection half(test.hub.url());
    half.send("GET / HT");
    CHECK(half.receive() <= 0);
}
