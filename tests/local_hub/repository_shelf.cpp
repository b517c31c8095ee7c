#include <hubpush/local_hub/repository_shelf.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "git_fixture.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/local_hub/reply.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

using namespace hubpush::detail;
using namespace hubpush_test;

namespace {

const std::string repo = "/api/models/acme/run-42";

int move(hub_fixture& test, const std::string& from, const std::string& to,
         const std::string& as = hub_fixture::token) {
    const nlohmann::json body{{"fromRepo", from}, {"toRepo", to}, {"type", "model"}};
    return test.ask("POST", "/api/repos/move", body.dump(), as).status;
}

/// The status with which `work` is refused; 0 when it is not.
task<int> refused_with(task<void> work) {
    try {
        co_await std::move(work);
    } catch (const refusal& refused) {
        co_return refused.reply().status();
    }
    co_return 0;
}

}  // namespace

TEST_CASE("kinds have names, plurals and prefixes", "[repository_shelf]") {
    CHECK(kind_of_name("kernel") == repository_kind::kernel);
    CHECK(kind_of_plural("datasets") == repository_kind::dataset);
    CHECK(kind_prefix(repository_kind::kernel) == "kernels/");
    CHECK(kind_prefix(repository_kind::model).empty());
    CHECK_FALSE(kind_of_name("bucket"));
    CHECK_FALSE(is_repository_id("kernels/x"));
}

TEST_CASE("facts are what they were after they were written down", "[repository_shelf]") {
    const temporary_folder folder;
    CHECK(read_facts(folder.path()).is_private);
    repository_facts facts(false);
    facts.gated = "manual";
    facts.former_ids = {"a/b", "a/c"};
    write_facts(folder.path(), facts);
    const repository_facts read = read_facts(folder.path());
    CHECK_FALSE(read.is_private);
    CHECK(read.gated == "manual");
    CHECK(read.former_ids == facts.former_ids);
    folder.write("hubpush.json", R"({"private":"no","gated":1,"formerIds":[1]})");
    CHECK(read_facts(folder.path()).is_private);
    CHECK(read_facts(folder.path()).former_ids.empty());
}

TEST_CASE("a kernel is a repository like the others", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    const raw_reply made = test.ask("POST", "/api/repos/create", R"({"name":"k","type":"kernel"})");
    CHECK(made.json()["url"] == "http://127.0.0.1:1/kernels/acme/k");
    CHECK(test.ask("GET", "/api/kernels/acme/k").status == 200);
    CHECK(test.ask("GET", "/kernels/acme/k/resolve/main/.gitattributes").status == 200);
    CHECK(std::filesystem::exists(test.hub.repository_path("kernels/acme/k") / "HEAD"));
}

TEST_CASE("a moved repository is found under its old name, also after a restart", "[repository_shelf]") {
    const temporary_folder folder;
    {
        hub_fixture test(folder.path());
        test.create();
        REQUIRE(test.commit(hello_line).status == 200);
        REQUIRE(test.ask("POST", repo + "/discussions", R"({"title":"Words"})").status == 200);
        REQUIRE(move(test, "acme/run-42", "other/first") == 200);
        REQUIRE(move(test, "other/first", "other/second") == 200);
        CHECK(test.ask("GET", "/api/models/other/second/discussions").json()["count"] == 1);
        CHECK_FALSE(std::filesystem::exists(test.hub.repository_path("acme/run-42")));
    }
    hub_fixture test(folder.path());
    const raw_reply moved = test.ask("GET", repo + "/tree/main?recursive=true");
    CHECK(moved.status == 307);
    CHECK(moved.field("Location") == "/api/models/other/second/tree/main?recursive=true");
    CHECK(test.ask("GET", "/acme/run-42.git/info/refs?service=git-upload-pack").field("Location") ==
          "/other/second.git/info/refs?service=git-upload-pack");
    CHECK(test.ask("GET", "/api/models/Other/First").field("Location") == "/api/models/other/second");
    CHECK(test.ask("GET", "/other/second/resolve/main/hello.txt").body == "hello\n");
    CHECK(test.ask("GET", "/api/models/other/second/discussions/1").json()["title"] == "Words");
}

TEST_CASE("what may not be moved stays", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create("private");
    REQUIRE(test.ask("POST", "/api/repos/create", R"({"name":"taken"})").status == 200);
    CHECK(move(test, "acme/run-42", "acme/taken") == 409);
    CHECK(move(test, "acme/none", "acme/new") == 404);
    CHECK(move(test, "acme/run-42", "../x") == 400);
    CHECK(move(test, "acme/run-42", "acme/new", test.reader) == 403);
    CHECK(move(test, "acme/run-42", "acme/new", "") == 401);
    REQUIRE(move(test, "acme/run-42", "acme/new") == 200);
    CHECK(test.ask("GET", repo, "", "").status == 401);  // the name of a private one is not told
    test.create();                                       // a new repository takes the old name
    CHECK(test.ask("GET", repo).status == 200);
    REQUIRE(test.ask("DELETE", "/api/repos/delete", R"({"name":"new"})").status == 200);
    CHECK(test.ask("GET", "/api/models/acme/new").status == 404);
}

TEST_CASE("settings change who sees a repository", "[repository_shelf]") {
    const temporary_folder folder;
    {
        hub_fixture test(folder.path());
        test.create();
        CHECK(test.ask("PUT", repo + "/settings", R"({"private":true})", test.reader).status == 403);
        CHECK(test.ask("PUT", repo + "/settings", R"({"private":true})").json()["private"] == true);
        CHECK(test.ask("GET", repo, "", "").status == 401);
        CHECK(test.ask("PUT", repo + "/settings", R"({"gated":"sometimes"})").status == 400);
        CHECK(test.ask("PUT", repo + "/settings", R"({"visibility":"public","gated":"auto"})").status == 200);
    }
    hub_fixture test(folder.path());
    CHECK(test.ask("GET", repo, "", "").json()["gated"] == "auto");
    const std::string file = "/acme/run-42/resolve/main/.gitattributes";
    CHECK(test.ask("GET", file).status == 200);
    CHECK(test.ask("GET", file, "", test.reader).status == 403);
    CHECK(test.ask("GET", file, "", test.reader).field("X-Error-Code") == "GatedRepo");
    CHECK(test.ask("GET", file, "", "").status == 401);
    CHECK(test.ask("GET", "/acme/run-42.git/info/refs?service=git-upload-pack", "", test.reader).status == 403);
    CHECK(test.ask("GET", repo + "/auth-check", "", test.reader).status == 403);
    CHECK(test.ask("GET", repo + "/auth-check/write").body == "{}");
    CHECK(test.ask("PUT", repo + "/settings", R"({"gated":false})").status == 200);
    CHECK(test.ask("GET", repo + "/auth-check", "", "").status == 200);
    CHECK(test.ask("GET", repo + "/auth-check/write", "", test.reader).status == 403);
}

TEST_CASE("a repository is made public only by who asks for it", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create("private");
    for (const std::string nothing : {R"({})", R"({"visibility":null})", R"({"private":null})", R"({"gated":null})"}) {
        CAPTURE(nothing);
        CHECK(test.ask("PUT", repo + "/settings", nothing).json()["private"] == true);
    }
    for (const std::string odd : {R"({"visibility":"Private"})", R"({"visibility":1})", R"({"private":"yes"})"}) {
        CAPTURE(odd);
        CHECK(test.ask("PUT", repo + "/settings", odd).status == 400);
        CHECK(test.ask("GET", repo, "", "").status == 401);
    }
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"odd","visibility":"hidden"})").status == 400);
    CHECK(test.ask("PUT", repo + "/settings", R"({"private":false})").json()["private"] == false);
}

TEST_CASE("of two settings that are changed at once both are kept", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    for (int round = 0; round < 20; ++round) {
        REQUIRE(test.ask("PUT", repo + "/settings", R"({"private":false,"gated":false})").status == 200);
        std::thread other([&test] { test.ask("PUT", repo + "/settings", R"({"private":true})"); });
        test.ask("PUT", repo + "/settings", R"({"gated":"auto"})");
        other.join();
        const nlohmann::json shown = test.ask("GET", repo).json();
        CHECK(shown["private"] == true);
        CHECK(shown["gated"] == "auto");
    }
}

TEST_CASE("a duplicate has the history and the large files, and goes its own way", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create("private");
    const nlohmann::json asked = test.batch("upload", hello_sha256, 6);
    REQUIRE(test.ask_storage("PUT", asked["actions"]["upload"]["href"], "hello\n").status == 200);
    REQUIRE(test.ask("POST", repo + "/commit/main?create_pr=1",
                     R"({"key":"header","value":{"summary":"pr"}})"
                     "\n" +
                         hello_line)
                .status == 200);
    const std::string body = R"({"repository":"acme/twin"})";
    CHECK(test.ask("POST", repo + "/duplicate", body, test.reader).status == 403);
    CHECK(test.ask("POST", repo + "/duplicate", body).json()["url"] == "http://127.0.0.1:1/acme/twin");
    CHECK(test.ask("POST", repo + "/duplicate", body).status == 409);
    CHECK(test.ask("GET", "/api/models/acme/twin").json()["sha"] == test.head());
    CHECK(test.ask("GET", "/api/models/acme/twin", "", "").status == 401);
    CHECK(test.ask("GET", "/api/models/acme/twin/refs?include_prs=1").json()["pullRequests"].empty());
    CHECK(test.ask("GET", "/api/models/acme/twin/discussions").json()["count"] == 0);
    REQUIRE(test.commit(hello_line).status == 200);
    CHECK(test.ask("GET", "/api/models/acme/twin").json()["sha"] != test.head());
    REQUIRE(test.ask("DELETE", "/api/repos/delete", R"({"name":"run-42"})").status == 200);
    const std::string download = R"({"operation":"download","objects":[{"oid":")" + hello_sha256 + R"(","size":6}]})";
    const raw_reply found = test.ask("POST", "/acme/twin.git/info/lfs/objects/batch", download);
    CHECK(test.ask_storage("GET", found.json()["objects"][0]["actions"]["download"]["href"]).body == "hello\n");
}

CO_TEST_CASE("what was deleted or moved is not changed and does not come back", "[repository_shelf]") {
    const temporary_folder folder;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    repository_shelf shelf(executor, std::make_shared<worker_pool>(1), folder.path());
    const repository_facts facts(false);
    const std::function<void(repository_facts&)> nothing = [](repository_facts&) {};
    const git_author author = someone();
    const auto deleted = co_await shelf.create(repository_kind::model, "acme/deleted", facts, author);
    const auto moved = co_await shelf.create(repository_kind::model, "acme/moved", facts, author);
    co_await shelf.remove(deleted);
    co_await shelf.move(moved, "acme/elsewhere");
    for (const auto& repository : {deleted, moved}) {
        const int changed = co_await refused_with(discard(shelf.change_facts(repository, nothing)));
        const int moved_again = co_await refused_with(shelf.move(repository, "acme/third"));
        const int copied = co_await refused_with(discard(shelf.duplicate(repository, "acme/third", facts)));
        CHECK(changed == 404);
        CHECK(moved_again == 404);
        CHECK(copied == 404);
        CHECK_FALSE(std::filesystem::exists(repository->git().path()));
    }
    CHECK(shelf.find(repository_kind::model, "acme/elsewhere"));
    CHECK_FALSE(shelf.find(repository_kind::model, "acme/third"));
}

TEST_CASE("a folder that only looks like a repository is left out, and the log says so", "[repository_shelf]") {
    const temporary_folder folder;
    folder.write("models/acme/empty.git/hubpush.json", "{}");
    const auto log = std::make_shared<capturing_log>();
    hub_fixture test(hub_fixture::options(folder.path()).seams(real_time_seams(log)));
    test.create();
    CHECK(test.ask("GET", "/api/models/acme/empty").status == 404);
    REQUIRE(log->lines().size() == 1);
    CHECK(log->lines()[0].find("acme/empty.git") != std::string::npos);
}

TEST_CASE("an id without a namespace is no repository here", "[repository_shelf]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    for (const std::string target : {"/api/models/gpt", "/api/models/gpt/tree/main", "/api/models/gpt/revision/main",
                                     "/api/models/gpt/refs", "/gpt/resolve/main/config.json"}) {
        CAPTURE(target);
        CHECK(test.ask("GET", target).field("X-Error-Code") == "RepoNotFound");
    }
}
