#include <hubpush/hub/lfs.hpp>

#include "catch.hpp"
#include "scripted_session.hpp"

#include <hubpush/core/error.hpp>

using namespace hubpush;

namespace {

const std::string oid_a = "cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc";
const std::string oid_b(64, 'b');
constexpr const char* canary = "hf_canaryCANARYcanary";

hub_settings settings_for(const std::string& endpoint) {
    hub_settings settings(url::parse(endpoint)->origin(), "");
    settings.token(secret(canary), "HF_TOKEN");
    return settings;
}

std::vector<lfs_object> one_object() {
    std::vector<lfs_object> objects;
    objects.emplace_back(oid_a, 20971520);
    return objects;
}

std::string object_with(const std::string& rest) { return "{\"oid\":\"" + oid_a + "\",\"size\":20971520" + rest + "}"; }

std::string answer_with(const std::string& rest, const std::string& transfer = R"("transfer":"basic",)") {
    return "{" + transfer + "\"objects\":[" + object_with(rest) + "]}";
}

std::string upload_to(const std::string& href, const std::string& more = "") {
    return R"(,"actions":{"upload":{"href":)" + json_quoted(href) + more + "}}";
}

std::vector<lfs_plan> read(const std::string& text, const std::string& endpoint = "https://hub.test") {
    const std::optional<json_value> answer = json_value::parse(text);
    REQUIRE(answer);
    return read_lfs_batch(*answer, one_object(), settings_for(endpoint));
}

errc failure_of(const std::string& text, const std::string& endpoint = "https://hub.test") {
    try {
        read(text, endpoint);
    } catch (const error& failure) {
        CHECK(describe(std::current_exception()).find("canary") == std::string::npos);
        CHECK(describe(std::current_exception()).find("sig=") == std::string::npos);
        return failure.kind();
    }
    return errc::internal;
}

}  // namespace

TEST_CASE("the batch request asks for whole objects, each once") {
    std::vector<lfs_object> objects = one_object();
    objects.push_back(objects.front());
    objects.emplace_back(oid_b, 5);
    CHECK(lfs_batch_body(objects, "main") == R"({"operation":"upload","transfers":["basic"],"objects":[{"oid":")" +
                                                 oid_a + R"(","size":20971520},{"oid":")" + oid_b +
                                                 R"(","size":5}],"hash_algo":"sha256","ref":{"name":"main"}})");
    CHECK(lfs_batch_body(objects, "").ends_with(R"("hash_algo":"sha256"})"));  // a pull request that does not exist yet
}

TEST_CASE("the answer of the wire example is one PUT and a verification") {
    const auto plans = read(
        R"({"transfer":"basic","objects":[{"oid":"cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc","size":20971520,"authenticated":true,"actions":{"upload":{"href":"https://store.test/o/cd/52/cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc?sig=s1","expires_in":900},"verify":{"href":"https://hub.test/api/lfs/verify?repo=68a5c0de0000000000000001"}}}]})");
    REQUIRE(plans.size() == 1);
    CHECK_FALSE(plans[0].stored());
    REQUIRE(plans[0].parts().size() == 1);
    CHECK(plans[0].parts()[0].offset() == 0);
    CHECK(plans[0].parts()[0].size() == 20971520);
    CHECK(plans[0].parts()[0].action().target().text() == "https://store.test/o/cd/52/" + oid_a + "?sig=s1");
    CHECK(plans[0].parts()[0].action().headers().size() == 0);
    REQUIRE(plans[0].verify());
    CHECK(plans[0].verify()->target().text() == "https://hub.test/api/lfs/verify?repo=68a5c0de0000000000000001");
}

TEST_CASE("objects without an upload are stored already") {
    for (const char* rest : {"", R"(,"actions":null)", R"(,"actions":{})", R"(,"actions":{"upload":null})",
                             R"(,"actions":{"verify":{"href":"https://hub.test/v"}})"}) {
        CAPTURE(rest);
        CHECK(read(answer_with(rest))[0].stored());
    }
    CHECK(read(answer_with("", R"("transfer":"xet",)"))[0].stored());
}

TEST_CASE("answers are matched by oid, and equal objects share one") {
    std::vector<lfs_object> objects;
    objects.emplace_back(oid_b, 5);
    objects.emplace_back(oid_a, 20971520);
    objects.emplace_back(oid_b, 5);
    const std::string text =
        "{\"objects\":[" + object_with(upload_to("https://s.test/a")) + ",{\"oid\":\"" + oid_b + "\",\"size\":5}]}";
    const auto plans = read_lfs_batch(*json_value::parse(text), objects, settings_for("https://hub.test"));
    REQUIRE(plans.size() == 3);
    CHECK(plans[0].stored());
    CHECK_FALSE(plans[1].stored());
    CHECK(plans[2].stored());
    CHECK(plans[1].object().oid() == oid_a);
}

TEST_CASE("header fields of a link are kept, whatever stands in them, but never with our token for another host") {
    const auto with_header = [](const std::string& href, const std::string& header) {
        return answer_with(upload_to(href, ",\"header\":" + header));
    };
    const auto plans =
        read(with_header("https://s.test/a", R"({"x-amz-acl":"private","Content-Type":"application/octet-stream"})"));
    CHECK(plans[0].parts()[0].action().headers().find("X-Amz-Acl") == "private");
    CHECK(read(with_header("https://s.test/a", "null"))[0].parts()[0].action().headers().size() == 0);
    const std::string bearer = R"({"Authorization":"Bearer )" + std::string(canary) + "\"}";
    CHECK(failure_of(with_header("https://s.test/a", bearer)) == errc::protocol_error);
    CHECK(failure_of(with_header("https://hub.test:444/a", bearer)) == errc::protocol_error);
    CHECK(read(with_header("https://hub.test/a", bearer))[0].parts()[0].action().headers().count("authorization") == 1);
    CHECK(read(with_header("https://s.test/a", R"({"Authorization":"Bearer other"})"))[0]
              .parts()[0]
              .action()
              .headers()
              .count("authorization") == 1);
    for (const char* bad :
         {R"({"x":1})", R"({"x":"a\u000d\u000ab"})", R"({"a b":"c"})", R"({"":"c"})", R"([])", R"("x")"}) {
        CAPTURE(bad);
        CHECK(failure_of(with_header("https://s.test/a", bad)) == errc::protocol_error);
    }
}

TEST_CASE("demanded parts and unknown transfers are refused before any content is sent") {
    const std::string parts =
        upload_to("https://s.test/a?sig=1", R"(,"header":{"chunk_size":"10485760","1":"https://s.test/1?sig=2"})");
    CHECK(failure_of(answer_with(parts, R"("transfer":"multipart",)")) == errc::no_transport);
    CHECK(failure_of(answer_with(parts)) == errc::no_transport);
    CHECK(failure_of(answer_with(upload_to("https://s.test/a"), R"("transfer":"xet",)")) == errc::no_transport);
    CHECK_FALSE(read(answer_with(upload_to("https://s.test/a"), R"("transfer":"multipart",)"))[0].stored());
    CHECK_FALSE(read(answer_with(upload_to("https://s.test/a"), ""))[0].stored());
}

TEST_CASE("links that must not be followed are refused") {
    for (const char* href :
         {"", "http://s.test/a", "HTTP://hub.test/a", "file:///etc/passwd", "ftp://s.test/a", "//s.test/a", "/a",
          "https:/s.test", "https://user:pw@s.test/a", "https://s.test/a b", "https://s.test\\@x/", "data:text/plain,x",
          "https://127.0.0.1/a", "https://localhost/a", "https://[::1]/a", "javascript:x"}) {
        CAPTURE(href);
        CHECK(failure_of(answer_with(upload_to(href))) == errc::protocol_error);
        CHECK(failure_of(answer_with(R"(,"actions":{"upload":{"href":"https://s.test/a"},"verify":{"href":)" +
                                     json_quoted(href) + "}}")) == errc::protocol_error);
    }
    CHECK(failure_of(answer_with(upload_to("http://127.0.0.1:2/a")), "http://127.0.0.1:1") == errc::internal);
    CHECK(failure_of(answer_with(upload_to("http://s.test/a")), "http://127.0.0.1:1") == errc::protocol_error);
}

TEST_CASE("links to the public Hub lead to the configured endpoint") {
    const auto plans = read(answer_with(upload_to("https://huggingface.co/store/a?sig=1")), "http://127.0.0.1:1");
    CHECK(plans[0].parts()[0].action().target().text() == "http://127.0.0.1:1/store/a?sig=1");
}

TEST_CASE("an error of an object is an error of its kind") {
    const auto with_error = [](int code) {
        return answer_with(",\"error\":{\"code\":" + std::to_string(code) + R"(,"message":"no"})");
    };
    CHECK(failure_of(with_error(403)) == errc::forbidden);
    CHECK(failure_of(with_error(413)) == errc::payload_too_large);
    CHECK(failure_of(with_error(422)) == errc::bad_request);
    CHECK(failure_of(with_error(507)) == errc::quota_exceeded);
    CHECK(failure_of(with_error(0)) == errc::bad_request);
    try {
        read(answer_with(R"(,"error":{"code":403,"message":"not with )" + std::string(canary) + R"("})"));
        FAIL("no error");
    } catch (const error& failure) {
        CHECK(failure.server_message() == "not with ***");
    }
    for (const int code : {403, 429, 503}) {
        try {
            read(with_error(code));
            FAIL("no error");
        } catch (const error& failure) {
            CHECK(failure.retryable() == (code != 403));
        }
    }
    CHECK(failure_of(answer_with(R"(,"error":{"message":"no code"})")) == errc::protocol_error);
    CHECK(failure_of(answer_with(R"(,"error":"text")")) == errc::protocol_error);
}

namespace {

lfs_plan small_plan(const std::string& verify_target, header_list verify_headers = header_list()) {
    std::vector<upload_part> parts;
    header_list headers;
    headers.add("x-own", "1");
    parts.emplace_back(0, 5, lfs_action(*url::parse("https://store.test/o?sig=s1"), headers));
    return lfs_plan(lfs_object(oid_a, 5), parts, lfs_action(*url::parse(verify_target), std::move(verify_headers)));
}

}  // namespace

TEST_CASE("content goes to the storage with the fields of its link and nothing of the Hub's") {
    scripted_session test;
    test.network->next()
        .expect("PUT /o?sig=s1 HTTP/1.1\r\n")
        .expect_request()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    test.run([](hub_session& session) -> task<void> {
        const auto source = memory_source("hello");
        co_await put_object(session, small_plan("https://hub.test/v").parts().front(), source);
    });
    const std::string& sent = test.network->peers().front()->received;
    CHECK(test.network->peers().front()->where.text() == "https://store.test");
    CHECK(sent.find("Content-Length: 5\r\n") != std::string::npos);
    CHECK(sent.find("x-own: 1\r\n") != std::string::npos);
    CHECK(sent.ends_with("\r\n\r\nhello"));
    for (const char* absent : {"uthorization", "User-Agent", "Trace-Id", "Transfer-Encoding", "Content-Type"}) {
        CAPTURE(absent);
        CHECK(sent.find(absent) == std::string::npos);
    }
    CHECK_FALSE(test.session.has_answered());
}

TEST_CASE("an expired link is told apart from other refusals") {
    const std::string xml =
        "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>The provided token has "
        "expired.</Message></Error>";
    for (const auto& [status, kind] : {std::pair<int, errc>(403, errc::forbidden),
                                       {400, errc::forbidden},
                                       {401, errc::forbidden},
                                       {413, errc::payload_too_large}}) {
        scripted_session test;
        test.network->next().expect_request().send(
            "HTTP/1.1 " + std::to_string(status) +
            " No\r\nContent-Type: application/xml\r\nContent-Length: " + std::to_string(xml.size()) + "\r\n\r\n" + xml);
        const errc got = test.failure([](hub_session& session) -> task<void> {
            const auto source = memory_source("hello");
            co_await put_object(session, small_plan("https://hub.test/v").parts().front(), source);
        });
        CHECK(got == kind);
        CHECK(test.text.find("sig=") == std::string::npos);
    }
}

TEST_CASE("verification takes the token to the endpoint's origin and to no other") {
    for (const char* target :
         {"https://hub.test/api/lfs/verify?repo=1", "https://store.test/verify", "https://hub.test:444/verify"}) {
        scripted_session test;
        test.network->next().expect_request().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        test.run([target](hub_session& session) -> task<void> { co_await verify_object(session, small_plan(target)); });
        const std::string& sent = test.network->peers().front()->received;
        const bool own = std::string_view(target).starts_with("https://hub.test/");
        CHECK((sent.find(test_token) != std::string::npos) == own);
        CHECK(sent.ends_with("{\"oid\":\"" + oid_a + "\",\"size\":5}"));
        CHECK(sent.find("Content-Type: application/json\r\n") != std::string::npos);
    }
}

TEST_CASE("a link that brings its own credentials gets no second ones") {
    scripted_session test;
    test.network->next().expect_request().send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    test.run([](hub_session& session) -> task<void> {
        header_list own;
        own.add("Authorization", "Bearer other");
        co_await verify_object(session, small_plan("https://hub.test/v", own));
    });
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.find("Authorization: Bearer other\r\n") != std::string::npos);
    CHECK(sent.find(test_token) == std::string::npos);
}

TEST_CASE("a verification that finds other bytes is an integrity error") {
    for (const auto& [status, kind] : {std::pair<int, errc>(404, errc::integrity),
                                       {422, errc::integrity},
                                       {400, errc::integrity},
                                       {403, errc::forbidden}}) {
        scripted_session test;
        test.network->next().expect_request().send("HTTP/1.1 " + std::to_string(status) +
                                                   " No\r\nContent-Length: 0\r\n\r\n");
        CHECK(test.failure([](hub_session& session) -> task<void> {
            co_await verify_object(session, small_plan("https://hub.test/v"));
        }) == kind);
    }
}

TEST_CASE("the batch is asked for as the wire example shows") {
    scripted_session test;
    const std::string answer = answer_with("");
    test.network->next().expect_request().send(json_reply(answer));
    test.run([](hub_session& session) -> task<void> {
        const std::vector<lfs_plan> plans =
            co_await lfs_batch(session, repository("acme/run-42"), "main", one_object());
        CHECK(plans.front().stored());
    });
    const std::string& sent = test.network->peers().front()->received;
    CHECK(sent.starts_with("POST /acme/run-42.git/info/lfs/objects/batch HTTP/1.1\r\nHost: hub.test\r\n"));
    CHECK(sent.find("Accept: application/vnd.git-lfs+json\r\n") != std::string::npos);
    CHECK(sent.find("Content-Type: application/vnd.git-lfs+json\r\n") != std::string::npos);
}

TEST_CASE("batch answers that contradict the question are protocol errors") {
    const std::string good = object_with("");
    for (const std::string& text :
         {std::string("{}"), std::string("[]"), std::string(R"({"objects":[]})"), std::string(R"({"objects":null})"),
          "{\"objects\":[" + good + "," + good + "]}",
          "{\"objects\":[" + good + ",{\"oid\":\"" + oid_b + "\",\"size\":5}]}",
          "{\"objects\":[{\"oid\":\"" + oid_b + "\",\"size\":20971520}]}",
          "{\"objects\":[{\"oid\":\"" + oid_a + "\",\"size\":20971521}]}",
          "{\"objects\":[{\"oid\":\"" + oid_a + "\",\"size\":-1}]}",
          "{\"objects\":[{\"oid\":\"" + oid_a + "\",\"size\":\"20971520\"}]}",
          "{\"objects\":[{\"oid\":\"" + oid_a + "\"}]}", std::string(R"({"objects":[{"size":20971520}]})"),
          std::string(R"({"objects":[7]})"), answer_with(R"(,"actions":[])"),
          answer_with(R"(,"actions":{"upload":{}})"), answer_with(R"(,"actions":{"upload":{"href":7}})"),
          answer_with(R"(,"actions":{"upload":[]})")}) {
        CAPTURE(text);
        CHECK(failure_of(text) == errc::protocol_error);
    }
}
