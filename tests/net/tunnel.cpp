#include <hubpush/net/tunnel.hpp>

#include "catch.hpp"
#include "proxy_environment.hpp"
#include "scripted_stream.hpp"
#include "shell.hpp"
#include "test_seams.hpp"
#include "tiny_proxy.hpp"

#include <hubpush/core/budget.hpp>
#include <hubpush/net/http_client.hpp>
#include <hubpush/net/http_exchange.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

const std::string canary = "hf_canary_tunnel";
const std::string password = "hf_canary_password";
const std::string opened = "HTTP/1.1 200 Connection established\r\n\r\n";
const std::string request_of_tunnel =
    "CONNECT hub.example:443 HTTP/1.1\r\nHost: hub.example:443\r\nProxy-Authorization: Basic "
    "dTpoZl9jYW5hcnlfcGFzc3dvcmQ=\r\n\r\n";

struct dialogue_outcome {
    bool ended = false;
    bool tunnel = false;
    errc kind = errc();
    bool retryable = false;
    std::string text;
};

/// One dialogue with a scripted proxy, in virtual time.
dialogue_outcome talk(const std::function<void(script&)>& write, std::size_t cancel_at = 0,
                      std::size_t* operations = nullptr) {
    test_seams seams;
    asio::io_context context;
    asio::cancellation_signal stop;
    const auto network = std::make_shared<scripted_connector>(seams.clock);
    write(network->next());
    if (cancel_at != 0) {
        network->on_operation([&](std::size_t number) {
            if (number == cancel_at) stop.emit(asio::cancellation_type::total);
        });
    }
    const auto work = [](std::shared_ptr<connector> from) -> task<std::unique_ptr<byte_stream>> {
        const proxy via("http://u:" + password + "@squid.example:3128", "HTTPS_PROXY", errc::bad_environment);
        std::unique_ptr<byte_stream> stream = co_await from->connect(via.where());
        co_return co_await detail::open_tunnel(std::move(stream), via, origin("https", "hub.example", 443));
    };
    dialogue_outcome result;
    initiate(context.get_executor(), work(network),
             asio::bind_cancellation_slot(
                 stop.slot(), [&](const std::exception_ptr& failure, const std::unique_ptr<byte_stream>& stream) {
                     result.ended = true;
                     result.tunnel = stream != nullptr;
                     if (!failure) return;
                     result.text = describe(failure);
                     try {
                         std::rethrow_exception(failure);
                     } catch (const error& ours) {
                         result.kind = ours.kind();
                         result.retryable = ours.retryable();
                         CHECK((result.kind == errc::cancelled || !ours.reached_server()));
                     }
                 }));
    run_virtual(context, *seams.clock);
    CHECK(network->open() == 0);
    CHECK(result.text.find(password) == std::string::npos);
    CHECK(result.text.find("dTpoZl9jYW5hcnl") == std::string::npos);
    if (operations != nullptr) *operations = network->operations();
    for (const auto& peer : network->peers()) CHECK(peer->mismatch.empty());
    return result;
}

}  // namespace

TEST_CASE("a proxy that says yes, in any form of yes, opens a tunnel") {
    const std::string reply =
        GENERATE(values<std::string>({opened, "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 299 \r\nConnection: close\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n",
                                      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n\r\n"}));
    CAPTURE(reply);
    const std::size_t piece = GENERATE(1U, 7U, 10'000U);
    const dialogue_outcome result =
        talk([&](script& one) { one.piecewise(piece).expect(request_of_tunnel).send(reply); });
    CHECK(result.text.empty());
    CHECK(result.tunnel);
}

TEST_CASE("a proxy that does not open a tunnel is told by its name and by the variable that named it") {
    const auto [reply, kind] = GENERATE(table<std::string, errc>({
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno", errc::proxy_failed},
        {"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nConnection: close\r\n\r\n", errc::proxy_failed},
        {"HTTP/1.1 403 Forbidden\r\n\r\n<html>", errc::proxy_failed},
        {"HTTP/1.1 301 Moved\r\nLocation: http://evil.example/\r\n\r\n", errc::proxy_failed},
        {"HTTP/1.1 502 Bad Gateway\r\n\r\n", errc::transport},
        {"HTTP/1.1 504 Timeout\r\n\r\n", errc::transport},
        {opened + "x", errc::protocol_error},
        {opened + opened, errc::protocol_error},
        {"SSH-2.0-OpenSSH_9.2\r\n", errc::protocol_error},
        {"\x15\x03\x01\x00\x02\x02\x16", errc::protocol_error},
        {"HTTP/2.0 200 OK\r\n\r\n", errc::protocol_error},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", errc::protocol_error},
        {"HTTP/1.1 200 OK\nno carriage return\n\n", errc::protocol_error},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n", errc::limit_exceeded},
    }));
    CAPTURE(reply.substr(0, 60));
    const dialogue_outcome result = talk([&](script& one) { one.expect(request_of_tunnel).send(reply).close(); });
    CHECK_FALSE(result.tunnel);
    CHECK(result.kind == kind);
    CHECK(result.retryable == (kind == errc::transport));
    CHECK(result.text.find("the proxy http://squid.example:3128 (from HTTPS_PROXY)") == 0);
}

TEST_CASE("more interim answers than eight are no answer") {
    std::string flood;
    for (int i = 0; i < 9; ++i) flood += "HTTP/1.1 103 Early Hints\r\n\r\n";
    CHECK(talk([&](script& one) { one.expect_request().send(flood + opened); }).kind == errc::limit_exceeded);
}

TEST_CASE("an answer that is cut at any byte opens nothing") {
    const bool reset = GENERATE(true, false);
    for (std::size_t length = 0; length < opened.size(); ++length) {
        CAPTURE(length, reset);
        const dialogue_outcome result = talk([&](script& one) {
            one.expect_request().send(opened.substr(0, length));
            if (reset) one.reset();
            if (!reset) one.close();
        });
        REQUIRE_FALSE(result.tunnel);
        REQUIRE(result.kind == errc::transport);
        REQUIRE(result.retryable);
    }
}

TEST_CASE("a proxy that breaks off while it is asked opens nothing") {
    for (std::size_t length = 0; length < request_of_tunnel.size(); ++length) {
        CAPTURE(length);
        const dialogue_outcome result =
            talk([&](script& one) { one.piecewise(1 + length % 5).expect_bytes(length).reset(); });
        REQUIRE_FALSE(result.tunnel);
        REQUIRE(result.kind == errc::transport);
    }
}

TEST_CASE("the dialogue can be cancelled at every operation") {
    std::size_t operations = 0;
    const auto write = [](script& one) { one.piecewise(20).expect(request_of_tunnel).send(opened); };
    REQUIRE(talk(write, 0, &operations).tunnel);
    REQUIRE(operations > 5);
    for (std::size_t stopping = 1; stopping <= operations; ++stopping) {
        CAPTURE(stopping);
        REQUIRE(talk(write, stopping).kind == errc::cancelled);
    }
}

// On sockets.

namespace {

/// A TLS server, a proxy in front of it, and a client that knows only the proxy.
struct proxied_world {
    asio::io_context context;
    temporary_folder folder;
    identity authority = make_identity(authority_wish());
    identity server = make_identity(certificate_wish(), &authority);
    identity proxy_identity = make_identity(named("IP:127.0.0.1"), &authority);
    std::string authorities = folder.write("authority.pem", authority.pem());
    tcp::acceptor target{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::shared_ptr<tiny_proxy> between =
        std::make_shared<tiny_proxy>(context.get_executor(), target.local_endpoint().port());
    std::shared_ptr<capturing_log> log = std::make_shared<capturing_log>();
    server_record record;
    http_response reply;
    std::string text;
    std::string hint;
    errc kind = errc();
    std::vector<trace_event> trace;

    /// One request with a token through `proxies`; no name has an address but for the proxy.
    void send(proxy_settings proxies, const std::string& address = "https://hub.example/api/x", int tries = 1) {
        const auto names = std::make_shared<table_resolver>(resolver::addresses{});
        const auto network = network_connector(real_time_seams(log), tls_options(authorities, "SSL_CERT_FILE"), names,
                                               std::move(proxies));
        http_client client(real_time_seams(log), network, memory_budget(),
                           retry_policy(attempts(tries), backoff(1ms, 1ms)));
        http_request request("GET", url::parse(address).value(), request_class::safe);
        request.bearer(request.target().origin(), secret(canary)).allow_plain_http();
        server_plan plan;
        plan.answers = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        if (url::parse(address)->origin().secure())
            initiate(context.get_executor(), serve(target, server, plan, record), [](std::exception_ptr) {});
        initiate(context.get_executor(), between->run(), [](std::exception_ptr) {});
        bool ended = false;
        initiate(context.get_executor(), client.send(request),
                 [&](const std::exception_ptr& failure, http_response got) {
                     ended = true;
                     reply = std::move(got);
                     if (failure) text = describe(failure);
                     try {
                         if (failure) std::rethrow_exception(failure);
                     } catch (const error& ours) {
                         kind = ours.kind();
                         hint = ours.hint();
                     }
                     trace = client.trace();
                     target.close();
                     between->acceptor.close();
                 });
        while (!ended && context.run_one_for(60s) != 0) {
        }
        REQUIRE(ended);
        for (const std::string& line : log->lines()) check_clean(line);
        for (const trace_event& event : trace) check_clean(to_string(event));
        check_clean(text);
        for (const std::string& head : between->heads) CHECK(head.find(canary) == std::string::npos);
    }

    static void check_clean(const std::string& line) {
        CHECK(line.find("hf_canary") == std::string::npos);
        CHECK(line.find("dTpoZl9jYW5hcnl") == std::string::npos);  // the password in base64
    }
    proxy over(const std::string& scheme) const {
        return proxy(scheme + "://u:" + password + "@127.0.0.1:" + std::to_string(between->port()), "HTTPS_PROXY",
                     errc::bad_environment);
    }
};

}  // namespace

TEST_CASE("a request over TLS goes through a proxy that sees neither token nor request") {
    proxied_world world;
    const std::string scheme = GENERATE("http", "https");
    if (scheme == "https") world.between->shows = &world.proxy_identity;
    world.send(proxy_settings(world.over(scheme)));
    CHECK(world.text.empty());
    CHECK(world.reply.body() == "ok");
    CHECK(world.record.server_name == "hub.example");
    REQUIRE(world.between->heads.size() == 1);
    CHECK(world.between->heads.front() == request_of_tunnel);
    CHECK(world.between->passed.size() > 1000);
    CHECK(world.between->passed.find("/api/x") == std::string::npos);
    CHECK(world.between->passed.find(canary) == std::string::npos);
}

TEST_CASE("a proxy that wants another password is a final error with its name") {
    proxied_world world;
    world.between->answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    world.send(proxy_settings(world.over("http")), "https://hub.example/api/x", 5);
    CHECK(world.kind == errc::proxy_failed);
    CHECK(world.text.find("the proxy http://127.0.0.1:" + std::to_string(world.between->port()) +
                          " (from HTTPS_PROXY) wants a user and a password") != std::string::npos);
    CHECK(world.hint == "set HTTPS_PROXY to http://user:password@host:port");
    CHECK(world.between->heads.size() == 1);  // not asked again
}

TEST_CASE("a proxy where nobody listens, or that speaks no TLS though it should, is told as the proxy's fault") {
    proxied_world world;
    proxy via = world.over("http");
    SECTION("nobody listens") {
        world.between->acceptor.close();
        world.between = std::make_shared<tiny_proxy>(world.context.get_executor(), 1);
        world.send(proxy_settings(via));
        CHECK(world.kind == errc::transport);
        CHECK(world.hint == "check the address of the proxy in HTTPS_PROXY");
    }
    SECTION("no TLS") {
        world.between->speaks_first = true;
        world.between->answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
        via = world.over("https");
        world.send(proxy_settings(via));
        CHECK(world.kind == errc::tls_failed);
    }
    SECTION("a certificate for somebody else") {
        world.between->shows = &world.server;
        via = world.over("https");
        world.send(proxy_settings(via));
        CHECK(world.kind == errc::tls_failed);
        CHECK(world.between->heads.empty());
    }
    CHECK(world.text.find(detail::name_of(via)) == 0);
}

TEST_CASE("the environment chooses: the proxy for all hosts but those of NO_PROXY") {
    proxied_world world;
    proxy_environment variables;
    variables.set("https_proxy", "http://u:" + password + "@127.0.0.1:" + std::to_string(world.between->port()));
    SECTION("through it") {
        world.send(proxy_settings::from_environment());
        CHECK(world.reply.body() == "ok");
        CHECK(world.between->heads.size() == 1);
    }
    SECTION("past it") {
        variables.set("no_proxy", "127.0.0.1");
        world.server = make_identity(named("IP:127.0.0.1"), &world.authority);
        world.send(proxy_settings::from_environment(),
                   "https://127.0.0.1:" + std::to_string(world.target.local_endpoint().port()) + "/");
        CHECK(world.reply.body() == "ok");
        CHECK(world.between->heads.empty());
    }
}

TEST_CASE("a proxy that says nothing is given up after the time that a connection may take, in virtual time") {
    test_seams seams;
    asio::io_context context;
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const proxy via("127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()));
    const auto names = std::make_shared<table_resolver>(resolver::addresses{});
    const auto network = network_connector(seams.get(), tls_options(), names, proxy_settings(via));
    errc kind{};
    std::string text;
    initiate(context.get_executor(), network->connect(origin("http", "hub.example", 80)),
             [&](const std::exception_ptr& failure, std::unique_ptr<byte_stream>) {
                 text = describe(failure);
                 kind = detail::kind_of(failure);
             });
    tcp::socket peer(context);
    std::string head;
    bool asked = false;
    acceptor.async_accept(peer, [&](std::error_code) {
        asio::async_read_until(peer, asio::dynamic_buffer(head), "\r\n\r\n",
                               [&](std::error_code, std::size_t) { asked = true; });
    });
    while (!asked && context.run_one_for(20s) != 0) {
    }
    REQUIRE(asked);
    run_virtual(context, *seams.clock);
    CHECK(kind == errc::timed_out);
    CHECK(seams.clock->elapsed() == connect_limit);
    CHECK(text.find(detail::name_of(via)) == 0);
}

TEST_CASE("no connection reaches a program that this process starts") {
    asio::io_context context;
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto names = std::make_shared<table_resolver>(resolver::addresses{acceptor.local_endpoint()});
    const auto network = network_connector(seams(), tls_options(), names);
    std::unique_ptr<byte_stream> stream;
    const auto sockets = [] {
        return shell_lines("ls -l /proc/" + std::to_string(::getpid()) + "/fd | grep -o 'socket:.*' || true");
    };
    const std::vector<std::string> before = sockets();
    initiate(context.get_executor(), network->connect(origin("http", "hub.example", 80)),
             [&](std::exception_ptr, std::unique_ptr<byte_stream> made) { stream = std::move(made); });
    context.run_for(10s);
    REQUIRE(stream);
    std::string own;
    for (const std::string& each : sockets()) {
        if (std::find(before.begin(), before.end(), each) == before.end()) own = each;
    }
    REQUIRE_FALSE(own.empty());
    CHECK(shell("ls -l /proc/self/fd").find(own) == std::string::npos);
}
