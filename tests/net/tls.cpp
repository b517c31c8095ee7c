#include <hubpush/net/tls.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"
#include "tls_peer.hpp"

#include <hubpush/async/timing.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/net/http_client.hpp>
#include <hubpush/net/http_exchange.hpp>

#include <memory>
#include <new>
#include <string>
#include <utility>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

// A server in memory, so that the line to it can be cut, bent and stuffed at every byte.

namespace {

const std::string canary = "hf_canary_tls";
const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

certificate_wish edwards_wish() {
    certificate_wish wish;
    wish.edwards = true;
    return wish;
}

/// Identities are made once, and with signatures that are all of one length: a position means the same in every run.
struct authority_and_server {
    identity authority = make_identity(authority_wish());
    identity server = make_identity(edwards_wish(), &authority);
    temporary_folder folder;
    std::shared_ptr<const detail::tls_trust> trust = std::make_shared<detail::tls_trust>(
        tls_options(folder.write("authority.pem", authority.pem()), "SSL_CERT_FILE"));
};

const authority_and_server& shared() {
    static const authority_and_server made;
    return made;
}

/// A line on which the n-th read finds no memory.
class line_without_memory final : public byte_stream {
public:
    line_without_memory(std::unique_ptr<byte_stream> line, std::size_t n) : line_(std::move(line)), left_(n) {}

    task<std::size_t> read_some(std::span<std::byte> out) override {
        if (--left_ == 0) throw std::bad_alloc();
        co_return co_await line_->read_some(out);
    }
    task<std::size_t> write_some(std::span<const std::byte> data) override { return line_->write_some(data); }
    void close() noexcept override { line_->close(); }
    bool quiet() noexcept override { return line_->quiet(); }

private:
    std::unique_ptr<byte_stream> line_;
    std::size_t left_;
};

/// TLS over the line to the server in memory. A handshake that stands still is hung up on.
class memory_connector final : public connector {
public:
    memory_connector(seams world, tls_peer_plan plan, tls_peer_record& record, std::size_t failing_read)
        : world_(std::move(world)), plan_(std::move(plan)), record_(record), failing_read_(failing_read) {}
    task<std::unique_ptr<byte_stream>> connect(origin where) override {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        auto line = std::make_unique<tls_peer>(executor, shared().server, plan_, record_);
        deadline watch(world_.clock(), executor, [&hung_up_on = *line] { hung_up_on.close(); });
        watch.expires_after(handshake_limit);
        auto carrier = std::make_unique<line_without_memory>(std::move(line), failing_read_);
        co_return co_await detail::start_tls(std::move(carrier), std::move(where), shared().trust);
    }

private:
    seams world_;
    tls_peer_plan plan_;
    tls_peer_record& record_;
    std::size_t failing_read_;
};

struct visit {
    http_response reply;
    errc kind = errc();
    bool reached = false;
    bool ended = false;
    tls_peer_record server;
};

/// One GET, with one attempt, in virtual time.
visit get(tls_peer_plan plan, std::size_t failing_read = 0) {
    visit result;
    test_seams seams;
    asio::io_context context;
    const auto network = std::make_shared<memory_connector>(seams.get(), std::move(plan), result.server, failing_read);
    http_client client(seams.get(), network, memory_budget(), retry_policy(attempts(1)));
    http_request request("GET", url::parse("https://hub.example/a").value(), request_class::safe);
    request.bearer(request.target().origin(), secret(canary));
    initiate(context.get_executor(), client.send(request), [&](const std::exception_ptr& failure, http_response reply) {
        result.ended = true;
        result.reply = std::move(reply);
        if (!failure) return;
        result.kind = detail::kind_of(failure);
        CHECK(describe(failure).find(canary) == std::string::npos);
        try {
            std::rethrow_exception(failure);
        } catch (const error& ours) {
            result.reached = ours.reached_server();
        }
    });
    run_virtual(context, *seams.clock);
    REQUIRE(result.ended);
    return result;
}

tls_peer_plan plan_of(int version) {
    tls_peer_plan plan;
    plan.newest_version = version;
    plan.reply = ok;
    return plan;
}

}  // namespace

TEST_CASE("TLS stands on any stream") {
    const visit result = get(plan_of(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION)));
    CHECK(result.reply.body() == "hello");
    CHECK(result.server.received.find("Authorization: Bearer " + canary) != std::string::npos);
}

TEST_CASE("records that arrive together are read one after the other") {
    tls_peer_plan plan = plan_of(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
    plan.record = GENERATE(std::size_t{1}, std::size_t{19}, std::size_t{40});
    CHECK(get(plan).reply.body() == "hello");
}

TEST_CASE("a line that finds no memory ends the exchange") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    std::size_t failures = 0;
    for (std::size_t n = 1; failures + 1 == n; ++n) {
        CAPTURE(n, version);
        const visit result = get(plan_of(version), n);
        if (result.kind != errc())
            ++failures;
        else
            CHECK(result.reply.body() == "hello");
    }
    CHECK(failures >= 2);  // during the handshake and afterwards
}

TEST_CASE("a handshake that is cut at any byte is a broken connection, and nothing was said") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const bool reset = GENERATE(true, false);
    tls_peer_plan plan = plan_of(version);
    plan.reset = reset;
    const std::size_t length = get(plan_of(version)).server.greeting;
    REQUIRE(length > 500);
    for (plan.cut = 0; plan.cut < length; ++plan.cut) {
        CAPTURE(plan.cut, version, reset);
        const visit result = get(plan);
        REQUIRE(result.kind == errc::transport);
        REQUIRE_FALSE(result.reached);
        REQUIRE(result.server.received.empty());
    }
}

TEST_CASE("a wrong bit at any byte of the handshake is a failure or harmless, and never another reply") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    tls_peer_plan plan = plan_of(version);
    plan.closes = true;
    const std::size_t length = get(plan).server.greeting;
    std::size_t failures = 0;
    for (plan.flip = 0; plan.flip < length; ++plan.flip) {
        CAPTURE(plan.flip, version);
        const visit result = get(plan);
        if (result.kind == errc()) {
            REQUIRE(result.reply.body() == "hello");
        } else {
            ++failures;
            REQUIRE(
                (result.kind == errc::tls_failed || result.kind == errc::transport || result.kind == errc::timed_out));
            REQUIRE(result.reply.body().empty());
        }
    }
    CHECK(failures > length * 9 / 10);
}

TEST_CASE("an alert at any step of the handshake ends it") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    tls_peer_plan plan = plan_of(version);
    plan.inserted = std::string("\x15\x03\x03\x00\x02\x02\x28", 7);  // fatal: handshake_failure
    const std::size_t length = get(plan_of(version)).server.greeting;
    for (plan.insert = 0; plan.insert < length; plan.insert += 5) {
        CAPTURE(plan.insert, version);
        const visit result = get(plan);
        REQUIRE((result.kind == errc::tls_failed || result.kind == errc::transport));
        REQUIRE(result.server.received.empty());
        if (plan.insert == 0) REQUIRE(result.kind == errc::tls_failed);
    }
}

TEST_CASE("a reply that is cut at any byte of its records is never a success") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const bool reset = GENERATE(true, false);
    tls_peer_plan plan = plan_of(version);
    const tls_peer_record whole = get(plan).server;
    plan.reset = reset;
    for (plan.cut = whole.greeting + 1; plan.cut < whole.sent; ++plan.cut) {
        CAPTURE(plan.cut, version, reset);
        const visit result = get(plan);
        REQUIRE(result.kind == errc::transport);
        REQUIRE(result.reached);
    }
    plan.cut = whole.sent;
    CHECK(get(plan).reply.body() == "hello");  // complete by its length: the missing close_notify says nothing
}

TEST_CASE("a reply without a length needs an orderly end") {
    tls_peer_plan plan = plan_of(GENERATE(TLS1_2_VERSION, TLS1_3_VERSION));
    plan.reply = "HTTP/1.1 200 OK\r\n\r\nhello";
    plan.closes = true;
    const visit orderly = get(plan);
    CHECK(orderly.reply.body() == "hello");
    const std::size_t length_of_notify = plan.newest_version == TLS1_2_VERSION ? 31 : 24;
    plan.cut = orderly.server.sent - length_of_notify;
    CHECK(get(plan).kind == errc::transport);
}

TEST_CASE("a wrong bit or strange bytes among the records of a reply are a failure") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    tls_peer_plan plan = plan_of(version);
    plan.closes = true;
    const tls_peer_record whole = get(plan).server;
    const bool flips = GENERATE(true, false);
    for (std::size_t position = whole.greeting; position < whole.greeting + 60; ++position) {
        CAPTURE(position, version, flips);
        (flips ? plan.flip : plan.insert) = position;
        plan.inserted = "SSH-2.0-x\r\n";
        const visit result = get(plan);
        if (result.kind == errc()) {
            REQUIRE(result.reply.body() == "hello");
        } else {
            REQUIRE(result.kind == errc::transport);
        }
    }
}

TEST_CASE("a server that wants to negotiate again is refused") {
    tls_peer_plan plan = plan_of(TLS1_2_VERSION);
    plan.renegotiates = true;
    const visit result = get(plan);
    CHECK(result.kind != errc());
    CHECK(result.server.greetings == 1);
    CHECK_FALSE(result.server.asked_for_certificate);
}

TEST_CASE("a server that asks for a certificate afterwards gets none") {
    CHECK_FALSE(get(plan_of(TLS1_3_VERSION)).server.asked_for_certificate);
}
