#include <hubpush/net/tls_options.hpp>

#include "catch.hpp"
#include "test_seams.hpp"
#include "tls_server.hpp"

#include <hubpush/core/budget.hpp>
#include <hubpush/net/http_client.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stdlib.h>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;
using asio::ip::tcp;

// Certificates that must not be believed, each by a real handshake (spec/reliability.md TLS01 to TLS04, TLS14).

namespace {

const std::string canary = "hf_canary_certificates";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// What one bad server shows.
struct shown {
    identity leaf;
    std::vector<std::unique_ptr<identity>> between;
};

struct bad_certificate {
    std::string what;
    std::string reason;  ///< part of the message
    std::function<shown(const identity& authority)> make;
    std::string host = "hub.example";
    int newest_version = TLS1_3_VERSION;
    std::string protocol = {};
};

shown only(identity leaf) {
    shown result{std::move(leaf), {}};
    return result;
}

/// A wish with one thing wrong.
template <class Change>
bad_certificate one_thing(std::string what, std::string reason, Change change, std::string host = "hub.example") {
    const auto make = [change](const identity& authority) {
        certificate_wish wish;
        change(wish);
        return only(make_identity(wish, &authority));
    };
    bad_certificate result{std::move(what), std::move(reason), make, std::move(host), TLS1_3_VERSION, ""};
    return result;
}

/// A good certificate below a chain of authorities that the changes make wrong, the first one nearest to the root.
bad_certificate chained(std::string what, std::string reason,
                        std::vector<std::function<void(certificate_wish&)>> changes) {
    const auto make = [changes = std::move(changes)](const identity& authority) {
        shown result{identity(), {}};
        const identity* issuer = &authority;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            certificate_wish wish = authority_wish("Authority Between " + std::to_string(i));
            changes[i](wish);
            result.between.push_back(std::make_unique<identity>(make_identity(wish, issuer)));
            issuer = result.between.back().get();
        }
        result.leaf = make_identity(certificate_wish(), issuer);
        return result;
    };
    bad_certificate result{std::move(what), std::move(reason), make, "hub.example", TLS1_3_VERSION, ""};
    return result;
}

using wish = certificate_wish;

std::vector<bad_certificate> untrusted() {
    return {
        {"unknown issuer", "unable to get local issuer certificate",
         [](const identity&) {
             const identity stranger = make_identity(authority_wish("Stranger"));
             return only(make_identity(certificate_wish(), &stranger));
         }},
        {"self-signed", "self-signed certificate",
         [](const identity&) { return only(make_identity(certificate_wish())); }},
        {"a chain from a strange root, root included", "self-signed certificate in certificate chain",
         [](const identity&) {
             auto root = std::make_unique<identity>(make_identity(authority_wish("Strange Root")));
             shown result{make_identity(certificate_wish(), root.get()), {}};
             result.between.push_back(std::move(root));
             return result;
         }},
        {"issued by one who only has the authority's name", "certificate signature failure",
         [](const identity&) {
             const identity impostor = make_identity(authority_wish());
             return only(make_identity(certificate_wish(), &impostor));
         }},
        {"its intermediate is not shown", "unable to get local issuer certificate",
         [](const identity& authority) {
             const identity between = make_identity(authority_wish("Between"), &authority);
             return only(make_identity(certificate_wish(), &between));
         }},
    };
}

std::vector<bad_certificate> wrong_by_themselves() {
    return {
        one_thing("expired", "certificate has expired", [](wish& one) { one.begins = -2h, one.ends = -1h; }),
        one_thing("not yet valid", "certificate is not yet valid", [](wish& one) { one.begins = 1h, one.ends = 2h; }),
        one_thing("for clients only", "unsuitable certificate purpose", [](wish& one) { one.usage = "clientAuth"; }),
        one_thing("its key may sign lists only", "unsuitable certificate purpose",
                  [](wish& one) { one.key_usage = "critical,cRLSign"; }),
        one_thing("an unknown critical extension", "unhandled critical extension",
                  [](wish& one) { one.unknown_extension = true; }),
        one_thing("an RSA key of 1024 bits", "key too weak", [](wish& one) { one.rsa_bits = 1024; }),
        one_thing("signed with SHA-1", "digest algorithm too weak", [](wish& one) { one.digest = EVP_sha1(); }),
    };
}

std::vector<bad_certificate> wrong_names() {
    const auto with = [](std::string names) { return [names](wish& one) { one.names = names; }; };
    return {
        one_thing("another host", "ostname mismatch", with("DNS:other.example")),
        one_thing("the common name only", "ostname mismatch", with("")),
        one_thing("a wildcard for the name itself", "ostname mismatch", with("DNS:*.hub.example")),
        one_thing("deeper than the wildcard", "ostname mismatch", with("DNS:*.hub.example"), "b.a.hub.example"),
        one_thing("part of a wildcard", "ostname mismatch", with("DNS:h*.example")),
        one_thing("a wildcard in the middle", "ostname mismatch", with("DNS:a.*.example"), "a.hub.example"),
        one_thing("a wildcard for everything", "ostname mismatch", with("DNS:*")),
        one_thing("the end of the name", "ostname mismatch", with("DNS:example")),
        one_thing("the name at the front of another", "ostname mismatch", with("DNS:hub.example.evil")),
        one_thing("a dot at the end of the host", "ostname mismatch", with("DNS:other.example"), "hub.example."),
        one_thing("an address in the place of a name", "ostname mismatch", with("IP:127.0.0.1")),
        one_thing("a name in the place of an address", "IP address mismatch", with("DNS:127.0.0.1"), "127.0.0.1"),
        one_thing("another address", "IP address mismatch", with("IP:127.0.0.2"), "127.0.0.1"),
        one_thing("a mail address", "ostname mismatch", with("email:hub@hub.example")),
        one_thing("a URI", "ostname mismatch", with("URI:https://hub.example")),
        one_thing("a zero byte behind the name", "ostname mismatch",
                  [](wish& one) {
                      one.names.clear();
                      one.raw_name = std::string_view("hub.example\0.evil.example", 25);
                  }),
    };
}

std::vector<bad_certificate> wrong_chains() {
    const auto fine = [](wish&) {};
    return {
        chained("an intermediate that is no authority", "invalid CA certificate",
                {[](wish& one) { one.authority = false; }}),
        chained("an intermediate whose key may not sign certificates", "CA certificate",
                {[](wish& one) { one.key_usage = "critical,digitalSignature"; }}),
        chained("a chain longer than its root allows", "path length constraint exceeded",
                {[](wish& one) { one.constraints = "critical,CA:TRUE,pathlen:0"; }, fine}),
        chained("a name outside of what its issuer may name", "permitted subtree violation",
                {[](wish& one) { one.name_constraints = "critical,permitted;DNS:other.example"; }}),
        chained("a name that its issuer must not name", "excluded subtree violation",
                {[](wish& one) { one.name_constraints = "critical,excluded;DNS:hub.example"; }}),
        chained("an expired intermediate", "certificate has expired",
                {[](wish& one) { one.begins = -2h, one.ends = -1h; }}),
        chained("an intermediate with a weak key", "key too weak", {[](wish& one) { one.rsa_bits = 1024; }}),
        chained("an intermediate signed with SHA-1", "digest algorithm too weak",
                {[](wish& one) { one.digest = EVP_sha1(); }}),
        chained("an intermediate for clients only", "unsuitable certificate purpose",
                {[](wish& one) { one.usage = "clientAuth"; }}),
    };
}

/// Good certificates of servers that speak something too old or too new.
std::vector<bad_certificate> wrong_protocols() {
    const auto good = [](const identity& authority) { return only(make_identity(certificate_wish(), &authority)); };
    return {
        {"TLS 1.1 at best", "no TLS with", good, "hub.example", TLS1_1_VERSION, ""},
        {"TLS 1.0 at best", "no TLS with", good, "hub.example", TLS1_VERSION, ""},
        {"HTTP/2, which was not offered", "", good, "hub.example", TLS1_3_VERSION, "h2"},
    };
}

struct visit {
    errc kind = errc();
    std::string text;
    std::string hint;
    bool reached = true;
    bool came_again = false;
    std::string reply;
    std::vector<trace_event> trace;
    server_record server;
};

/// One request with a token, which may be repeated, to a server with this certificate.
visit ask(const shown& server, const server_plan& behaviour, const std::string& host, const tls_options& trust) {
    asio::io_context context;
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto names = std::make_shared<table_resolver>(resolver::addresses{acceptor.local_endpoint()});
    http_client client(seams(), network_connector(seams(), trust, names), memory_budget(),
                       retry_policy(attempts(4), backoff(1ms, 1ms)));
    http_request request("GET", url(origin("https", host, acceptor.local_endpoint().port()), "/"), request_class::safe);
    request.bearer(request.target().origin(), secret(canary));
    visit result;
    server_plan plan = behaviour;
    for (const auto& each : server.between) plan.between.push_back(each.get());
    initiate(context.get_executor(), serve(acceptor, server.leaf, plan, result.server), [](std::exception_ptr) {});
    bool ended = false;
    initiate(context.get_executor(), client.send(request), [&](const std::exception_ptr& failure, http_response reply) {
        ended = true;
        result.reply = reply.body();
        result.trace = client.trace();
        acceptor.non_blocking(true);
        std::error_code none;
        acceptor.accept(none);
        result.came_again = !none;
        acceptor.close();
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const error& ours) {
            result.kind = ours.kind();
            result.text = ours.what();
            result.hint = ours.hint();
            result.reached = ours.reached_server();
        }
    });
    while (!ended && context.run_one_for(30s) != 0) {
    }
    REQUIRE(ended);
    context.run_for(10ms);  // whatever the client has sent
    return result;
}

struct trusting_world {
    identity authority = make_identity(authority_wish());
    temporary_folder folder;
    std::string file = folder.write("authority.pem", authority.pem());

    visit meet(const bad_certificate& bad) const {
        server_plan plan;
        plan.newest_version = bad.newest_version;
        plan.protocol = bad.protocol;
        plan.answers = ok;
        return ask(bad.make(authority), plan, bad.host, tls_options(file, "SSL_CERT_FILE"));
    }
    /// A server in order, and whatever the environment trusts.
    visit meet_by_environment() const {
        server_plan plan;
        plan.answers = ok;
        return ask(only(make_identity(certificate_wish(), &authority)), plan, "hub.example",
                   tls_options::from_environment());
    }
};

void check_refused(const trusting_world& world, const bad_certificate& bad) {
    CAPTURE(bad.what);
    const visit result = world.meet(bad);
    CAPTURE(result.text);
    CHECK(result.kind == errc::tls_failed);
    CHECK(result.text.find(bad.reason) != std::string::npos);
    CHECK(result.text.find("https://" + bad.host) != std::string::npos);
    CHECK(result.text.find(canary) == std::string::npos);
    CHECK_FALSE(result.reached);
    CHECK_FALSE(result.came_again);
    CHECK(result.server.received.empty());
    REQUIRE(result.trace.size() == 1);
    CHECK(result.trace.front().kind() == trace_kind::connection_failed);
}

}  // namespace

TEST_CASE("no bad certificate gets a byte, a second attempt or an error without its reason") {
    const trusting_world world;
    std::size_t count = 0;
    for (const auto& group : {untrusted(), wrong_by_themselves(), wrong_names(), wrong_chains(), wrong_protocols()}) {
        for (const bad_certificate& each : group) {
            check_refused(world, each);
            ++count;
        }
    }
    WARN(count << " bad certificates and servers, each refused");
    CHECK(count >= 15);
}

TEST_CASE("good certificates of every legal form are believed") {
    const trusting_world world;
    const auto good = [](std::string what, auto change, std::string host = "hub.example") {
        return one_thing(std::move(what), "", change, std::move(host));
    };
    for (const bad_certificate& each :
         {good("plain", [](wish&) {}), good("upper case", [](wish& one) { one.names = "DNS:HUB.Example"; }),
          good(
              "wildcard", [](wish& one) { one.names = "DNS:*.hub.example"; }, "a.hub.example"),
          good(
              "address", [](wish& one) { one.names = "IP:127.0.0.1"; }, "127.0.0.1"),
          good("no extended usage", [](wish& one) { one.usage.clear(); }),
          good("RSA", [](wish& one) { one.rsa_bits = 2048; }), chained("an intermediate", "", {[](wish&) {}})}) {
        CAPTURE(each.what);
        const visit result = world.meet(each);
        CHECK(result.reply == "ok");
        CHECK(result.server.received.find(canary) != std::string::npos);
    }
}

TEST_CASE("an unknown issuer is named, and what to do about it") {
    const trusting_world world;
    const visit result = world.meet(untrusted().front());
    CHECK(result.text.find("issued by CN=Stranger") != std::string::npos);
    CHECK(result.text.find("(authorities: SSL_CERT_FILE=" + world.file + ")") != std::string::npos);
    CHECK(result.hint == "if you trust CN=Stranger, let SSL_CERT_FILE name a file of PEM certificates that holds it");
}

TEST_CASE("only roots anchor a chain: an intermediate in the file is not enough") {
    trusting_world world;
    auto between = std::make_unique<identity>(make_identity(authority_wish("Between"), &world.authority));
    world.folder.write("authority.pem", between->pem());
    const visit result = ask(only(make_identity(certificate_wish(), between.get())), server_plan(), "hub.example",
                             tls_options(world.file, "SSL_CERT_FILE"));
    CHECK(result.kind == errc::tls_failed);
    CHECK(result.text.find("unable to get issuer certificate") != std::string::npos);
    CHECK(result.server.received.empty());
}

namespace {

/// The variables that name authorities, none set at first.
struct authority_variables {
    authority_variables() { clear(); }
    ~authority_variables() { clear(); }
    static void clear() {
        for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
            ::unsetenv(name);
    }
};

/// A folder in OpenSSL's layout.
std::string folder_of(const temporary_folder& folder, const identity& authority) {
    std::array<char, 16> name{};
    std::snprintf(name.data(), name.size(), "%08lx.0", X509_subject_name_hash(authority.certificate.get()));
    return folder.write(std::filesystem::path("certificates") / name.data(), authority.pem()).parent_path();
}

}  // namespace

TEST_CASE("each variable that names authorities is honoured by a real handshake, and named when it is wrong") {
    const trusting_world world;
    const authority_variables variables;
    const std::string name = GENERATE("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");
    CAPTURE(name);
    const bool folder = name == "SSL_CERT_DIR";
    ::setenv(name.c_str(), (folder ? folder_of(world.folder, world.authority) : world.file).c_str(), 1);
    const visit right = world.meet_by_environment();
    CHECK(right.reply == "ok");
    CHECK(right.server.handshake_done);

    const identity other = make_identity(authority_wish("Somebody Else"));
    const temporary_folder elsewhere;
    const std::string wrong = folder ? folder_of(elsewhere, other) : elsewhere.write("x.pem", other.pem()).string();
    ::setenv(name.c_str(), wrong.c_str(), 1);
    const visit refused = world.meet_by_environment();
    CHECK(refused.kind == errc::tls_failed);
    CHECK(refused.text.find("issued by CN=Test Authority") != std::string::npos);
    CHECK(refused.text.find(name + "=" + wrong) != std::string::npos);
    CHECK(refused.hint.find("SSL_CERT_FILE") != std::string::npos);
    CHECK(refused.server.received.empty());
}

TEST_CASE("the bundles may be folders, and SSL_CERT_DIR a list of them") {
    const trusting_world world;
    const authority_variables variables;
    const auto [name, before] = GENERATE(table<std::string, std::string>({
        {"REQUESTS_CA_BUNDLE", ""},
        {"CURL_CA_BUNDLE", ""},
        {"SSL_CERT_DIR", "/nowhere:"},
    }));
    CAPTURE(name);
    ::setenv(name.c_str(), (before + folder_of(world.folder, world.authority)).c_str(), 1);
    CHECK(world.meet_by_environment().reply == "ok");
}
