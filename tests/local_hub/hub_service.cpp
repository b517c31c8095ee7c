#include <hubpush/local_hub/hub_service.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <thread>
#include <vector>

using namespace hubpush_test;

namespace {

const std::string invalid_credentials = "Invalid credentials in Authorization header";

}  // namespace

TEST_CASE("a small file is committed as in the wire example", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    raw_connection connection(test.hub.url());  // all on one connection, spec/hub-http-api.md §16.1
    const std::string create = R"({"name":"run-42","organization":"acme","visibility":"private","type":"model"})";
    const raw_reply created = connection.ask(request_text("POST", "/api/repos/create", test.token, create));
    CHECK(created.status == 200);
    CHECK(created.json()["url"] == "http://127.0.0.1:1/acme/run-42");
    const std::string ask = R"({"files":[{"path":"config.json","sample":"eyJhIjoxfQ==","size":7}]})";
    const std::string preupload = request_text("POST", "/api/models/acme/run-42/preupload/main", test.token, ask);
    const raw_reply before = connection.ask(preupload);
    CHECK(before.json()["files"][0].dump() == R"({"path":"config.json","shouldIgnore":false,"uploadMode":"regular"})");
    const std::string lines =
        "{\"key\":\"header\",\"value\":{\"summary\":\"Upload config.json with "
        "huggingface_hub\",\"description\":\"\"}}\n"
        "{\"key\":\"file\",\"value\":{\"content\":\"eyJhIjoxfQ==\",\"path\":\"config.json\",\"encoding\":\"base64\"}}"
        "\n";
    CHECK(lines.size() == 187);
    const raw_reply committed =
        connection.ask(request_text("POST", "/api/models/acme/run-42/commit/main", test.token, lines));
    REQUIRE(committed.status == 200);
    const std::string oid = committed.json()["commitOid"];
    CHECK(committed.json()["commitUrl"] == "http://127.0.0.1:1/acme/run-42/commit/" + oid);
    const raw_reply after = connection.ask(preupload);
    CHECK(after.json()["files"][0]["oid"] == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");
    CHECK(after.json()["commitOid"] == oid);
    const raw_reply info = connection.ask(request_text("GET", "/api/models/acme/run-42/revision/main", test.token));
    CHECK(info.json()["sha"] == oid);
    CHECK(info.json()["siblings"].dump() == R"([{"rfilename":".gitattributes"},{"rfilename":"config.json"}])");
    CHECK(info.field("X-Repo-Commit") == oid);
    CHECK(test.hub.ledger().snapshot().back().connection == 1);
}

TEST_CASE("credentials decide as the access rules say", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create("private");
    const std::string info = "/api/models/acme/run-42";
    CHECK(test.ask("GET", info, "", "").status == 401);
    CHECK(test.ask("GET", info, "", "").field("X-Error-Code") == "RepoNotFound");
    CHECK(test.ask("GET", info, "", test.reader).status == 200);
    CHECK(test.ask("GET", info, "", "hf_wrong").status == 401);
    CHECK(test.ask("GET", info, "", "hf_wrong").field("X-Error-Message") == invalid_credentials);
    CHECK(test.ask("GET", "/api/models/acme/missing", "").status == 404);
    CHECK(test.ask("GET", "/api/models/acme/missing", "").field("X-Error-Code") == "RepoNotFound");
    CHECK(test.ask("GET", "/api/models/acme/missing", "", "").status == 401);
    const raw_reply refused = test.ask("POST", info + "/preupload/main", R"({"files":[]})", test.reader);
    CHECK(refused.status == 403);
    CHECK(refused.json()["error"] == "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request");
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"x"})", test.reader).status == 403);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"x"})", "").status == 401);
    CHECK(test.ask("GET", "/api/whoami-v2", "", "").status == 401);
    CHECK(test.ask("GET", "/api/whoami-v2", "", "hf_wrong").json()["error"] == invalid_credentials);
    CHECK(test.ask("GET", "/api/whoami-v2").json()["name"] == "acme");
}

TEST_CASE("a public repository is read by everybody and written by nobody without a token", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(test.commit(hello_line).status == 200);
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/hello.txt", "", "").body == "hello\n");
    CHECK(test.ask("GET", "/acme/run-42/raw/main/hello.txt", "", "hf_wrong").status == 401);
    CHECK(test.ask("POST", "/api/models/acme/run-42/commit/main", "{}", "").status == 401);
    CHECK(test.ask("POST", "/acme/run-42.git/info/lfs/objects/batch",
                   R"({"operation":"upload","objects":[],"ref":{"name":"refs/heads/main"}})", test.reader)
              .status == 403);
}

TEST_CASE("repositories are created once, under allowed names, and deleted", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const raw_reply again = test.ask("POST", "/api/repos/create", R"({"name":"Run-42","organization":"acme"})");
    CHECK(again.status == 409);
    CHECK(again.json().dump() ==
          R"({"error":"You already created this model repo","url":"http://127.0.0.1:1/acme/run-42"})");
    for (const std::string name : {"..", "a/b", "x.git", "a--b", "-x", "", ".hidden"}) {
        CAPTURE(name);
        CHECK(test.ask("POST", "/api/repos/create", R"({"name":")" + name + "\"}").status == 400);
    }
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"x","organization":"../.."})").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"x","organization":"api"})").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"s","type":"space"})").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"d","type":"dataset"})").json()["url"] ==
          "http://127.0.0.1:1/datasets/acme/d");
    CHECK(test.ask("DELETE", "/api/repos/delete", R"({"name":"run-42","organization":"acme"})").status == 200);
    CHECK(test.ask("GET", "/api/models/acme/run-42").status == 404);
    test.create();
}

TEST_CASE("a parent may be some digits in upper case, and a stale one or one of 4 digits is refused", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string first = test.head();
    const std::string few_digits = first.substr(0, 4);
    CHECK(test.commit(hello_line, R"({"summary":"x","parentCommit":")" + few_digits + "\"}").status == 412);
    std::string start = first.substr(0, 12);
    std::transform(start.begin(), start.end(), start.begin(), [](unsigned char c) { return std::toupper(c); });
    REQUIRE(test.commit(hello_line, R"({"summary":"x","parentCommit":")" + start + "\"}").status == 200);
    const raw_reply stale = test.commit(hello_line, R"({"summary":"x","parentCommit":")" + first + "\"}");
    CHECK(stale.status == 412);
    CHECK(stale.json()["error"] == "The branch was updated since you opened this page. Please refresh and try again.");
    CHECK(test.commits().size() == 2);
}

TEST_CASE("a commit that is refused leaves nothing behind", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const raw_reply missing = test.commit(hello_line + R"({"key":"deletedFile","value":{"path":"missing"}})");
    CHECK(missing.status == 404);
    CHECK(missing.field("X-Error-Code") == "EntryNotFound");
    CHECK(missing.json()["error"] == "A file with this name doesn't exist");
    CHECK(test.commit("").status == 400);
    CHECK(test.commit(R"({"key":"file","value":{"content":"","path":"../x","encoding":"utf-8"}})").status == 422);
    CHECK(test.commit(R"({"key":"lfsFile","value":{"path":"x.bin","algo":"sha256","oid":")" + hello_sha256 +
                      R"(","size":6}})")
              .status == 400);
    CHECK(test.ask("POST", "/api/models/acme/run-42/commit/nope",
                   R"({"key":"header","value":{"summary":"x"}})"
                   "\n" +
                       hello_line)
              .field("X-Error-Code") == "RevisionNotFound");
    CHECK(test.ask("POST", "/api/models/acme/run-42/commit/main?create_pr=1", hello_line).status == 400);
    CHECK(test.commits().size() == 1);
}

TEST_CASE("a large file is uploaded, verified, committed and found again", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create("private");
    const nlohmann::json asked = test.batch("upload", hello_sha256, 6);
    REQUIRE(asked["actions"]["upload"]["href"].get<std::string>().starts_with("http://127.0.0.1:"));
    const std::string verify =
        asked["actions"]["verify"]["href"].get<std::string>().substr(std::string("http://127.0.0.1:1").size());
    const std::string known = R"({"oid":")" + hello_sha256 + R"(","size":6})";
    CHECK(test.ask("POST", verify, known).status == 404);
    CHECK(test.ask_storage("PUT", asked["actions"]["upload"]["href"], "hello\n").status == 200);
    CHECK(test.ask("POST", verify, known).status == 200);
    CHECK(test.ask("POST", verify, R"({"oid":")" + hello_sha256 + R"(","size":7})").status == 404);
    CHECK(test.ask("POST", verify, known, "").status == 401);
    CHECK_FALSE(test.batch("upload", hello_sha256, 6).contains("actions"));
    CHECK(test.batch("upload", hello_sha256, 7).contains("actions"));
    CHECK(test.batch("upload", "xy", 7)["error"]["code"] == 422);
    CHECK(test.batch("download", std::string(64, 'a'), 7)["error"]["code"] == 404);
    REQUIRE(
        test.commit(R"({"key":"lfsFile","value":{"path":"my.weights","algo":"sha256","oid":")" + hello_sha256 + "\"}}")
            .status == 200);
    const nlohmann::json tree = test.ask("GET", "/api/models/acme/run-42/tree/main").json();
    CHECK(tree[1]["path"] == "my.weights");
    CHECK(tree[1]["size"] == 6);
    CHECK(tree[1]["lfs"]["oid"] == hello_sha256);
    const raw_reply moved = test.ask("HEAD", "/acme/run-42/resolve/main/my.weights");
    CHECK(moved.status == 302);
    CHECK(moved.field("X-Linked-Etag") == "\"" + hello_sha256 + "\"");
    CHECK(moved.field("X-Linked-Size") == "6");
    CHECK(test.ask_storage("GET", moved.field("Location")).body == "hello\n");
    const raw_reply rules = test.ask("GET", "/acme/run-42/resolve/main/.gitattributes");
    CHECK(rules.body.ends_with("my.weights filter=lfs diff=lfs merge=lfs -text\n"));
}

TEST_CASE("the server says how files are to be stored", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const auto mode = [&test](const std::string& path, std::size_t size, const std::string& sample,
                              const nlohmann::json& more) {
        nlohmann::json body{{"files", {{{"path", path}, {"size", size}, {"sample", sample}}}}};
        body.update(more);
        const nlohmann::json answer =
            test.ask("POST", "/api/models/acme/run-42/preupload/main", body.dump()).json()["files"][0];
        return answer["uploadMode"].get<std::string>() + (answer["shouldIgnore"].get<bool>() ? " ignored" : "");
    };
    const nlohmann::json none = nlohmann::json::object();
    CHECK(mode("a.txt", 7, "YQ==", none) == "regular");
    CHECK(mode("a.safetensors", 7, "YQ==", none) == "lfs");
    CHECK(mode("a.txt", 10485760, "YQ==", none) == "regular");
    CHECK(mode("a.txt", 10485761, "YQ==", none) == "lfs");
    CHECK(mode("a.txt", 1000001, "AAAA", none) == "lfs");
    CHECK(mode("a.txt", 1000000, "AAAA", none) == "regular");
    CHECK(mode("a.safetensors", 7, "YQ==", {{"gitAttributes", "*.txt filter=lfs"}}) == "regular");
    CHECK(mode("logs/a.txt", 7, "YQ==", {{"gitIgnore", "logs/\n"}}) == "regular ignored");
    nlohmann::json many{{"files", nlohmann::json::array()}};
    for (int i = 0; i < 257; ++i) many["files"].push_back({{"path", "a"}, {"size", 1}, {"sample", ""}});
    CHECK(test.ask("POST", "/api/models/acme/run-42/preupload/main", many.dump()).status == 400);
    CHECK(test.ask("POST", "/api/models/acme/run-42/preupload/nope", R"({"files":[]})").status == 404);
    const nlohmann::json long_path{{"files", {{{"path", std::string(5000, 'a')}, {"size", 1}, {"sample", ""}}}}};
    CHECK(test.ask("POST", "/api/models/acme/run-42/preupload/main", long_path.dump()).status == 422);
}

TEST_CASE("rules that are too long to be read are neither passed over nor replaced", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const nlohmann::json asked = test.batch("upload", hello_sha256, 6);
    REQUIRE(test.ask_storage("PUT", asked["actions"]["upload"]["href"], "hello\n").status == 200);
    const std::string rules = "#" + std::string(4 << 20, 'x');
    const nlohmann::json value{{"path", ".gitattributes"}, {"content", rules}, {"encoding", "utf-8"}};
    REQUIRE(test.commit(nlohmann::json{{"key", "file"}, {"value", value}}.dump()).status == 200);
    const std::string before = test.head();
    const std::string large = R"({"key":"lfsFile","value":{"path":"w","algo":"sha256","oid":")" + hello_sha256 + "\"}}";
    CHECK(test.commit(large).status == 413);
    CHECK(test.head() == before);
    const std::string files = R"({"files":[{"path":"w","size":6,"sample":""}]})";
    CHECK(test.ask("POST", "/api/models/acme/run-42/preupload/main", files).status == 413);
}

TEST_CASE("listings come in pages that name the next one", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).page_size(3));
    test.create();
    std::string lines;
    for (const std::string path : {"a/1", "a/2", "b", "c", "d"}) {
        lines += R"({"key":"file","value":{"content":"x","encoding":"utf-8","path":")" + path + "\"}}\n";
    }
    REQUIRE(test.commit(lines).status == 200);
    std::string target = "/api/models/acme/run-42/tree/main?recursive=true&expand=false";
    std::string listed;
    int pages = 0;
    while (!target.empty()) {
        const raw_reply page = test.ask("GET", target);
        REQUIRE(page.status == 200);
        for (const auto& entry : page.json()) listed += entry["path"].get<std::string>() + " ";
        const std::string link = page.field("Link");
        target = link.empty() ? "" : link.substr(link.find("/api"), link.find('>') - link.find("/api"));
        ++pages;
    }
    CHECK(pages == 3);
    CHECK(listed == ".gitattributes a a/1 a/2 b c d ");
    CHECK(test.ask("GET", "/api/models/acme/run-42/tree/main/a").json().size() == 2);
    CHECK(test.ask("GET", "/api/models/acme/run-42/tree/main/b").field("X-Error-Code") == "EntryNotFound");
    CHECK(test.ask("GET", "/api/models/acme/run-42/tree/nope").field("X-Error-Code") == "RevisionNotFound");
    const raw_reply commits = test.ask("GET", "/api/models/acme/run-42/commits/main?limit=1");
    CHECK(commits.field("X-Total-Count") == "2");
    CHECK(commits.field("Link").find("p=1") != std::string::npos);
}

TEST_CASE("paths are asked for as a form and as JSON", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(test.commit(hello_line).status == 200);
    raw_connection connection(test.hub.url());
    const std::string target = "/api/models/acme/run-42/paths-info/main";
    const std::string form = "paths=hello.txt&paths=missing&expand=False";
    const raw_reply by_form = connection.ask(
        request_text("POST", target, test.token, form, "Content-Type: application/x-www-form-urlencoded\r\n"));
    const std::string json = R"({"paths":["hello.txt","missing"],"expand":false})";
    const raw_reply by_json =
        connection.ask(request_text("POST", target, test.token, json, "Content-Type: application/json\r\n"));
    CHECK(by_form.body == by_json.body);
    REQUIRE(by_form.json().size() == 1);
    CHECK(by_form.json()[0]["oid"] == "ce013625030ba8dba906f756967f9e9ca394464a");
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "paths=a&";
    CHECK(connection.ask(request_text("POST", target, test.token, many)).status == 413);
}

TEST_CASE("branches and tags are made and deleted", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string repo = "/api/models/acme/run-42";
    CHECK(test.ask("POST", repo + "/branch/feature%2Fx", R"({"startingPoint":"main"})").status == 200);
    const raw_reply again = test.ask("POST", repo + "/branch/feature%2Fx", R"({"startingPoint":"main"})");
    CHECK(again.status == 409);
    CHECK(again.json()["error"] == "Reference refs/heads/feature/x already exists");
    CHECK(test.ask("POST", repo + "/branch/a..b", "{}").status == 400);
    CHECK(test.ask("POST", repo + "/branch/y", R"({"startingPoint":"nope"})").status == 404);
    CHECK(test.ask("DELETE", repo + "/branch/main").status == 403);
    CHECK(test.ask("POST", repo + "/tag/main", R"({"tag":"v1"})").status == 200);
    CHECK(test.ask("POST", repo + "/tag/main", R"({"tag":"v1"})").status == 409);
    const nlohmann::json refs = test.ask("GET", repo + "/refs").json();
    CHECK(refs["branches"].size() == 2);
    CHECK(refs["tags"][0]["targetCommit"] == test.head());
    CHECK(test.ask("DELETE", repo + "/branch/feature%2Fx").status == 200);
    CHECK(test.ask("DELETE", repo + "/branch/feature%2Fx").status == 404);
    CHECK(test.ask("DELETE", repo + "/tag/v1").status == 200);
    CHECK(test.ask("DELETE", repo + "/tag/v1").status == 404);
}

TEST_CASE("regular files are served with ranges and identity", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(test.commit(hello_line).status == 200);
    raw_connection connection(test.hub.url());
    const std::string target = "/acme/run-42/resolve/main/hello.txt";
    const raw_reply head = connection.ask(request_text("HEAD", target), true);
    CHECK(head.field("Content-Length") == "6");
    CHECK(head.field("ETag") == "\"ce013625030ba8dba906f756967f9e9ca394464a\"");
    CHECK(head.field("X-Repo-Commit") == test.head());
    const raw_reply part = connection.ask(request_text("GET", target, "", "", "Range: bytes=1-3\r\n"));
    CHECK(part.status == 206);
    CHECK(part.body == "ell");
    CHECK(connection.ask(request_text("GET", target, "", "", "Range: bytes=6-\r\n")).status == 416);
    const std::string same = "If-None-Match: " + head.field("ETag") + "\r\n";
    CHECK(connection.ask(request_text("GET", target, "", "", same)).status == 304);
    const raw_reply missing = connection.ask(request_text("HEAD", "/acme/run-42/resolve/main/missing.txt"), true);
    CHECK(missing.status == 404);
    CHECK(missing.field("X-Error-Code") == "EntryNotFound");
    CHECK(missing.field("X-Repo-Commit") == test.head());
    CHECK(connection.ask(request_text("GET", target)).body == "hello\n");
}

TEST_CASE("unknown addresses and unreadable bodies are refused", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    for (const std::string target :
         {"/", "/api/agent-harnesses", "/api/models", "/acme/run-42", "/api/models/acme/run-42/xet-write-token/main"}) {
        CAPTURE(target);
        CHECK(test.ask("GET", target).status == 404);
    }
    CHECK(test.ask("GET", "/%").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", "[]").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", std::string(100'000, '[')).status == 400);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":1})").status == 400);
    CHECK(test.ask("POST", "/api/repos/create", std::string(3 << 20, ' ')).status == 413);
    CHECK(test.ask("POST", "/api/validate-yaml", R"({"content":"---\na: b\n---\n"})", "").body ==
          R"({"errors":[],"warnings":[]})");
}

TEST_CASE("a squashed branch has one commit with the same files", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(test.commit(hello_line).status == 200);
    const std::string squash = "/api/models/acme/run-42/super-squash/";
    CHECK(test.ask("POST", squash + "main", R"({"message":"one"})", test.reader).status == 403);
    REQUIRE(test.ask("POST", squash + "main", R"({"message":"one"})").status == 200);
    const nlohmann::json commits = test.commits();
    REQUIRE(commits.size() == 1);
    CHECK(commits[0]["title"] == "one");
    CHECK(commits[0]["id"] == test.head());
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/hello.txt").body == "hello\n");
    REQUIRE(test.commit(hello_line).status == 200);
    CHECK(test.ask("POST", squash + "nope", "{}").field("X-Error-Code") == "RevisionNotFound");
}

TEST_CASE("branches begin empty or anew when asked to", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string branch = "/api/models/acme/run-42/branch/x";
    const std::string tree = "/api/models/acme/run-42/tree/x";
    REQUIRE(test.ask("POST", branch, R"({"emptyBranch":true})").status == 200);
    CHECK(test.ask("GET", tree).body == "[]");
    CHECK(test.ask("GET", "/api/models/acme/run-42/commits/x").json().size() == 1);
    CHECK(test.ask("POST", branch, "{}").status == 409);
    REQUIRE(test.ask("POST", branch, R"({"overwrite":true})").status == 200);
    CHECK(test.ask("GET", tree).body == "[]");
    REQUIRE(test.ask("POST", branch, R"({"overwrite":true,"startingPoint":"main"})").status == 200);
    CHECK(test.ask("GET", tree).json().size() == 1);
    REQUIRE(test.ask("POST", branch, R"({"overwrite":true,"emptyBranch":true})").status == 200);
    CHECK(test.ask("GET", tree).body == "[]");
    CHECK(test.ask("POST", branch + "%2Fy", "{}").status == 409);
}

TEST_CASE("a listing is expanded when asked to", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    REQUIRE(test.commit(hello_line).status == 200);
    const std::string repo = "/api/models/acme/run-42";
    const nlohmann::json tree = test.ask("GET", repo + "/tree/HEAD?expand=True").json();
    CHECK(tree[0]["lastCommit"]["title"] == "initial commit");
    CHECK(tree[1]["lastCommit"]["id"] == test.head());
    CHECK_FALSE(test.ask("GET", repo + "/tree/main").json()[1].contains("lastCommit"));
    CHECK(test.ask("POST", repo + "/paths-info/main", "paths=hello.txt&expand=true").json()[0].contains("lastCommit"));
    const nlohmann::json commits = test.ask("GET", repo + "/commits/main?expand[]=formatted").json();
    CHECK(commits[0]["formatted"]["title"] == "x");
    CHECK(test.ask("GET", repo).json()["lastModified"] == commits[0]["date"]);
    CHECK(test.ask("GET", repo + "?expand=xetEnabled").json()["xetEnabled"] == false);
}

TEST_CASE("a message that no commit can hold is refused", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string before = test.head();
    const std::string squash = "/api/models/acme/run-42/super-squash/main";
    CHECK(test.ask("POST", squash, R"({"message":"a\u0000b"})").status == 400);
    CHECK(test.head() == before);
    CHECK(test.ask("POST", squash, R"({"message":"one\ntwo"})").status == 200);
}

TEST_CASE("git-lfs gets its credentials back for the verification, nobody else does", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const std::string asked = R"({"operation":"upload","objects":[{"oid":")" + hello_sha256 + R"(","size":6}]})";
    raw_connection connection(test.hub.url());
    const std::string basic = "Basic YTpoZl9leGFtcGxlQUFBQQ==";  // a:hf_exampleAAAA
    const nlohmann::json answer = connection
                                      .ask(request_text("POST", "/acme/run-42.git/info/lfs/objects/batch", "", asked,
                                                        "Authorization: " + basic + "\r\n"))
                                      .json();
    const nlohmann::json& actions = answer["objects"][0]["actions"];
    CHECK(actions["verify"]["header"]["Authorization"] == basic);
    CHECK_FALSE(actions["upload"].contains("header"));
    CHECK_FALSE(test.batch("upload", hello_sha256, 6)["actions"]["verify"].contains("header"));
}

TEST_CASE("a repository is created with files", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    const std::string with = R"({"name":"run-42","files":[{"path":"a/b","content":"aGVsbG8K","encoding":"base64"}]})";
    REQUIRE(test.ask("POST", "/api/repos/create", with).status == 200);
    CHECK(test.ask("GET", "/acme/run-42/resolve/main/a/b").body == "hello\n");
    CHECK(test.commits().size() == 2);
    CHECK(test.ask("POST", "/api/repos/create", R"({"name":"y","files":[{"path":"../b","content":""}]})").status ==
          422);
    CHECK(test.ask("GET", "/api/models/acme/y").status == 404);
}

TEST_CASE("large files are listed, and given to another repository without their bytes", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(hub_fixture::options(folder.path()).page_size(1));
    test.create();
    const nlohmann::json asked = test.batch("upload", hello_sha256, 6);
    REQUIRE(test.ask_storage("PUT", asked["actions"]["upload"]["href"], "hello\n").status == 200);
    const auto line = [](const std::string& path) {
        return R"({"key":"lfsFile","value":{"path":")" + path + R"(","algo":"sha256","oid":")" + hello_sha256 +
               "\"}}\n";
    };
    REQUIRE(test.commit(line("a.bin") + line("b.bin")).status == 200);
    const raw_reply first = test.ask("GET", "/api/models/acme/run-42/lfs-files");
    REQUIRE(first.json().size() == 1);
    CHECK(first.json()[0]["filename"] == "a.bin");
    CHECK(first.json()[0]["oid"] == hello_sha256);
    CHECK(first.json()[0]["size"] == 6);
    CHECK(first.field("Link").find("cursor=1") != std::string::npos);
    CHECK(test.ask("GET", "/api/models/acme/run-42/lfs-files?cursor=1").json()[0]["filename"] == "b.bin");
    REQUIRE(test.ask("POST", "/api/repos/create", R"({"name":"former"})").status == 200);
    const std::string move = R"({"fromRepo":"acme/former","toRepo":"acme/other","type":"model"})";
    REQUIRE(test.ask("POST", "/api/repos/move", move).status == 200);
    const std::string missing(64, 'a');
    const nlohmann::json files{{{"sha256", hello_sha256}, {"filename", "a.bin"}},
                               {{"sha256", missing}, {"filename", "m"}}};
    const nlohmann::json body{{"target", {{"type", "model"}, {"name", "acme/other"}}}, {"files", files}};
    const std::string duplicate = "/api/models/acme/run-42/lfs-files/duplicate";
    CHECK(test.ask("POST", duplicate, body.dump(), "").status == 401);
    nlohmann::json to_old_name = body;
    to_old_name["target"]["name"] = "acme/former";
    CHECK(test.ask("POST", duplicate, to_old_name.dump()).status == 404);
    const nlohmann::json failed = test.ask("POST", duplicate, body.dump()).json()["failed"];
    REQUIRE(failed.size() == 1);
    CHECK(failed[0]["sha256"] == missing);
    const std::string commit = R"({"key":"header","value":{"summary":"x"}})"
                               "\n" +
                               line("copy.bin");
    CHECK(test.ask("POST", "/api/models/acme/other/commit/main", commit).status == 200);
}

TEST_CASE("who waits for a repository that is deleted is told so", "[hub_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    std::vector<std::thread> writers;
    std::vector<int> statuses(4);
    for (int& status : statuses) {
        writers.emplace_back([&test, &status] { status = test.commit(hello_line).status; });
    }
    const int deleted = test.ask("DELETE", "/api/repos/delete", R"({"name":"run-42"})").status;
    for (std::thread& writer : writers) writer.join();
    CHECK(deleted == 200);
    for (const int status : statuses) CHECK((status == 200 || status == 404));
}
