#include <hubpush/hub/session.hpp>

#include "catch.hpp"
#include "scripted_stream.hpp"
#include "test_seams.hpp"

#include <hubpush/core/byte_source.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/lfs.hpp>
#include <hubpush/hub/preupload.hpp>
#include <hubpush/hub/tree.hpp>
#include <hubpush/net/address_guard.hpp>
#include <hubpush/net/tunnel.hpp>

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

// Where a token must not go, however a server, a storage or a proxy asks for it (spec/reliability.md SEC01, SEC02,
// SEC05, SEC06).

namespace {

const std::string canary = "hf_canaryCredentials0123456789";
const std::string oid(64, 'a');

/// How a client of the public endpoint may treat a place.
enum class trust {
    endpoint,  ///< it is the configured origin
    stranger,  ///< it may be contacted, without credentials
    refused,   ///< it is not contacted
};

struct named_place {
    const char* kind;
    std::string text;
    trust expected;
};

/// Every way of naming a place that anybody has come up with; seen from https://hub.example.
const std::vector<named_place>& places() {
    static const std::vector<named_place> list{
        {"same", "/b", trust::endpoint},
        {"same", "b?x=1", trust::endpoint},
        {"same", "//hub.example/b", trust::endpoint},
        {"same", "https://hub.example/b", trust::endpoint},
        {"same", "https://hub.example:443/b", trust::endpoint},
        {"same", "https://hub.example/b#@evil.example/", trust::endpoint},
        {"same", "https://hub.example/@evil.example/b", trust::endpoint},
        {"same", "https://hub.example?@evil.example", trust::endpoint},
        {"upper case", "https://HUB.EXAMPLE/b", trust::endpoint},
        {"upper case", "HTTPS://Hub.Example:443/b", trust::endpoint},
        {"other port", "https://hub.example:8443/b", trust::stranger},
        {"other port", "https://hub.example:80/b", trust::stranger},
        {"other port", "https://hub.example:0/b", trust::refused},
        {"other port", "https://hub.example:65979/b", trust::refused},
        {"other port", "https://hub.example:/b", trust::refused},
        {"other scheme", "http://hub.example/b", trust::refused},
        {"other scheme", "http://hub.example:443/b", trust::refused},
        {"other scheme", "HTTP://HUB.EXAMPLE/b", trust::refused},
        {"other scheme", "ftp://hub.example/b", trust::refused},
        {"other scheme", "file:///etc/passwd", trust::refused},
        {"other scheme", "javascript:alert(1)", trust::refused},
        {"other scheme", "data:text/plain,x", trust::refused},
        {"other scheme", "ws://hub.example/b", trust::refused},
        {"other scheme", "https:/hub.example/b", trust::refused},
        {"other host", "https://other.example/b", trust::stranger},
        {"other host", "//other.example/b", trust::stranger},
        {"other host", "https://hub.example.evil.example/b", trust::stranger},
        {"other host", "https://evil-hub.example/b", trust::stranger},
        {"other host", "https://hub-example/b", trust::stranger},
        {"other host", "https://example/b", trust::stranger},
        {"sub-domain", "https://a.hub.example/b", trust::stranger},
        {"sub-domain", "https://www.hub.example/b", trust::stranger},
        {"trailing dot", "https://hub.example./b", trust::stranger},
        {"trailing dot", "https://hub.example../b", trust::refused},
        {"IDN twin", "https://hub.\xd0\xb5xample/b", trust::refused},
        {"IDN twin", "https://xn--hub-9na.example/b", trust::stranger},
        {"IDN twin", "https://hub%2eexample/b", trust::refused},
        {"IDN twin",
         "https://hub\xe3\x80\x82"
         "example/b",
         trust::refused},
        {"userinfo", "https://hub.example@evil.example/b", trust::refused},
        {"userinfo", "https://hub.example:443@evil.example/b", trust::refused},
        {"userinfo", "https://user:word@hub.example/b", trust::refused},
        {"userinfo", "https://hub.example%40evil.example/b", trust::refused},
        {"userinfo", "https://hub.example\\@evil.example/b", trust::refused},
        {"userinfo", "https://evil.example\\@hub.example/b", trust::refused},
        {"userinfo", "https://evil.example#@hub.example/b", trust::stranger},
        {"userinfo", "https://evil.example?@hub.example/b", trust::stranger},
        {"userinfo", "https://evil.example/@hub.example/b", trust::stranger},
        {"IPv6", "https://[2606:4700::1111]/b", trust::stranger},
        {"IPv6", "https://[2606:4700:0:0:0:0:0:1111]/b", trust::stranger},
        {"IPv6", "https://[2606:4700::ABCD]/b", trust::stranger},
        {"IPv6", "https://[::1]/b", trust::refused},
        {"IPv6", "https://[0:0:0:0:0:0:0:1]/b", trust::refused},
        {"IPv6", "https://[::]/b", trust::refused},
        {"IPv6", "https://[::ffff:127.0.0.1]/b", trust::refused},
        {"IPv6", "https://[::ffff:7f00:1]/b", trust::refused},
        {"IPv6", "https://[64:ff9b::a00:1]/b", trust::refused},
        {"IPv6", "https://[2002:a00:1::]/b", trust::refused},
        {"IPv6", "https://[fe80::1%25eth0]/b", trust::refused},
        {"IPv6", "https://[fe80::1%eth0]/b", trust::refused},
        {"IPv6", "https://[fe80::1]/b", trust::refused},
        {"IPv6", "https://[::1/b", trust::refused},
        {"IPv6", "https://[v1.x]/b", trust::refused},
        {"IPv6", "https://::1/b", trust::refused},
        {"IPv4 forms", "https://9.9.9.9/b", trust::stranger},
        {"IPv4 forms", "https://151587081/b", trust::refused},
        {"IPv4 forms", "https://2130706433/b", trust::refused},
        {"IPv4 forms", "https://0x7f000001/b", trust::refused},
        {"IPv4 forms", "https://0x7f.0.0.1/b", trust::refused},
        {"IPv4 forms", "https://0177.0.0.1/b", trust::refused},
        {"IPv4 forms", "https://127.1/b", trust::refused},
        {"IPv4 forms", "https://9.9.9.9./b", trust::refused},
        {"IPv4 forms", "https://09.9.9.9/b", trust::refused},
        {"IPv4 forms", "https://256.9.9.9/b", trust::refused},
        {"private", "https://127.0.0.1/b", trust::refused},
        {"private", "https://localhost/b", trust::refused},
        {"private", "https://0.0.0.0/b", trust::refused},
        {"private", "https://10.0.0.1/b", trust::refused},
        {"private", "https://100.64.0.1/b", trust::refused},
        {"private", "https://169.254.169.254/latest/meta-data/", trust::refused},
        {"private", "https://172.16.0.1/b", trust::refused},
        {"private", "https://192.168.1.1/b", trust::refused},
        {"private", "https://224.0.0.1/b", trust::refused},
        {"private", "https://255.255.255.255/b", trust::refused},
        {"private", "https://[fd00::1]/b", trust::refused},
        {"private", "https://[ff02::1]/b", trust::refused},
        {"token in the link", "https://other.example/b?t=" + canary, trust::refused},
        {"token in the link", "https://" + canary + ".example/b", trust::refused},
    };
    return list;
}

/// Scripted connections behind the guard that real ones have, perhaps through a proxy.
class guarded_connector final : public connector {
public:
    guarded_connector(std::shared_ptr<scripted_connector> inside, origin endpoint, proxy via)
        : inside_(std::move(inside)), guard_(std::move(endpoint)), via_(std::move(via)) {}

    task<std::unique_ptr<byte_stream>> connect(origin where) override {
        guard_.check_literal(where);
        if (via_.none()) co_return co_await inside_->connect(where);
        std::unique_ptr<byte_stream> stream = co_await inside_->connect(via_.where());
        co_return co_await detail::open_tunnel(std::move(stream), via_, where);
    }

private:
    std::shared_ptr<scripted_connector> inside_;
    address_guard guard_;
    proxy via_;
};

/// One case: a session, what its servers do, and at the end the search for the token.
struct one_case {
    explicit one_case(const std::string& endpoint = "https://hub.example", proxy via = proxy())
        : where(url::parse(endpoint)->origin()),
          session(settings_for(where), seams.get(), std::make_shared<guarded_connector>(network, where, std::move(via)),
                  memory_budget(), retry_policy(attempts(2))) {}

    static hub_settings settings_for(const origin& endpoint) {
        hub_settings settings(endpoint, "");
        settings.token(secret(canary), "HF_TOKEN");
        return settings;
    }

    script& server() { return network->next(); }

    /// Runs `work`; gives the kind of its error, or none.
    errc run(task<void> work) {
        std::optional<std::exception_ptr> outcome;
        initiate(context.get_executor(), std::move(work), [&](std::exception_ptr end) { outcome = end; });
        run_virtual(context, *seams.clock);
        REQUIRE(outcome);
        if (!*outcome) return errc();
        text = describe(*outcome);
        try {
            std::rethrow_exception(*outcome);
        } catch (const error& failure) {
            return failure.kind();
        }
    }

    /// The token stands in the Authorization field of requests to the configured origin, and nowhere else: neither
    /// plain nor in base64, in no byte on the wire, no line of the log or the trace, no error.
    void search() const {
        for (const auto& peer : network->peers()) {
            std::string rest = peer->received;
            const std::string field = "\r\nAuthorization: Bearer " + canary + "\r\n";
            if (peer->where == where) {
                for (std::size_t at = 0; (at = rest.find(field)) != std::string::npos;)
                    rest.erase(at, field.size() - 2);
            }
            REQUIRE(clean(rest));
            REQUIRE(rest.find("Cookie:") == std::string::npos);
        }
        for (const std::string& line : seams.log->lines()) REQUIRE(clean(line));
        for (const trace_event& event : session.trace()) REQUIRE(clean(to_string(event)));
        REQUIRE(clean(text));
    }

    static bool clean(const std::string& bytes) {
        static const std::string encoded = to_base64(std::as_bytes(std::span(canary))).substr(0, 20);
        return bytes.find(canary) == std::string::npos && bytes.find(encoded) == std::string::npos;
    }

    std::size_t tokens_sent() const {
        std::size_t count = 0;
        for (const auto& peer : network->peers()) {
            for (std::size_t at = 0; (at = peer->received.find(canary, at)) != std::string::npos; ++at) ++count;
        }
        return count;
    }

    asio::io_context context;
    test_seams seams;
    std::shared_ptr<scripted_connector> network = std::make_shared<scripted_connector>(seams.clock);
    origin where;
    hub_session session;
    std::string text;
};

/// How many cases of each kind there were.
class tally {
public:
    void add(const std::string& kind) { ++counts_[kind]; }
    void print_and_check(const std::string& what, std::size_t least) const {
        std::size_t total = 0;
        std::string table;
        for (const auto& [kind, count] : counts_) {
            table += "\n  " + kind + ": " + std::to_string(count);
            total += count;
        }
        WARN(what << ": " << total << " cases" << table);
        CHECK(total >= least);
    }

private:
    std::map<std::string, std::size_t> counts_;
};

std::string answer(const std::string& status, const std::string& fields, const std::string& body = "{}") {
    return "HTTP/1.1 " + status + "\r\nSet-Cookie: s=" + canary + "; Domain=example\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string redirect(int status, const std::string& place) {
    return answer(std::to_string(status) + " Elsewhere", "Location: " + place + "\r\n");
}

const std::string done = answer("200 OK", "");

http_request request_of(hub_session& session, const std::string& method) {
    const request_class repeatable = method == "GET"   ? request_class::safe
                                     : method == "PUT" ? request_class::idempotent
                                                       : request_class::non_idempotent;
    http_request result = session.request(method, "/a", repeatable);
    result.header("X-Own-Secret", "abc");
    if (method != "GET") result.body("{}", "application/json");
    return result;
}

task<void> ask(hub_session& session, std::string method) {
    http_request request = request_of(session, method);
    co_await session.send(std::move(request), "cannot ask");
}

/// What writes keeps its method and does not leave the Hub's origin.
bool is_followed(int status, const std::string& method, trust place) {
    return method == "GET" || (status >= 307 && place != trust::stranger);
}

/// The endpoint sends the client to `place`, and whoever is there sends it back.
void check_redirect(const named_place& place, int status, const std::string& method) {
    CAPTURE(place.kind, place.text, status, method);
    one_case test;
    const bool followed = is_followed(status, method, place.expected);
    script& home = test.server().expect_request().send(redirect(status, place.text));
    if (place.expected == trust::endpoint) home.expect_request().send(done);
    if (followed && place.expected == trust::stranger) {
        test.server().expect_request().send(redirect(status, "https://hub.example/back"));
        home.expect_request().send(done);
    }
    const errc kind = test.run(ask(test.session, method));
    test.search();
    const auto& peers = test.network->peers();
    if (!followed || place.expected == trust::refused) {
        REQUIRE((kind == errc::protocol_error || (kind == errc::private_address && followed)));
        REQUIRE(peers.size() == 1);
        REQUIRE(test.tokens_sent() == 1);
    } else {
        REQUIRE(kind == errc());
        REQUIRE(test.tokens_sent() == (place.expected == trust::endpoint ? 2 : 1));  // A to B to A gives nothing back
        REQUIRE(peers.size() == (place.expected == trust::endpoint ? 1 : 2));
        for (std::size_t i = 1; i < peers.size(); ++i) {
            REQUIRE(peers[i]->received.find("X-Own-Secret") == std::string::npos);
        }
    }
}

const std::vector<int> redirects{301, 302, 303, 307, 308};
const std::vector<std::string> methods{"GET", "POST", "PUT"};

}  // namespace

TEST_CASE("a redirect takes the token nowhere but to the configured origin") {
    tally cases;
    for (const named_place& place : places()) {
        for (const int status : redirects) {
            for (const std::string& method : methods) {
                check_redirect(place, status, method);
                cases.add(place.kind);
            }
        }
    }
    cases.print_and_check("redirects of a public endpoint", 500);
}

TEST_CASE("an endpoint on this machine may send the client elsewhere, but not its token") {
    tally cases;
    for (const named_place& place : places()) {
        for (const int status : redirects) {
            for (const std::string& method : methods) {
                CAPTURE(place.kind, place.text, status, method);
                one_case test("http://127.0.0.1:8080");
                test.server().expect_request().send(redirect(status, place.text)).expect_request().send(done);
                test.server().expect_request().send(redirect(status, "http://127.0.0.1:8080/back"));
                test.run(ask(test.session, method));
                test.search();
                REQUIRE(test.network->peers().front()->where == test.where);
                cases.add(place.kind);
            }
        }
    }
    cases.print_and_check("redirects of an endpoint on this machine", 500);
}

namespace {

std::string batch_answer(const std::string& upload, const std::string& verify) {
    return answer("200 OK", "",
                  "{\"objects\":[{\"oid\":\"" + oid + "\",\"size\":3,\"actions\":{\"upload\":{\"href\":" +
                      json_quoted(upload) + "},\"verify\":{\"href\":" + json_quoted(verify) + "}}}]}");
}

/// Asks for a link, sends three bytes there, and has them verified.
task<void> store(hub_session& session) {
    std::vector<lfs_object> objects;
    objects.emplace_back(oid, 3);
    std::vector<lfs_plan> plans = co_await lfs_batch(session, repository("a/b"), "main", std::move(objects));
    co_await put_object(session, plans.front().parts().front(), memory_source("abc"));
    co_await verify_object(session, plans.front());
}

/// A link of the server's answer must be a whole URL.
trust trust_in_link(const named_place& place) {
    const bool whole = url::parse(place.text).has_value();
    return whole ? place.expected : trust::refused;
}

}  // namespace

TEST_CASE("links for large files take the token nowhere but to the configured origin") {
    tally cases;
    for (const named_place& place : places()) {
        for (const std::string link : {"upload", "verify"}) {
            CAPTURE(place.kind, place.text, link);
            one_case test;
            const bool uploads = link == "upload";
            const std::string good = uploads ? "https://hub.example/verify" : "https://store.example/o";
            script& home = test.server().expect_request().send(uploads ? batch_answer(place.text, good)
                                                                       : batch_answer(good, place.text));
            const trust expected = trust_in_link(place);
            const bool at_home = expected == trust::endpoint;
            if (!uploads) test.server().expect_request().send(done);
            if (at_home) {
                home.expect_request().send(done);
            } else {
                test.server().expect_request().send(done);
            }
            if (uploads) home.expect_request().send(done);
            const errc kind = test.run(store(test.session));
            test.search();
            if (expected == trust::refused) {
                REQUIRE((kind == errc::protocol_error || kind == errc::private_address));
                REQUIRE(test.tokens_sent() == 1);
            } else {
                REQUIRE(kind == errc());
                // for the batch, and for a verification at home; never for content
                REQUIRE(test.tokens_sent() == (uploads || at_home ? 2 : 1));
            }
            cases.add(link + ", " + place.kind);
        }
    }
    cases.print_and_check("links for large files", 150);
}

TEST_CASE("a storage sends the client on without a token") {
    tally cases;
    for (const named_place& place : places()) {
        if (place.text.find(canary) != std::string::npos) continue;  // a storage does not know it
        for (const int status : redirects) {
            CAPTURE(place.kind, place.text, status);
            one_case test;
            script& home = test.server().expect_request().send(
                batch_answer("https://store.example/o", "https://hub.example/verify"));
            test.server().expect_request().send(redirect(status, place.text)).expect_request().send(done);
            if (place.expected != trust::endpoint) test.server().expect_request().send(done);
            home.expect_request().send(done).expect_request().send(done);
            test.run(store(test.session));
            test.search();
            REQUIRE(test.tokens_sent() <= 2);
            cases.add(place.kind);
        }
    }
    cases.print_and_check("redirects of a storage", 300);
}

TEST_CASE("the link to the next page takes the token nowhere but to the configured origin") {
    tally cases;
    for (const named_place& place : places()) {
        CAPTURE(place.kind, place.text);
        one_case test;
        test.server()
            .expect_request()
            .send(answer("200 OK", "Link: <" + place.text + ">; rel=\"next\"\r\n", "[]"))
            .expect_request()
            .send(answer("200 OK", "", "[]"));
        const auto list = [](hub_session& session) -> task<void> {
            tree_listing listing(session, repository("a/b"), "main");
            while (co_await listing.next()) {
            }
        };
        const errc kind = test.run(list(test.session));
        test.search();
        REQUIRE(test.network->peers().size() == 1);
        REQUIRE(kind == (place.expected == trust::endpoint ? errc() : errc::protocol_error));
        REQUIRE(test.tokens_sent() == (place.expected == trust::endpoint ? 2 : 1));
        cases.add(place.kind);
    }
    cases.print_and_check("links to the next page", 50);
}

namespace {

const std::vector<std::string>& challenges() {
    static const std::vector<std::string> list{
        "",
        "Bearer",
        "Bearer realm=\"https://evil.example/token\",service=\"hub\"",
        "Basic realm=\"hub\"",
        "Digest realm=\"hub\", nonce=\"x\", qop=\"auth\"",
        "Negotiate",
        "NTLM TlRMTVNTUAACAAAA",
        "Basic realm=\"" + canary + "\"",
        "Basic realm=\"a\", Bearer realm=\"b\"",
        std::string(4000, 'x'),
    };
    return list;
}

}  // namespace

TEST_CASE("no challenge makes the client say the token again, or anything else") {
    tally cases;
    for (const std::string& challenge : challenges()) {
        for (const std::string status : {"401 Unauthorized", "403 Forbidden", "407 Proxy Authentication Required"}) {
            for (const std::string field : {"WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info"}) {
                CAPTURE(challenge.substr(0, 60), status, field);
                // Who was told the token may repeat it; who was not cannot.
                const auto refusal = [&](const std::string& said) {
                    return answer(status,
                                  field + ": " + challenge + "\r\nX-Request-Id: " + said + "\r\nX-Error-Message: bad " +
                                      said + "\r\n",
                                  "{\"error\":\"the token " + said + " is not valid\"}");
                };
                for (const std::string& method : methods) {
                    one_case test;
                    test.server().expect_request().send(refusal(canary));
                    REQUIRE(test.run(ask(test.session, method)) != errc());
                    test.search();
                    REQUIRE(test.tokens_sent() == 1);
                    REQUIRE(test.network->peers().size() == 1);
                    cases.add("from the hub, " + status.substr(0, 3));
                }
                one_case stored;
                stored.server().expect_request().send(
                    batch_answer("https://store.example/o", "https://hub.example/verify"));
                stored.server().expect_request().send(refusal("x"));
                REQUIRE(stored.run(store(stored.session)) != errc());
                stored.search();
                REQUIRE(stored.tokens_sent() == 1);
                cases.add("from the storage, " + status.substr(0, 3));

                one_case proxied("https://hub.example", proxy("http://u:hf_canary_password@proxy.example:3128"));
                proxied.server().expect_request().send(refusal("hf_canary_password"));
                REQUIRE(proxied.run(ask(proxied.session, "GET")) == errc::proxy_failed);
                proxied.search();
                REQUIRE(proxied.tokens_sent() == 0);
                REQUIRE(proxied.text.find("hf_canary") == std::string::npos);
                cases.add("from the proxy, " + status.substr(0, 3));
            }
        }
    }
    cases.print_and_check("challenges", 100);
}

namespace {

task<void> ask_about_one_file(hub_session& session) {
    std::vector<preupload_question> questions;
    questions.emplace_back("a", 3, as_bytes("abc"));
    const preupload_rules rules;
    co_await preupload(session, repository("a/b"), "main", std::move(questions), rules, false);
}

std::string object_answer(const std::string& id, const std::string& size, const std::string& rest) {
    return "{\"oid\":" + json_quoted(id) + ",\"size\":" + size + rest + "}";
}

}  // namespace

TEST_CASE("no part of an answer that makes no sense is repeated in the error about it") {
    const std::string upload = ",\"actions\":{\"upload\":{\"href\":\"https://store.example/o\"}}";
    const std::string failed = ",\"error\":{\"code\":422,\"message\":\"bad " + canary + "\"}";
    const std::string object = object_answer(oid, "3", upload);
    const std::string named = object_answer(canary, "3", upload);
    const std::vector<std::string> batches{
        "{\"transfer\":\"" + canary + "\",\"objects\":[" + object + "]}",
        "{\"objects\":[" + named + "," + named + "]}",
        "{\"objects\":[" + object + "," + named + "]}",
        "{\"objects\":[" + object_answer(oid, "3", failed) + "]}",
        "{\"objects\":\"" + canary + "\"}",
    };
    for (const std::string& body : batches) {
        one_case test;
        test.server().expect_request().send(answer("200 OK", "", body));
        CAPTURE(body);
        CHECK(test.run(store(test.session)) != errc());
        test.search();
        // Nor the beginning of it, where a text is cut.
        CHECK(test.text.find(canary.substr(0, 12)) == std::string::npos);
    }
    one_case strange;
    strange.server().expect_request().send(answer("300 Choices", "", "{\"error\":\"" + canary + "\"}"));
    CHECK(strange.run(ask(strange.session, "GET")) == errc::protocol_error);
    strange.search();

    // A storage at the endpoint itself: its requests have no token, and it may know it all the same.
    one_case stored;
    stored.server()
        .expect_request()
        .send(batch_answer("https://hub.example/o", "https://hub.example/verify"))
        .expect_request()
        .send(answer("403 Forbidden", "X-Error-Message: " + canary + "\r\n", "{\"error\":\"" + canary + "\"}"));
    CHECK(stored.run(store(stored.session)) == errc::forbidden);
    stored.search();

    one_case asked;
    asked.server().expect_request().send(
        answer("200 OK", "", "{\"files\":[{\"path\":\"a\",\"uploadMode\":\"" + canary + "\"}]}"));
    CHECK(asked.run(ask_about_one_file(asked.session)) == errc::protocol_error);
    asked.search();
}
