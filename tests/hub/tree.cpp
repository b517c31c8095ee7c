#include <hubpush/hub/tree.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/hub/commits.hpp>

using namespace hubpush;

namespace {

const std::string one_file =
    R"([{"type":"directory","path":"ckpt","oid":"4b82","size":0},)"
    R"({"type":"file","path":"ckpt/m.bin","oid":"8c1d","size":104857600,"lfs":{"oid":"c0ff","size":104857600,"pointerSize":134},"xetHash":"1f0a"}])";

std::string link_to(const std::string& target) { return "Link: <" + target + ">; rel=\"next\"\r\n"; }

errc listing_failure(scripted_session& test) {
    return test.failure([](hub_session& session) -> task<void> {
        tree_listing listing(session, repository("a/b"), "main");
        while (co_await listing.next()) {
        }
    });
}

}  // namespace

TEST_CASE("a tree is listed page by page") {
    scripted_session test;
    test.network->next()
        .expect("GET /api/models/a/b/tree/refs%2Fpr%2F3/x%2Fy?recursive=true&expand=false HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(one_file, "200 OK", link_to("https://hub.test/api/models/a/b/tree/main?cursor=2")))
        .expect("GET /api/models/a/b/tree/main?cursor=2 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply("[]"));
    test.run([](hub_session& session) -> task<void> {
        tree_listing listing(session, repository("a/b"), "refs/pr/3", "x/y");
        const auto first = co_await listing.next();
        REQUIRE(first);
        REQUIRE(first->size() == 2);
        CHECK(first->at(0).is_folder());
        CHECK(first->at(1).path() == "ckpt/m.bin");
        CHECK(first->at(1).size() == 104857600);
        CHECK(first->at(1).lfs_oid() == "c0ff");
        const auto second = co_await listing.next();
        CHECK(second->empty());
        const auto third = co_await listing.next();
        CHECK_FALSE(third);
    });
    CHECK(test.network->peers().size() == 1);
}

TEST_CASE("links to other places and loops end a listing") {
    for (const char* target : {"https://evil.test/x", "http://hub.test/x", "https://hub.test:444/x", "//evil.test/x",
                               "file:///x", "https://hub.test/api/models/a/b/tree/main?recursive=true&expand=false"}) {
        CAPTURE(target);
        scripted_session test;
        test.network->next().expect_request().send(json_reply("[]", "200 OK", link_to(target)));
        CHECK(listing_failure(test) == errc::protocol_error);
        CHECK(test.network->peers().size() == 1);
    }
}

TEST_CASE("a page that is no list of entries is refused") {
    for (const char* body : {"{}", "null", "[7]", R"([{"type":"file","path":"a","oid":"x"}])",
                             R"([{"type":"file","path":"a","oid":"x","size":-1}])"}) {
        CAPTURE(body);
        scripted_session test;
        test.network->next().expect_request().send(json_reply(body));
        CHECK(listing_failure(test) == errc::protocol_error);
    }
}

TEST_CASE("the link to the next page is found among others") {
    CHECK(next_link(R"(<https://a/1>; rel="prev", <https://a/2>; rel="next")") == "https://a/2");
    CHECK(next_link(R"(<https://a/2>; rel="next", <https://a/9>; rel="last")") == "https://a/2");
    CHECK_FALSE(next_link(R"(<https://a/1>; rel="prev")"));
    CHECK_FALSE(next_link(""));
    CHECK_FALSE(next_link("<"));
    CHECK_FALSE(next_link("rel=\"next\""));
    CHECK_FALSE(next_link(R"(<https://a/1>)"));
}

TEST_CASE("recent commits are collected over pages up to the limit") {
    const auto commit = [](char digit, const std::string& text) {
        return R"({"id":")" + std::string(40, digit) + R"(","title":"t","message":")" + text +
               R"(","authors":[{"user":"a"}],"date":"2026"})";
    };
    scripted_session test;
    test.network->next()
        .expect("GET /api/datasets/a/b/commits/main?limit=3 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply("[" + commit('1', "x") + "," + commit('2', "y") + "]", "200 OK",
                         link_to("/api/datasets/a/b/commits/main?p=1")))
        .expect("GET /api/datasets/a/b/commits/main?p=1 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply("[" + commit('3', "z") + "," + commit('4', "w") + "]", "200 OK",
                         link_to("/api/datasets/a/b/commits/main?p=2")));
    test.run([](hub_session& session) -> task<void> {
        const repository where("a/b", repo_type::dataset);
        const std::vector<commit_entry> commits = co_await recent_commits(session, where, "main", 3);
        REQUIRE(commits.size() == 3);
        CHECK(commits[0].oid() == std::string(40, '1'));
        CHECK(commits[2].text() == "z");
    });

    scripted_session empty;
    empty.network->next().expect_request().send(json_reply("[]"));
    const auto ask = [](hub_session& session) -> task<void> {
        co_await head_commit(session, repository("a/b"), "main");
    };
    CHECK(empty.failure(ask) == errc::revision_not_found);

    scripted_session odd;
    odd.network->next().expect_request().send(json_reply(R"([{"id":"main"}])"));
    CHECK(odd.failure(ask) == errc::protocol_error);
}

TEST_CASE("paths are asked about in one question of at most 500") {
    scripted_session test;
    test.network->next()
        .expect("POST /api/models/a/b/paths-info/refs%2Fpr%2F1 HTTP/1.1\r\n")
        .expect_request()
        .send(json_reply(R"([{"type":"file","path":"x","oid":"1","size":7,"lfs":{"oid":"2","size":7}},)"
                         R"({"type":"directory","path":"y","oid":"3"}])"));
    test.run([](hub_session& session) -> task<void> {
        const std::vector<std::string> paths{"x", "y", "missing"};
        const auto entries = co_await paths_info(session, repository("a/b"), "refs/pr/1", paths);
        REQUIRE(entries.size() == 2);
        CHECK(entries[0].lfs_oid() == "2");
        CHECK(entries[1].is_folder());
    });
    CHECK(test.network->peers().front()->received.ends_with(R"({"paths":["x","y","missing"],"expand":false})"));
    CHECK(test.failure([](hub_session& session) -> task<void> {
        const std::vector<std::string> paths(501, "x");
        co_await paths_info(session, repository("a/b"), "main", paths);
    }) == errc::invalid_argument);
}
