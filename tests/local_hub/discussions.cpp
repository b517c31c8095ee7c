#include <hubpush/local_hub/discussions.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "git_fixture.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <hubpush/core/error.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace hubpush_test;
using hubpush::detail::discussion_event;
using hubpush::detail::kept_discussion;

const std::string repo = "/api/models/acme/run-42";
const std::string talks = repo + "/discussions";
const std::string header = R"({"key":"header","value":{"summary":"A change","description":"why"}})"
                           "\n";

/// What a commit that opens a pull request answers.
raw_reply open_by_commit(hub_fixture& test, const std::string& as = hub_fixture::token,
                         const std::string& first = header) {
    return test.ask("POST", repo + "/commit/main?create_pr=1", first + hello_line, as);
}

std::string file_line(const std::string& path, const std::string& content) {
    const nlohmann::json value{{"path", path}, {"content", content}, {"encoding", "utf-8"}};
    return nlohmann::json{{"key", "file"}, {"value", value}}.dump() + "\n";
}

nlohmann::json start(hub_fixture& test, const std::string& title, bool pull_request,
                     const std::string& as = hub_fixture::token) {
    const nlohmann::json body{{"title", title}, {"description", "d"}, {"pullRequest", pull_request}};
    return test.ask("POST", talks, body.dump(), as).json();
}

hubpush::task<void> fail(hubpush::errc reason) {
    hubpush::throw_error(reason, "no ref");
    co_return;
}

std::string head_of(hub_fixture& test, const std::string& revision) {
    return test.ask("GET", repo + "/revision/" + revision).json()["sha"];
}

}  // namespace

TEST_CASE("dates are written and read", "[discussions]") {
    const std::chrono::sys_seconds when{std::chrono::seconds(1'785'578'400)};
    CHECK(hubpush::detail::iso_date(when) == "2026-08-01T10:00:00.000Z");
    CHECK(hubpush::detail::parse_iso_date("2026-08-01T10:00:00.000Z") == when);
    CHECK(hubpush::detail::parse_iso_date("yesterday") == std::chrono::sys_seconds());
}

TEST_CASE("a discussion is what it was after it was written down", "[discussions]") {
    kept_discussion thing(7, "A \"title\"", "alice", std::chrono::sys_seconds{std::chrono::seconds(1'785'578'400)});
    thing.status = "merged";
    thing.target = "refs/heads/main";
    thing.base = std::string(40, 'a');
    thing.merge_commit = std::string(40, 'b');
    thing.add(discussion_event(discussion_event::kind::comment, "bob", thing.date, "größe\n")).edited = true;
    thing.add(discussion_event(discussion_event::kind::title_change, "bob", thing.date, "new")).before = "old";
    thing.add(discussion_event(discussion_event::kind::status_change, "alice", thing.date, "merged"));
    const std::string text = hubpush::detail::discussion_json(thing).dump();
    const kept_discussion read = hubpush::detail::parse_discussion(text);
    CHECK(hubpush::detail::discussion_json(read).dump() == text);
    CHECK(read.ref() == "refs/pr/7");
    CHECK(read.events.at(0).id == "000000070000000000000001");
    CHECK_THROWS_AS(hubpush::detail::parse_discussion("{}"), hubpush::error);
    CHECK_THROWS_AS(hubpush::detail::parse_discussion("{"), hubpush::error);
}

TEST_CASE("a commit opens a pull request as in the wire example", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string main = test.head();
    const raw_reply opened = open_by_commit(test);
    REQUIRE(opened.status == 200);
    CHECK(opened.json()["pullRequestUrl"] == "http://127.0.0.1:1/acme/run-42/discussions/1");
    CHECK(test.head() == main);
    CHECK(opened.json()["commitOid"] == head_of(test, "refs%2Fpr%2F1"));
    const nlohmann::json shown = test.ask("GET", talks + "/1?diff=1").json();
    CHECK(shown["title"] == "A change");
    CHECK(shown["status"] == "open");
    CHECK(shown["isPullRequest"] == true);
    CHECK(shown["author"]["name"] == "acme");
    CHECK(shown["repo"] == nlohmann::json{{"name", "acme/run-42"}, {"type", "model"}});
    CHECK(shown["changes"]["base"] == "refs/heads/main");
    CHECK(shown["filesWithConflicts"] == nlohmann::json::array());
    CHECK(shown["diff"].get<std::string>().find("+hello") != std::string::npos);
    REQUIRE(shown["events"].size() == 2);
    CHECK(shown["events"][0]["data"]["latest"]["raw"] == "why");
    CHECK(shown["events"][1]["data"]["oid"] == opened.json()["commitOid"]);
    const raw_reply added = test.ask("POST", repo + "/commit/refs%2Fpr%2F1", header + file_line("more", "x"));
    CHECK_FALSE(added.json().contains("pullRequestUrl"));
    CHECK(test.ask("GET", talks + "/1").json()["events"].size() == 3);
    const nlohmann::json refs = test.ask("GET", repo + "/refs?include_prs=1").json();
    CHECK(refs["pullRequests"][0]["ref"] == "refs/pr/1");
    CHECK_FALSE(test.ask("GET", repo + "/refs").json().contains("pullRequests"));
}

TEST_CASE("a pull request begins at the parent that its commit names", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string first = test.head();
    REQUIRE(test.commit(file_line("later", "x")).status == 200);
    const auto with_parent = [](const std::string& parent) {
        return R"({"key":"header","value":{"summary":"old base","parentCommit":")" + parent + "\"}}\n";
    };
    REQUIRE(open_by_commit(test, test.token, with_parent(first.substr(0, 10))).status == 200);
    CHECK(test.ask("GET", repo + "/commits/refs%2Fpr%2F1").json().size() == 2);
    CHECK(test.ask("GET", repo + "/tree/refs%2Fpr%2F1").json().size() == 2);
    const raw_reply unknown = open_by_commit(test, test.token, with_parent(std::string(40, '1')));
    CHECK(unknown.status == 404);
    CHECK(unknown.field("X-Error-Code") == "RevisionNotFound");
    CHECK(test.ask("POST", repo + "/commit/" + first + "?create_pr=1", header + hello_line).status == 404);
    CHECK(test.ask("GET", talks).json()["count"] == 1);
}

TEST_CASE("the parent of a pull request is a commit, by 5 digits or more, and never a branch or tag", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string first = test.head();
    REQUIRE(test.commit(file_line("later", "x")).status == 200);
    const std::string second = test.head();
    const auto with_parent = [&test](const std::string& parent) {
        return open_by_commit(test, test.token,
                              R"({"key":"header","value":{"summary":"s","parentCommit":")" + parent + "\"}}\n");
    };
    REQUIRE(test.ask("POST", repo + "/branch/" + first.substr(0, 6), "{}").status == 200);  // at the second commit
    REQUIRE(test.ask("POST", repo + "/branch/cafe1", "{}").status == 200);
    CHECK(with_parent(first.substr(0, 5)).status == 200);
    CHECK(with_parent(first.substr(0, 6)).status == 200);
    CHECK(with_parent(first).status == 200);
    for (const char* number : {"1", "2", "3"}) {
        CHECK(test.ask("GET", repo + "/commits/refs%2Fpr%2F" + number).json()[1]["id"] == first);
    }
    const std::vector<std::string> none{"cafe1", "main", first.substr(0, 4), first + "0"};
    for (const std::string& parent : none) {
        CAPTURE(parent);
        const raw_reply refused = with_parent(parent);
        CHECK(refused.status == 404);
        CHECK(refused.field("X-Error-Code") == "RevisionNotFound");
    }
    CHECK(test.ask("GET", talks).json()["count"] == 3);
}

TEST_CASE("of a pull request that is refused nothing is left", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string missing = header + R"({"key":"deletedFile","value":{"path":"missing"}})";
    CHECK(test.ask("POST", repo + "/commit/main?create_pr=1", missing).status == 404);
    CHECK(test.ask("GET", talks).json()["count"] == 0);
    CHECK(test.ask("GET", repo + "/refs?include_prs=1").json()["pullRequests"].empty());
    CHECK(open_by_commit(test).json()["pullRequestUrl"] == "http://127.0.0.1:1/acme/run-42/discussions/1");
}

TEST_CASE("a pull request is merged as one commit", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(open_by_commit(test).status == 200);
    REQUIRE(test.commit(file_line("beside", "x")).status == 200);
    const std::string before = test.head();
    REQUIRE(test.ask("POST", talks + "/1/merge").status == 200);
    const nlohmann::json commits = test.commits();
    CHECK(commits[0]["title"] == "A change (#1)");
    CHECK(commits[1]["id"] == before);
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/hello.txt").body == "hello\n");
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/beside").body == "x");
    const nlohmann::json shown = test.ask("GET", talks + "/1").json();
    CHECK(shown["status"] == "merged");
    CHECK(shown["changes"]["mergeCommitId"] == commits[0]["id"]);
    CHECK(test.ask("POST", talks + "/1/merge").status == 400);
    CHECK(test.ask("POST", talks + "/1/status", R"({"status":"open"})").status == 400);
}

TEST_CASE("what has no changes or conflicts is not merged", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    CHECK(start(test, "Empty one", true) == nlohmann::json{{"num", 1}, {"pullRequest", true}});
    CHECK(test.ask("GET", talks + "/1").json()["status"] == "draft");
    const raw_reply empty = test.ask("POST", talks + "/1/merge");
    CHECK(empty.status == 400);
    CHECK(empty.json()["error"].get<std::string>().find("no associated changes") != std::string::npos);
    REQUIRE(test.ask("POST", repo + "/commit/refs%2Fpr%2F1", header + file_line("f", "theirs")).status == 200);
    REQUIRE(test.commit(file_line("f", "ours")).status == 200);
    CHECK(test.ask("GET", talks + "/1").json()["filesWithConflicts"] == nlohmann::json{"f"});
    CHECK(test.ask("POST", talks + "/1/merge").status == 400);
    CHECK(start(test, "No pull request", false)["num"] == 2);
    CHECK(test.ask("POST", talks + "/2/merge").status == 400);
    CHECK(test.ask("POST", talks + "/3/merge").status == 404);
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/f").body == "ours");
}

TEST_CASE("what is said in a discussion is kept, changed and hidden", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    start(test, "  A question  ", false);
    const nlohmann::json said = test.ask("POST", talks + "/1/comment", R"({"comment":"first"})").json()["newMessage"];
    const std::string comment = talks + "/1/comment/" + said["id"].get<std::string>();
    CHECK(said["data"]["latest"]["raw"] == "first");
    const nlohmann::json edited =
        test.ask("POST", comment + "/edit", R"({"content":"second"})").json()["updatedComment"];
    CHECK(edited["data"]["edited"] == true);
    CHECK(edited["data"]["latest"]["raw"] == "second");
    const nlohmann::json hidden = test.ask("POST", comment + "/hide").json()["updatedComment"];
    CHECK(hidden["data"]["hidden"] == true);
    CHECK(hidden["data"]["latest"]["raw"] != "second");
    const nlohmann::json renamed = test.ask("POST", talks + "/1/title", R"({"title":"An answer"})").json()["newTitle"];
    CHECK(renamed["data"] == nlohmann::json{{"from", "A question"}, {"to", "An answer"}});
    const nlohmann::json closed =
        test.ask("POST", talks + "/1/status", R"({"status":"closed","comment":"bye"})").json()["newStatus"];
    CHECK(closed["data"]["status"] == "closed");
    CHECK(test.ask("GET", talks + "/1").json()["events"].size() == 5);
    CHECK(test.ask("POST", talks + "/1/status", R"({"status":"merged"})").status == 400);
    CHECK(test.ask("POST", talks + "/1/comment", R"({"comment":" "})").status == 400);
    CHECK(test.ask("POST", talks + "/1/comment/nope/edit", R"({"content":"x"})").status == 404);
    CHECK(test.ask("POST", talks + "/1/nothing", "{}").status == 404);
    CHECK(test.ask("POST", talks, R"({"title":"no"})").status == 400);
    CHECK(test.ask("GET", talks + "/x").status == 404);
    CHECK(test.ask("GET", talks + "/99999999999999999999").status == 404);
}

TEST_CASE("a title has 3 to 200 characters on one line, however many bytes they are", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const auto status_for = [&test](const std::string& title) {
        return test.ask("POST", talks, nlohmann::json{{"title", title}}.dump()).status;
    };
    std::string umlauts;
    for (int i = 0; i < 200; ++i) umlauts += "\xc3\xbc";
    CHECK(status_for(umlauts) == 200);
    CHECK(status_for(umlauts + "x") == 400);
    CHECK(status_for("\xc3\xbc\xc3\xbc") == 400);
    CHECK(status_for("\xf0\x9f\x98\x80xy") == 200);
    for (const std::string& odd : {std::string("a\0b", 3), std::string("one\ntwo"), std::string("del\x7f")}) {
        CAPTURE(odd);
        CHECK(status_for(odd) == 400);
    }
}

TEST_CASE("discussions are listed newest first, by kind, state and author, in pages", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    for (int i = 0; i < 52; ++i) start(test, "Number " + std::to_string(i), false);
    start(test, "A pull request", true, test.reader);
    test.ask("POST", talks + "/1/status", R"({"status":"closed"})");
    const auto count = [&test](const std::string& query) -> int {
        return test.ask("GET", talks + query).json()["count"];
    };
    CHECK(count("?type=all&status=all") == 53);
    CHECK(count("?type=pull_request") == 1);
    CHECK(count("?type=discussion&status=open") == 51);
    CHECK(count("?status=closed") == 1);
    CHECK(count("?author=bob") == 1);
    const nlohmann::json second = test.ask("GET", talks + "?p=1").json();
    CHECK(second["start"] == 50);
    CHECK(second["discussions"].size() == 3);
    CHECK(second["discussions"][2]["num"] == 1);
    CHECK_FALSE(second["discussions"][2].contains("events"));
}

TEST_CASE("a reader takes part by pull requests and words only", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(open_by_commit(test).status == 200);
    CHECK(open_by_commit(test, "").status == 401);
    const std::string files = R"({"files":[{"path":"a","sample":"","size":1}]})";
    CHECK(test.ask("POST", repo + "/preupload/main", files, test.reader).status == 403);
    CHECK(test.ask("POST", repo + "/preupload/main?create_pr=1", files, test.reader).status == 200);
    CHECK(open_by_commit(test, test.reader).json()["pullRequestUrl"] == "http://127.0.0.1:1/acme/run-42/discussions/2");
    const std::string own = header + file_line("own", "x");
    CHECK(test.ask("POST", repo + "/preupload/refs%2Fpr%2F2", files, test.reader).status == 200);
    CHECK(test.ask("POST", repo + "/commit/refs%2Fpr%2F2", own, test.reader).status == 200);
    CHECK(test.ask("POST", repo + "/commit/refs%2Fpr%2F1", own, test.reader).status == 403);
    CHECK(test.ask("POST", repo + "/commit/main", own, test.reader).status == 403);
    CHECK(test.ask("POST", talks + "/1/comment", R"({"comment":"hm"})", test.reader).status == 200);
    CHECK(test.ask("POST", talks + "/1/title", R"({"title":"mine"})", test.reader).status == 403);
    CHECK(test.ask("POST", talks + "/2/title", R"({"title":"mine"})", test.reader).status == 200);
    CHECK(test.ask("POST", talks + "/2/merge", "", test.reader).status == 403);
    CHECK(test.ask("POST", talks + "/1/comment", R"({"comment":"hm"})", "").status == 401);
    const std::string batch = "/acme/run-42.git/info/lfs/objects/batch";
    const std::string objects = R"("operation":"upload","objects":[{"oid":")" + hello_sha256 + R"(","size":6}])";
    CHECK(test.ask("POST", batch, "{" + objects + R"(,"ref":{"name":"main"}})", test.reader).status == 403);
    CHECK(test.ask("POST", batch, "{" + objects + "}", test.reader).status == 200);
    CHECK(test.ask("POST", batch, "{" + objects + "}", "").status == 401);
}

TEST_CASE("discussions and pull requests survive a restart", "[discussions]") {
    const temporary_folder folder;
    std::string before;
    {
        hub_fixture test(folder.path());
        test.create();
        REQUIRE(open_by_commit(test).status == 200);
        start(test, "Still a draft", true);
        start(test, "Words", false);
        before = test.ask("GET", talks).body + test.ask("GET", talks + "/1?diff=1").body;
    }
    hub_fixture test(folder.path());
    CHECK(test.ask("GET", talks).body + test.ask("GET", talks + "/1?diff=1").body == before);
    CHECK(start(test, "The next", false)["num"] == 4);
    CHECK(test.ask("POST", talks + "/1/merge").status == 200);
}

CO_TEST_CASE("a pull request whose ref fails is taken back, unless the ref may exist", "[discussions]") {
    const temporary_folder folder;
    hubpush::worker_pool pool(1);
    hubpush::detail::discussion_book book(folder.path());
    for (const hubpush::errc reason : {hubpush::errc::conflict, hubpush::errc::cancelled}) {
        kept_discussion thing(1, "A change", "alice", std::chrono::sys_seconds());
        const hubpush::errc failed = co_await failure_of(book.open(pool, std::move(thing), fail(reason)));
        CHECK(failed == reason);
        CHECK(std::filesystem::exists(folder.path() / "discussions" / "1.json") ==
              (reason == hubpush::errc::cancelled));
        CHECK((book.find(1) != nullptr) == (reason == hubpush::errc::cancelled));
    }
}

TEST_CASE("a draft whose ref cannot be made is no discussion", "[discussions]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    folder.write("models/acme/run-42.git/refs/pr/1", test.head() + "\n");
    CHECK(test.ask("POST", talks, R"({"title":"Draft","pullRequest":true})").status == 500);
    CHECK(test.ask("GET", talks).json()["count"] == 0);
}

TEST_CASE("a pull request whose ref was never made is forgotten", "[discussions]") {
    const temporary_folder folder;
    {
        hub_fixture test(folder.path());
        test.create();
        REQUIRE(open_by_commit(test).status == 200);
        REQUIRE(open_by_commit(test).status == 200);
        std::filesystem::remove(test.hub.repository_path("acme/run-42") / "refs" / "pr" / "2");
    }
    hub_fixture test(folder.path());
    CHECK(test.ask("GET", talks).json()["count"] == 1);
    CHECK(open_by_commit(test).json()["pullRequestUrl"] == "http://127.0.0.1:1/acme/run-42/discussions/2");
}
