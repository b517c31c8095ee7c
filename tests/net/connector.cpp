#include <hubpush/net/connector.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"
#include "tls_server.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/core/error.hpp>

#include <asio/read.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include <array>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// A name server that never answers.
class silent_resolver final : public resolver {
public:
    task<addresses> resolve(std::string, std::uint16_t) override {
        notifier never(co_await asio::this_coro::executor);
        for (;;) {
            co_await throw_if_cancelled();
            co_await never.wait();
        }
    }
};

struct tls_outcome {
    errc kind = errc();
    std::string text;
    std::string hint;
    bool retryable = false;
    bool reached = false;
    std::string heard;  ///< what the client has read
    server_record server;
};

struct tls_world {
    identity authority = make_identity(authority_wish());
    temporary_folder folder;
    server_plan plan;
    std::string host = "hub.example";
    std::string authorities = folder.write("authority.pem", authority.pem());

    /// Connects, writes "secret", reads to the end if the server says something.
    tls_outcome meet(const identity& server) const;
    tls_outcome meet(const certificate_wish& wish) const { return meet(make_identity(wish, &authority)); }
};

task<void> visit(std::shared_ptr<connector> network, origin where, bool listens, tls_outcome& result) {
    try {
        const std::unique_ptr<byte_stream> stream = co_await network->connect(where);
        co_await write_all(*stream, "secret");
        if (listens) result.heard = co_await read_to_the_end(*stream);
    } catch (const error& failure) {
        result.kind = failure.kind();
        result.text = failure.what();
        result.hint = failure.hint();
        result.retryable = failure.retryable();
        result.reached = failure.reached_server();
    }
}

tls_outcome tls_world::meet(const identity& server) const {
    asio::io_context context;
    tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const auto names = std::make_shared<table_resolver>(resolver::addresses{acceptor.local_endpoint()});
    const auto network = network_connector(seams(), tls_options(authorities, "SSL_CERT_FILE"), names);
    tls_outcome result;
    initiate(context.get_executor(), serve(acceptor, server, plan, result.server), [](std::exception_ptr) {});
    bool ended = false;
    initiate(context.get_executor(),
             visit(network, origin("https", host, acceptor.local_endpoint().port()), !plan.says.empty(), result),
             [&](std::exception_ptr) {
                 ended = true;
                 acceptor.close();
             });
    context.run_for(30s);
    REQUIRE(ended);
    return result;
}

void check_refused(const tls_outcome& result, const std::string& reason) {
    CHECK(result.kind == errc::tls_failed);
    CHECK(result.text.find(reason) != std::string::npos);
    INFO(result.text);
    CHECK_FALSE(result.retryable);
    CHECK_FALSE(result.reached);
    CHECK(result.server.received.empty());
}

}  // namespace

TEST_CASE("a server whose certificate is in order gets the request, with its name and without for an address") {
    tls_world world;
    const tls_outcome by_name = world.meet(certificate_wish());
    CHECK(by_name.text.empty());
    CHECK(by_name.server.received == "secret");
    CHECK(by_name.server.server_name == "hub.example");
    world.host = "127.0.0.1";
    const tls_outcome by_address = world.meet(named("IP:127.0.0.1"));
    CHECK(by_address.server.received == "secret");
    CHECK(by_address.server.server_name == "(none)");
}

TEST_CASE("a certificate from nobody we trust is refused with its reason before a byte is sent") {
    tls_world world;
    check_refused(world.meet(make_identity(certificate_wish())), "self-signed");
    const identity stranger = make_identity(authority_wish());
    check_refused(world.meet(make_identity(certificate_wish(), &stranger)), "certificate");
    CHECK(world.meet(make_identity(certificate_wish())).text.find("SSL_CERT_FILE=" + world.authorities) !=
          std::string::npos);
}

TEST_CASE("a certificate outside its time or for another use is refused") {
    tls_world world;
    certificate_wish wish;
    SECTION("expired") {
        wish.begins = -2h;
        wish.ends = -1h;
        check_refused(world.meet(wish), "expired");
    }
    SECTION("not yet valid") {
        wish.begins = 1h;
        wish.ends = 2h;
        check_refused(world.meet(wish), "not yet valid");
    }
    SECTION("for clients only") {
        wish.usage = "clientAuth";
        check_refused(world.meet(wish), "purpose");
    }
    SECTION("issued by a certificate that is no authority") {
        const identity leaf = make_identity(certificate_wish(), &world.authority);
        CHECK(world.meet(make_identity(certificate_wish(), &leaf)).kind == errc::tls_failed);
    }
}

TEST_CASE("a certificate must carry exactly the name that was asked for") {
    tls_world world;
    SECTION("legal") {
        CHECK(world.meet(named("DNS:other,DNS:HUB.example")).kind == errc());
        world.host = "a.hub.example";
        CHECK(world.meet(named("DNS:*.hub.example")).kind == errc());
    }
    SECTION("illegal") {
        const auto names = GENERATE(values<std::string>({
            "DNS:other.example",
            "DNS:*.hub.example",
            "DNS:h*.example",
            "DNS:example",
            "DNS:*",
            "DNS:*.*",
            "DNS:xhub.example",
            "IP:127.0.0.1",
            "DNS:hub.example.evil",
            "email:hub@hub.example",
            "",
        }));
        CAPTURE(names);
        check_refused(world.meet(named(names)), "ostname mismatch");
    }
    SECTION("deeper than the wildcard") {
        world.host = "b.a.hub.example";
        check_refused(world.meet(named("DNS:*.hub.example")), "ostname mismatch");
    }
    SECTION("an address is not a name") {
        world.host = "127.0.0.1";
        check_refused(world.meet(named("DNS:127.0.0.1")), "IP address mismatch");
        check_refused(world.meet(named("IP:127.0.0.2")), "IP address mismatch");
    }
}

TEST_CASE("authorities that cannot be read fail closed and say which variable named them") {
    tls_world world;
    SECTION("missing") { world.authorities = world.folder.path() / "missing.pem"; }
    SECTION("rubbish") { world.authorities = world.folder.write("rubbish.pem", "not a certificate"); }
    SECTION("empty") { world.authorities = world.folder.write("empty.pem", ""); }
    const tls_outcome result = world.meet(certificate_wish());
    check_refused(result, "SSL_CERT_FILE=" + world.authorities);
    CHECK(result.hint.find("ca-certificates") != std::string::npos);
    CHECK_FALSE(result.server.handshake_done);
}

TEST_CASE("a folder without the right authority trusts nobody") {
    tls_world world;
    world.authorities = world.folder.path();
    check_refused(world.meet(certificate_wish()), "certificate");
}

TEST_CASE("servers that speak only old TLS or only HTTP/2 are refused") {
    tls_world world;
    SECTION("TLS 1.1") {
        world.plan.newest_version = TLS1_1_VERSION;
        check_refused(world.meet(certificate_wish()), "no TLS with");
    }
    SECTION("HTTP/2") {
        world.plan.protocol = "h2";
        check_refused(world.meet(certificate_wish()), "https://hub.example");
    }
    SECTION("HTTP/1.1 is fine") {
        world.plan.protocol = "http/1.1";
        CHECK(world.meet(certificate_wish()).server.received == "secret");
    }
    SECTION("so is TLS 1.2") {
        world.plan.newest_version = TLS1_2_VERSION;
        CHECK(world.meet(certificate_wish()).server.received == "secret");
    }
}

TEST_CASE("an end without close_notify is a broken connection, one with it is an end") {
    tls_world world;
    world.plan.newest_version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    world.plan.says = "hello";
    const tls_outcome cut = world.meet(certificate_wish());
    CHECK(cut.kind == errc::transport);
    world.plan.ends_in_order = true;
    const tls_outcome orderly = world.meet(certificate_wish());
    CHECK(orderly.kind == errc());
    CHECK(orderly.heard == "hello");
}

TEST_CASE("the first variable that is set names the authorities") {
    for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) ::unsetenv(name);
    CHECK(tls_options::from_environment().authorities().empty());
    ::setenv("CURL_CA_BUNDLE", "/a", 1);
    CHECK(tls_options::from_environment().named_by() == "CURL_CA_BUNDLE");
    ::setenv("REQUESTS_CA_BUNDLE", "", 1);
    CHECK(tls_options::from_environment().named_by() == "CURL_CA_BUNDLE");
    ::setenv("SSL_CERT_DIR", "/b", 1);
    ::setenv("SSL_CERT_FILE", "/c", 1);
    CHECK(tls_options::from_environment().authorities() == "/c");
    for (const char* name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) ::unsetenv(name);
}

namespace {

const std::shared_ptr<resolver> no_names = std::make_shared<silent_resolver>();

std::shared_ptr<connector> plain_network(std::shared_ptr<resolver> names = no_names) {
    return network_connector(seams(), tls_options(), std::move(names));
}

origin local(const tcp::acceptor& acceptor) { return origin("http", "127.0.0.1", acceptor.local_endpoint().port()); }

tcp::acceptor listen(const asio::any_io_executor& executor) {
    return tcp::acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
}

errc kind_of(std::exception_ptr failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        return ours.kind();
    }
}

/// True when every socket of this process that is connected to `port` closes in a child program.
bool close_on_exec(std::uint16_t port) {
    int found = 0;
    for (int descriptor = 0; descriptor < 1024; ++descriptor) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 || ntohs(peer.sin_port) != port)
            continue;
        ++found;
        if ((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0) return false;
    }
    return found != 0;
}

}  // namespace

CO_TEST_CASE("a plain connection carries bytes both ways, tells silence from news, and closes in child programs") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    tcp::acceptor acceptor = listen(executor);
    const auto network = plain_network();
    const std::unique_ptr<byte_stream> stream = co_await network->connect(local(acceptor));
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    CHECK(close_on_exec(acceptor.local_endpoint().port()));
    CHECK(stream->quiet());
    co_await write_all(*stream, "hello");
    std::array<char, 5> heard{};
    co_await asio::async_read(peer, asio::buffer(heard), asio::use_awaitable);
    CHECK(std::string(heard.data(), heard.size()) == "hello");
    co_await asio::async_write(peer, asio::buffer("x", 1), asio::use_awaitable);
    CHECK_FALSE(stream->quiet());
    std::array<std::byte, 16> buffer{};
    std::size_t count = co_await stream->read_some(buffer);
    CHECK(count == 1);
    CHECK(stream->quiet());
    peer.shutdown(tcp::socket::shutdown_send);
    CHECK_FALSE(stream->quiet());
    count = co_await stream->read_some(buffer);
    CHECK(count == 0);
    stream->close();
    CHECK_FALSE(stream->quiet());
}

CO_TEST_CASE("writing to a peer that has gone is an error and no signal") {
    tcp::acceptor acceptor = listen(co_await asio::this_coro::executor);
    const auto network = plain_network();
    const std::unique_ptr<byte_stream> stream = co_await network->connect(local(acceptor));
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    peer.set_option(asio::socket_base::linger(true, 0));
    peer.close();
    std::exception_ptr failure;
    try {
        for (int i = 0; i < 1000; ++i) co_await write_all(*stream, std::string(1000, 'x'));
    } catch (...) {
        failure = std::current_exception();
    }
    REQUIRE(failure);
    CHECK(kind_of(failure) == errc::transport);
}

CO_TEST_CASE("a port where nobody listens is a failure that may pass") {
    tcp::acceptor acceptor = listen(co_await asio::this_coro::executor);
    const origin nobody = local(acceptor);
    acceptor.close();
    const auto network = plain_network();
    bool failed = false;
    try {
        co_await network->connect(nobody);
    } catch (const error& failure) {
        failed = true;
        CHECK(failure.kind() == errc::transport);
        CHECK(failure.retryable());
        CHECK_FALSE(failure.reached_server());
        CHECK(std::string(failure.what()).find(nobody.text()) != std::string::npos);
    }
    CHECK(failed);
}

CO_TEST_CASE("dead addresses are passed over") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    tcp::acceptor dead = listen(executor);
    resolver::addresses table{dead.local_endpoint(),
                              tcp::endpoint(asio::ip::address_v6::loopback(), dead.local_endpoint().port())};
    dead.close();
    tcp::acceptor alive = listen(executor);
    table.push_back(alive.local_endpoint());
    const auto network = plain_network(std::make_shared<table_resolver>(table));
    const std::unique_ptr<byte_stream> stream = co_await network->connect(origin("http", "hub.example", 80));
    CHECK(stream->quiet());
}

namespace {

/// A port that swallows connection attempts: nobody accepts, and there is room for very few.
struct tar_pit {
    explicit tar_pit(const asio::any_io_executor& executor) : acceptor(executor, tcp::v4()) {
        acceptor.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        acceptor.listen(0);
        for (int i = 0; i < 4; ++i) {
            visitors.emplace_back(executor);
            visitors.back().open(tcp::v4());
            visitors.back().native_non_blocking(true);
            const tcp::endpoint here = acceptor.local_endpoint();
            static_cast<void>(
                ::connect(visitors.back().native_handle(), here.data(), static_cast<socklen_t>(here.size())));
        }
    }
    tcp::acceptor acceptor;
    std::vector<tcp::socket> visitors;
};

}  // namespace

CO_TEST_CASE("an address that does not answer delays the next one by a quarter of a second") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const tar_pit pit(executor);
    const tcp::acceptor alive = listen(executor);
    const resolver::addresses table{pit.acceptor.local_endpoint(), alive.local_endpoint()};
    const auto network = plain_network(std::make_shared<table_resolver>(table));
    const auto begin = std::chrono::steady_clock::now();
    const std::unique_ptr<byte_stream> stream = co_await network->connect(origin("http", "hub.example", 80));
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took >= next_address_after);
    CHECK(took < 5s);
    CHECK(stream->quiet());
}

CO_TEST_CASE("an address that did not answer is tried last the next time") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const tar_pit pit(executor);
    const tcp::acceptor alive = listen(executor);
    const resolver::addresses table{pit.acceptor.local_endpoint(), alive.local_endpoint()};
    const auto network = plain_network(std::make_shared<table_resolver>(table));
    const std::unique_ptr<byte_stream> first = co_await network->connect(origin("http", "hub.example", 80));
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        const std::unique_ptr<byte_stream> next = co_await network->connect(origin("http", "hub.example", 80));
        CHECK(next->quiet());
    }
    CHECK(std::chrono::steady_clock::now() - begin < 10 * next_address_after);
}

CO_TEST_CASE("what a public server names is judged by its address when the connection is made") {
    tcp::acceptor inside = listen(co_await asio::this_coro::executor);
    const auto names = std::make_shared<table_resolver>(resolver::addresses{inside.local_endpoint()});
    for (const bool guarded : {true, false}) {
        address_guard guard;
        if (guarded) guard = address_guard(origin("https", "hub.example", 443));
        const auto network = network_connector(seams(), tls_options(), names, proxy_settings(), guard);
        std::exception_ptr failure;
        std::unique_ptr<byte_stream> stream;
        try {
            stream = co_await network->connect(origin("http", "storage.example", 80));
        } catch (...) {
            failure = std::current_exception();
        }
        CHECK((stream == nullptr) == guarded);
        if (guarded) CHECK(kind_of(failure) == errc::private_address);
    }
}

namespace {

/// Takes every descriptor that this process may have; gives them back at the end.
struct exhausted_descriptors {
    exhausted_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before);
        const int next = ::dup(0);
        ::close(next);
        rlimit now = before;
        now.rlim_cur = static_cast<rlim_t>(next);
        ::setrlimit(RLIMIT_NOFILE, &now);
    }
    ~exhausted_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
    rlimit before{};
};

}  // namespace

CO_TEST_CASE("without a free descriptor there is no connection, and the error says what to do") {
    tcp::acceptor acceptor = listen(co_await asio::this_coro::executor);
    const auto network = plain_network();
    const auto through_proxy =
        network_connector(seams(), tls_options(), no_names, proxy_settings(proxy("http://127.0.0.1:9")));
    const std::vector<std::pair<connector*, origin>> ways{{network.get(), local(acceptor)},
                                                          {through_proxy.get(), origin("http", "192.0.2.1", 80)}};
    for (const auto& [way, where] : ways) {
        std::exception_ptr failure;
        {
            const exhausted_descriptors none;
            try {
                co_await way->connect(where);
            } catch (...) {
                failure = std::current_exception();
            }
        }
        REQUIRE(failure);
        CHECK(kind_of(failure) == errc::too_many_open_files);
        CHECK(describe(failure).find("ulimit -n") != std::string::npos);
    }
    const std::unique_ptr<byte_stream> stream = co_await network->connect(local(acceptor));
    CHECK(stream->quiet());
}

TEST_CASE("a look-up that never returns ends at the connect deadline, in virtual time") {
    test_seams seams;
    asio::io_context context;
    const auto network = network_connector(seams.get(), tls_options(), no_names);
    errc kind{};
    initiate(context.get_executor(), network->connect(origin("http", "hub.example", 80)),
             [&](std::exception_ptr failure, std::unique_ptr<byte_stream>) { kind = kind_of(failure); });
    run_virtual(context, *seams.clock);
    CHECK(kind == errc::timed_out);
    CHECK(seams.clock->elapsed() == connect_limit);
}

TEST_CASE("a handshake that gets no answer ends at its own deadline") {
    test_seams seams;
    asio::io_context context;
    tcp::acceptor acceptor = listen(context.get_executor());
    const tls_world world;
    const auto network = network_connector(seams.get(), tls_options(world.authorities, "test"), no_names);
    errc kind{};
    bool ended = false;
    initiate(context.get_executor(), network->connect(origin("https", "127.0.0.1", acceptor.local_endpoint().port())),
             [&](std::exception_ptr failure, std::unique_ptr<byte_stream>) {
                 kind = kind_of(failure);
                 ended = true;
             });
    tcp::socket peer(context);
    char first = 0;
    bool greeted = false;
    acceptor.async_accept(peer, [&](std::error_code) {
        asio::async_read(peer, asio::buffer(&first, 1), [&](std::error_code, std::size_t) { greeted = true; });
    });
    while (!greeted && context.run_one_for(20s) != 0) {
    }
    REQUIRE(greeted);
    run_virtual(context, *seams.clock);
    REQUIRE(ended);
    CHECK(kind == errc::timed_out);
    CHECK(seams.clock->elapsed() == handshake_limit);
}

TEST_CASE("a connection attempt can be cancelled at once, whatever it waits for") {
    test_seams seams;
    asio::io_context context;
    const tar_pit pit(context.get_executor());
    const bool names = GENERATE(true, false);
    const auto network = network_connector(seams.get(), tls_options(), no_names);
    const origin where("http", names ? "hub.example" : "127.0.0.1", pit.acceptor.local_endpoint().port());
    asio::cancellation_signal stop;
    errc kind{};
    initiate(context.get_executor(), network->connect(where),
             asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure, std::unique_ptr<byte_stream>) {
                 kind = kind_of(failure);
             }));
    context.poll();
    stop.emit(asio::cancellation_type::total);
    context.restart();
    context.run_for(5s);
    CHECK(kind == errc::cancelled);
    CHECK(seams.clock->elapsed() == 0s);
}

TEST_CASE("cancellation ends reads and writes over TLS") {
    const bool reads = GENERATE(true, false);
    tls_world world;
    const identity server = make_identity(certificate_wish(), &world.authority);
    asio::io_context context;
    tcp::acceptor acceptor = listen(context.get_executor());
    asio::ssl::context server_context(asio::ssl::context::tls_server);
    SSL_CTX_use_certificate(server_context.native_handle(), server.certificate.get());
    SSL_CTX_use_PrivateKey(server_context.native_handle(), server.key.get());
    asio::ssl::stream<tcp::socket> peer(context, server_context);
    acceptor.async_accept(peer.next_layer(), [&](std::error_code) {
        peer.async_handshake(asio::ssl::stream_base::server, [](std::error_code) {});
    });
    const auto names = std::make_shared<table_resolver>(resolver::addresses{acceptor.local_endpoint()});
    const auto network = network_connector(seams(), tls_options(world.authorities, "test"), names);
    std::unique_ptr<byte_stream> stream;
    initiate(context.get_executor(), network->connect(origin("https", "hub.example", 443)),
             [&](std::exception_ptr, std::unique_ptr<byte_stream> made) { stream = std::move(made); });
    while (!stream && context.run_one_for(20s) != 0) {
    }
    REQUIRE(stream);
    asio::cancellation_signal stop;
    errc kind{};
    const auto done = [&](std::exception_ptr failure) { kind = kind_of(failure); };
    const auto read = [](byte_stream& from) -> task<void> { co_await read_to_the_end(from); };
    const auto write = [](byte_stream& to) -> task<void> { co_await write_all(to, std::string(64 << 20, 'x')); };
    initiate(context.get_executor(), reads ? read(*stream) : write(*stream),
             asio::bind_cancellation_slot(stop.slot(), done));
    asio::steady_timer later(context, 50ms);  // until the socket's buffers are full
    later.async_wait([&](std::error_code) { stop.emit(asio::cancellation_type::terminal); });
    context.restart();
    context.run_for(20s);
    CHECK(kind == errc::cancelled);
}
