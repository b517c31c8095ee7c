#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

std::string answer_of(int status, const std::string& headers, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " x\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string json_answer(int status, const std::string& body, const std::string& headers = "") {
    return answer_of(status, "Content-Type: application/json\r\n" + headers, body);
}

std::string coded_answer(int status, const std::string& code, const std::string& text) {
    return json_answer(status, "{\"error\":\"" + text + "\"}",
                       "X-Error-Code: " + code + "\r\nX-Error-Message: " + text + "\r\n");
}

std::string html_answer(int status) {
    return answer_of(status, "Content-Type: text/html\r\n", "<html><body>please log in to this network</body></html>");
}

std::string nested(char open, std::size_t depth) { return std::string(depth, open); }

/// What a server may say to any call of its API, and what that is to the user.
struct bad_answer {
    const char* name;
    std::string bytes;
    errc expected;
};

std::vector<bad_answer> bad_answers() {
    const std::string invalid = "Invalid credentials in Authorization header";
    const std::string disabled = "Access to this resource is disabled.";
    return {
        {"401, wrong token", json_answer(401, "{}", "X-Error-Message: " + invalid + "\r\n"), errc::not_authorized},
        {"401, hidden repository", coded_answer(401, "RepoNotFound", "Repository not found"),
         errc::repository_not_found},
        {"401, bare", json_answer(401, "{\"error\":\"Invalid username or password.\"}"), errc::repository_not_found},
        {"402", json_answer(402, "{\"error\":\"payment required\"}"), errc::quota_exceeded},
        {"403, no right to write", json_answer(403, "{\"error\":\"You don't have the rights\"}"), errc::forbidden},
        {"403, gated", coded_answer(403, "GatedRepo", "Access to model is restricted"), errc::forbidden},
        {"403, disabled", json_answer(403, "{}", "X-Error-Message: " + disabled + "\r\n"), errc::forbidden},
        {"403, HTML of a firewall", html_answer(403), errc::forbidden},
        {"403, plain text", answer_of(403, "Content-Type: text/plain\r\n", "quota of private storage"),
         errc::forbidden},
        {"403, empty", answer_of(403, "", ""), errc::forbidden},
        {"404, repository", coded_answer(404, "RepoNotFound", "Repository not found"), errc::repository_not_found},
        {"404, revision", coded_answer(404, "RevisionNotFound", "Invalid rev id: main"), errc::revision_not_found},
        {"404, entry", coded_answer(404, "EntryNotFound", "A file with this name doesn't exist"),
         errc::entry_not_found},
        {"409", json_answer(409, "{\"error\":\"another commit is in progress\"}"), errc::conflict},
        {"412", json_answer(412, "{\"error\":\"the branch was updated\"}"), errc::conflict},
        {"413", json_answer(413, "{\"error\":\"too many parameters\"}"), errc::payload_too_large},
        {"422", json_answer(422, "{\"error\":\"unprocessable\"}"), errc::bad_request},
        {"400", json_answer(400, "{\"error\":\"not like this\"}"), errc::bad_request},
        {"429 for ever", json_answer(429, "{\"error\":\"slow down\"}"), errc::rate_limited},
        {"429, an hour", json_answer(429, "{\"error\":\"slow down\"}", "Retry-After: 3600\r\n"), errc::rate_limited},
        {"500", json_answer(500, "{\"error\":\"internal\"}"), errc::server_error},
        {"502, HTML", html_answer(502), errc::server_error},
        {"503", json_answer(503, "{\"error\":\"overloaded\"}"), errc::server_error},
        {"504, empty", answer_of(504, "", ""), errc::server_error},
        {"507", json_answer(507, "{\"error\":\"no space\"}"), errc::quota_exceeded},
        {"200, HTML of a log-in page", html_answer(200), errc::protocol_error},
        {"200, no JSON", json_answer(200, "{\"files\":"), errc::protocol_error},
        {"200, JSON of another kind", json_answer(200, "[1,2,3]"), errc::protocol_error},
        {"200, 100,000 arrays", json_answer(200, nested('[', 100'000)), errc::protocol_error},
        {"200, 100,000 objects", json_answer(200, "{\"files\":" + nested('{', 100'000)), errc::protocol_error},
        {"200, huge JSON", json_answer(200, "\"" + std::string(20'000'000, 'x') + "\""), errc::limit_exceeded},
        {"300", json_answer(300, "{}"), errc::protocol_error},
        {"redirect to itself", answer_of(307, "Location: ?again\r\n", ""), errc::protocol_error},
        {"redirect to nowhere", answer_of(308, "", ""), errc::protocol_error},
        {"SSH banner", "SSH-2.0-OpenSSH_9.2\r\n\r\n", errc::protocol_error},
        {"HTTP/2", std::string("\0\0\x12\x04\0\0\0\0\0", 9) + std::string(18, '\0'), errc::protocol_error},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", errc::protocol_error},
        {"headers without end", "HTTP/1.1 200 OK\r\nX: " + std::string(1'000'000, 'x'), errc::limit_exceeded},
    };
}

/// One request of a push, by method and a part of its address.
struct exchange {
    const char* method;
    const char* part;
};

void write_two_files(simulation& world) {
    world.files->write("/run/config.json", "{\"a\":1}");
    world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
}

struct verdict {
    bool succeeded = false;
    errc kind = errc::internal;
    bool has_hint = false;
    bool shows_markup = false;
    bool committed = false;
    std::chrono::nanoseconds time{0};
};

/// Pushes two files to a Hub that always answers one of its requests in this way.
verdict push_against(const std::string& bytes, exchange where) {
    simulation world;
    write_two_files(world);
    world.hub->instead = [&](const model_request& request) -> std::optional<std::string> {
        const bool hit = request.method == where.method && request.target.find(where.part) != std::string::npos;
        return hit ? std::optional<std::string>(bytes) : std::nullopt;
    };
    verdict result;
    const client hub = world.client();
    try {
        world.run(hub.upload_folder("acme/x", "/run"));
        result.succeeded = true;
    } catch (const error& failure) {
        result.kind = failure.kind();
        result.has_hint = !failure.hint().empty();
        const std::string all = std::string(failure.what()) + failure.hint();
        result.shows_markup = all.find("<html") != std::string::npos || all.find(canary) != std::string::npos;
    }
    result.committed = world.hub->commits.size() != 1;
    result.time = world.seams.clock->elapsed();
    return result;
}

/// What a push has to ask first.
enum class first_request { question, removal, removal_as_pr, removal_from_parent };

task<commit_info> push_that_begins_with(first_request what, const client& hub) {
    const message ours("ours");
    switch (what) {
        case first_request::removal:
            return hub.create_commit("acme/x", hubpush::remove("old"), ours);
        case first_request::removal_as_pr:
            return hub.create_commit("acme/x", hubpush::remove("old"), ours, create_pr());
        case first_request::removal_from_parent:
            return hub.create_commit("acme/x", hubpush::remove("old"), ours, parent_commit("0000000"));
        default:
            return hub.upload_folder("acme/x", "/run");
    }
}

}  // namespace

TEST_CASE("whatever a Hub that has never answered well says first: its own typed error, within a minute") {
    for (const bad_answer& each : bad_answers()) {
        INFO(each.name);
        const verdict result = push_against(each.bytes, {"POST", "/preupload/"});
        CHECK(result.kind == each.expected);
        CHECK(result.has_hint);
        CHECK_FALSE(result.shows_markup);
        CHECK_FALSE(result.committed);
        CHECK(result.time <= 60s);
    }
}

TEST_CASE("the same in the middle of a push: typed, nothing committed, within the limits of the retry policy") {
    std::size_t cases = 0;
    for (const exchange where : {exchange{"POST", "/objects/batch"}, exchange{"POST", "/verify"}}) {
        for (const bad_answer& each : bad_answers()) {
            INFO(where.part << ": " << each.name);
            const verdict result = push_against(each.bytes, where);
            ++cases;
            // A refused verification is settled by asking the store once more: it says that the object is there.
            CHECK(result.succeeded == result.committed);
            if (result.succeeded && where.part == std::string_view("/verify")) continue;
            CHECK(result.kind != errc::internal);
            CHECK(result.kind != errc::cancelled);
            CHECK(result.has_hint);
            CHECK_FALSE(result.shows_markup);
            CHECK_FALSE(result.committed);
            CHECK(result.time <= retry_policy::total_limit + 60s);
        }
    }
    CHECK(cases >= 60);
}

TEST_CASE("the same from the storage") {
    for (const bad_answer& each : bad_answers()) {
        INFO(each.name);
        const verdict result = push_against(each.bytes, {"PUT", "/o/"});
        const bool link = each.expected == errc::not_authorized || each.bytes.starts_with("HTTP/1.1 401");
        if (link) CHECK(result.kind == errc::forbidden);
        if (each.expected == errc::server_error) CHECK(result.kind == errc::server_error);
        // A 2xx of the storage is a success, whatever text comes with it; the file is missed when it is verified.
        if (each.bytes.starts_with("HTTP/1.1 200 x\r\nContent-Type")) {
            CHECK((result.kind == errc::integrity || result.kind == errc::limit_exceeded));
        }
        CHECK(result.kind != errc::internal);
        CHECK_FALSE(result.shows_markup);
        CHECK_FALSE(result.committed);
        CHECK(result.time <= 2 * (retry_policy::total_limit + 60s));
    }
}

TEST_CASE("the same to the commit: a refusal is typed, what may hide a commit is an unknown outcome") {
    for (const bad_answer& each : bad_answers()) {
        INFO(each.name);
        const verdict result = push_against(each.bytes, {"POST", "/commit/"});
        const bool refusal = each.bytes.starts_with("HTTP/1.1 4") || each.bytes.starts_with("HTTP/1.1 507");
        if (refusal) {
            CHECK((result.kind == each.expected));
        } else {
            CHECK((result.kind == errc::outcome_unknown || result.kind == errc::protocol_error));
        }
        CHECK(result.has_hint);
        CHECK_FALSE(result.shows_markup);
        CHECK_FALSE(result.committed);
        CHECK(result.time <= 15min);
    }
}

TEST_CASE("an endpoint that refuses, stalls or cuts from the first moment on is given up within a minute") {
    enum class trouble { refused, stalled_connect, silent, cut };
    for (const first_request push : {first_request::question, first_request::removal, first_request::removal_as_pr,
                                     first_request::removal_from_parent}) {
        for (const trouble what : {trouble::refused, trouble::stalled_connect, trouble::silent, trouble::cut}) {
            simulation world;
            write_two_files(world);
            world.hub->fault = [&](const std::string& method, const std::string&) {
                if (method != "CONNECT") return model_fault::none;
                if (what == trouble::refused) return model_fault::refuse_connection;
                return what == trouble::stalled_connect ? model_fault::stall_connection : model_fault::none;
            };
            world.hub->instead = [&](const model_request&) -> std::optional<std::string> {
                return what == trouble::cut ? "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"files\"" : "";
            };
            const client hub = world.client();
            INFO("push " << static_cast<int>(push) << ", trouble " << static_cast<int>(what));
            std::optional<error> failure;
            try {
                world.run(push_that_begins_with(push, hub));
            } catch (const error& thrown) {
                failure = thrown;
            }
            REQUIRE(failure);
            CHECK((failure->kind() == errc::transport || failure->kind() == errc::timed_out));
            CHECK(failure->reached_server() == (what == trouble::silent || what == trouble::cut));
            CHECK(world.seams.clock->elapsed() <= 60s);
            CHECK(world.hub->commits.size() == 1);
            CHECK(world.hub->count("POST", "/commit/") + world.hub->count("POST", "/discussions") == 0);
        }
    }
}
