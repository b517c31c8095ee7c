#include <hubpush/hub/path_changes.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace hubpush;

namespace {

const std::string base(40, '1');
const std::string head(40, '2');

std::string at(const std::string& path, const std::string& oid) {
    return R"({"type":"file","path":")" + path + R"(","oid":")" + oid + R"(","size":1})";
}

using operations = std::vector<commit_operation>;

auto first_change(std::string& changed, operations of) {
    return [&changed, of](hub_session& session) -> task<void> {
        const auto shared = std::make_shared<const operations>(of);
        changed = co_await first_changed_path(session, repository("acme/x"), base, head, shared);
    };
}

operations files(const std::vector<std::string>& paths) {
    operations result;
    for (const std::string& path : paths) result.push_back(commit_operation::remove_file(path));
    return result;
}

}  // namespace

TEST_CASE("files are compared by what stands there at both commits") {
    struct one {
        std::string before;
        std::string after;
        std::string changed;
    };
    const std::vector<one> cases{{"", "", ""},
                                 {at("a", "1"), at("a", "1"), ""},
                                 {at("a", "1"), at("a", "2"), "a"},
                                 {at("a", "1"), "", "a"},
                                 {"", at("b", "1"), "b"},
                                 {at("b", "1") + "," + at("a", "1"), at("a", "1") + "," + at("b", "2"), "b"},
                                 {at("a", "1"), R"({"type":"directory","path":"a","oid":"1"})", "a"}};
    for (const one& each : cases) {
        scripted_session test;
        test.network->next()
            .expect("POST /api/models/acme/x/paths-info/" + base + " HTTP/1.1\r\n")
            .expect_request()
            .send(json_reply("[" + each.before + "]"))
            .expect("POST /api/models/acme/x/paths-info/" + head + " HTTP/1.1\r\n")
            .expect_request()
            .send(json_reply("[" + each.after + "]"));
        std::string changed;
        test.run(first_change(changed, files({"a", "b"})));
        CHECK(changed == each.changed);
        CHECK(test.network->peers().front()->received.find(R"({"paths":["a","b"],"expand":false})") !=
              std::string::npos);
    }
}

TEST_CASE("files are asked for 500 at a time") {
    scripted_session test;
    auto& peer = test.network->next();
    for (int i = 0; i < 6; ++i) peer.expect_request().send(json_reply("[]"));
    std::vector<std::string> paths;
    for (int i = 0; i < 1001; ++i) paths.push_back("f" + std::to_string(i));
    std::string changed = "x";
    test.run(first_change(changed, files(paths)));
    CHECK(changed.empty());
    CHECK(test.network->peers().front()->unread.empty());
}

TEST_CASE("a folder is compared with everything in it, in any order and on any number of pages") {
    for (const bool same : {true, false}) {
        scripted_session test;
        const std::string link = "Link: <https://hub.test/more>; rel=\"next\"\r\n";
        test.network->next()
            .expect("GET /api/models/acme/x/tree/" + base + "/old?recursive=true")
            .expect_request()
            .send(json_reply("[" + at("old/1", "1") + "," + at("old/2", "2") + "]"))
            .expect("GET /api/models/acme/x/tree/" + head + "/old?recursive=true")
            .expect_request()
            .send(json_reply("[" + at("old/2", same ? "2" : "3") + "]", "200 OK", link))
            .expect("GET /more")
            .expect_request()
            .send(json_reply("[" + at("old/1", "1") + "]"));
        operations of;
        of.push_back(commit_operation::remove_folder("old/"));
        std::string changed;
        test.run(first_change(changed, of));
        CHECK(changed == (same ? "" : "old/"));
    }
}

TEST_CASE("a folder that does not exist has nothing in it") {
    scripted_session test;
    const std::string missing = json_reply("{}", "404 Not Found", "X-Error-Code: EntryNotFound\r\n");
    test.network->next().expect_request().send(missing).expect_request().send(json_reply("[" + at("old/1", "1") + "]"));
    operations of;
    of.push_back(commit_operation::remove_folder("old/"));
    std::string changed;
    test.run(first_change(changed, of));
    CHECK(changed == "old/");
}

TEST_CASE("the first change is the first in the order of the operations") {
    scripted_session test;
    test.network->next()
        .expect("POST ")
        .expect_request()
        .send(json_reply("[]"))
        .expect_request()
        .send(json_reply("[" + at("z", "1") + "]"));
    operations of = files({"z"});
    of.push_back(commit_operation::remove_folder("old"));
    of.push_back(commit_operation::remove_file("a"));
    std::string changed;
    test.run(first_change(changed, of));
    CHECK(changed == "z");
}
