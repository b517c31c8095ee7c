#include <hubpush/hub/failure.hpp>

#include "catch.hpp"

#include <vector>

using namespace hubpush;

namespace {

http_response reply(int status, std::vector<std::pair<std::string, std::string>> fields, std::string body = "") {
    header_list headers;
    for (auto& [name, value] : fields) headers.add(name, value);
    return http_response(status, headers, std::move(body));
}

}  // namespace

TEST_CASE("answers become errors by the Hub's rules in their order") {
    struct row {
        int status;
        std::vector<std::pair<std::string, std::string>> fields;
        const char* path;
        errc kind;
    };
    const std::vector<row> rows{
        {404, {{"X-Error-Code", "RevisionNotFound"}}, "/api/models/a/b/revision/x", errc::revision_not_found},
        {404, {{"x-error-code", "EntryNotFound"}}, "/a/b/resolve/main/x", errc::entry_not_found},
        {403, {{"X-Error-Code", "GatedRepo"}}, "/a/b/resolve/main/x", errc::forbidden},
        {401, {{"X-Error-Code", "GatedRepo"}}, "/api/models/a/b", errc::forbidden},
        {403, {{"X-Error-Message", "Access to this resource is disabled."}}, "/api/models/a/b", errc::forbidden},
        {404,
         {{"X-Error-Code", "RepoNotFound"}, {"X-Error-Message", "Access to this resource is disabled."}},
         "/api/models/a/b",
         errc::forbidden},
        {404, {{"X-Error-Code", "RepoNotFound"}}, "/api/models/a/b", errc::repository_not_found},
        {401,
         {{"X-Error-Message", "Invalid username or password."}},
         "/api/models/a/secret",
         errc::repository_not_found},
        {401, {}, "/api/datasets/a/b/preupload/main", errc::repository_not_found},
        {401, {}, "/api/kernels/a/b", errc::repository_not_found},
        {401, {}, "/api/spaces/a/b?x=1", errc::repository_not_found},
        {401, {}, "/a/b/resolve/main/c", errc::repository_not_found},
        {401,
         {{"X-Error-Message", "Invalid credentials in Authorization header"}},
         "/api/models/a/b",
         errc::not_authorized},
        {401, {}, "/api/whoami-v2", errc::not_authorized},
        {401, {}, "/api/repos/create", errc::not_authorized},
        {404, {}, "/api/models/a/b/preupload/main", errc::repository_not_found},
        {404, {}, "/a/b.git/info/lfs/objects/batch", errc::repository_not_found},
        {404, {{"X-Error-Code", "SomethingNew"}}, "/api/whoami-v2", errc::entry_not_found},
        {400, {}, "/x", errc::bad_request},
        {402, {}, "/x", errc::quota_exceeded},
        {403, {}, "/api/models/a/b", errc::forbidden},
        {405, {}, "/x", errc::bad_request},
        {408, {}, "/x", errc::server_error},
        {409, {}, "/x", errc::conflict},
        {412, {}, "/x", errc::conflict},
        {413, {}, "/x", errc::payload_too_large},
        {422, {}, "/x", errc::bad_request},
        {425, {}, "/x", errc::server_error},
        {429, {}, "/x", errc::rate_limited},
        {500, {}, "/x", errc::server_error},
        {504, {}, "/api/models/a/b", errc::server_error},
        {507, {}, "/x", errc::quota_exceeded},
        {509, {}, "/x", errc::quota_exceeded},
    };
    for (const row& each : rows) {
        CAPTURE(each.status, each.path);
        CHECK(kind_of_failure(reply(each.status, each.fields), each.path) == each.kind);
    }
}

TEST_CASE("the server's text is collected from headers and body, each text once") {
    const std::pair<std::string, std::string> json{"Content-Type", "application/json"};
    CHECK(server_text(reply(400, {{"X-Error-Message", " a "}, json}, R"({"error":"a"})")) == "a");
    CHECK(server_text(reply(400, {{"X-Error-Message", "a"}, json}, R"({"error":"b"})")) == "a; b");
    CHECK(server_text(reply(400, {json}, R"({"error":["a","b"]})")) == "a; b");
    CHECK(server_text(reply(400, {json}, R"({"error":"invalid_grant","error_description":"old"})")) ==
          "invalid_grant: old");
    CHECK(server_text(reply(400, {json}, R"({"error":"x","errors":[{"message":"y"},{"message":"y"}]})")) == "x; y");
    CHECK(server_text(reply(422, {json}, R"({"message":"lfs"})")) == "lfs");
    CHECK(server_text(reply(500, {{"Content-Type", "text/plain"}}, " oops \n")) == "oops");
    CHECK(server_text(reply(500, {{"Content-Type", "text/html"}}, "<html>")).empty());
    CHECK(server_text(reply(500, {}, "<html>")).empty());
    CHECK(server_text(reply(403, {{"Content-Type", "application/xml"}},
                            "<?xml?><Error><Code>SignatureDoesNotMatch</Code><Message>bad</Message>"
                            "<CanonicalRequest>X-Amz-Signature=SECRET</CanonicalRequest></Error>")) ==
          "SignatureDoesNotMatch; bad");
    CHECK(server_text(reply(400, {json}, R"({"error":{"deep":1}})")).empty());
    CHECK(server_text(reply(400, {}, std::string(64 * 1024 + 1, 'x'))).empty());
}

TEST_CASE("details carry request id, requested wait and whether a retry may help") {
    const auto now = std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000));
    const error_details limited = details_of(
        reply(429, {{"RateLimit", "\"api\";r=0;t=55"}, {"X-Amzn-Trace-Id", "t"}, {"x-request-id", "r"}}), now);
    CHECK(limited.retry_after() == std::chrono::seconds(55));
    CHECK(limited.retryable());
    CHECK(limited.request_id() == "r");
    CHECK(limited.status() == 429);
    CHECK(details_of(reply(503, {{"X-Amz-Cf-Id", "c"}}), now).request_id() == "c");
    CHECK_FALSE(details_of(reply(400, {}), now).retryable());
    CHECK_FALSE(details_of(reply(400, {}), now).retry_after());
}

TEST_CASE("hostile server text is escaped and cut") {
    const error failure(errc::bad_request, "x", details_of(reply(400, {}, "\x1b[31m" + std::string(5000, 'y')), {}));
    CHECK(std::string(failure.what()).find('\x1b') == std::string::npos);
    CHECK(failure.server_message().size() < 600);
}
