#include <hubpush/net/http_client.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "scripted_stream.hpp"
#include "test_seams.hpp"

#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/http_exchange.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// Content that is told apart at every offset, and a record of how it was read.
class pattern_source final : public byte_source {
public:
    explicit pattern_source(std::uint64_t size) : size_(size) {}

    static char at(std::uint64_t offset) { return static_cast<char>('a' + (offset * 7 + offset / 251) % 26); }
    std::string text() const {
        std::string result;
        for (std::uint64_t i = 0; i < size_; ++i) result += at(i);
        return result;
    }

    std::uint64_t size() const noexcept override { return size_; }
    task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        co_await asio::post(asio::use_awaitable);
        if (offset >= fails_at) throw_error(errc::file_changed, "the file changed");
        aligned = aligned && reinterpret_cast<std::uintptr_t>(out.data()) % 4096 == 0;
        largest = std::max(largest, out.size());
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(at(offset + i));
        co_return ends_early ? out.size() - 1 : out.size();
    }

    std::uint64_t fails_at = std::numeric_limits<std::uint64_t>::max();
    bool ends_early = false;
    bool aligned = true;
    std::size_t largest = 0;

private:
    std::uint64_t size_;
};

struct outcome {
    http_response reply;
    std::exception_ptr failure;
    bool ended = false;

    errc kind() const {
        if (!failure) return errc();
        try {
            std::rethrow_exception(failure);
        } catch (const error& ours) {
            return ours.kind();
        }
    }
    bool reached_server() const {
        try {
            std::rethrow_exception(failure);
        } catch (const error& ours) {
            return ours.reached_server();
        }
    }
};

const std::string canary = "hf_canary_7f3a";

/// A client in front of scripted servers in virtual time.
struct fixture {
    explicit fixture(retry_policy policy = retry_policy(), std::uint64_t memory = memory_budget::default_limit,
                     connection_limits limits = connection_limits())
        : budget(memory), client(seams.get(), network, budget, policy, limits) {}

    ~fixture() {
        CHECK(budget.used() == 0);
        for (const auto& peer : network->peers()) {
            CHECK(peer->mismatch.empty());
            const bool may_know = peer->where == origin("https", "hub.example", 443);
            if (!may_know) CHECK(peer->received.find(canary) == std::string::npos);
        }
        for (const std::string& line : seams.log->lines()) CHECK(line.find(canary) == std::string::npos);
        for (const trace_event& each : client.trace()) CHECK(to_string(each).find(canary) == std::string::npos);
    }

    std::vector<trace_kind> kinds() const {
        std::vector<trace_kind> result;
        for (const trace_event& each : client.trace()) result.push_back(each.kind());
        return result;
    }

    outcome send(http_request request) {
        outcome result;
        initiate(context.get_executor(), client.send(std::move(request)),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure, http_response reply) {
                     result.reply = std::move(reply);
                     result.failure = std::move(failure);
                     result.ended = true;
                 }));
        run_virtual(context, *seams.clock);
        REQUIRE(result.ended);
        if (result.failure) CHECK(describe(result.failure).find(canary) == std::string::npos);
        return result;
    }

    void let_pass(std::chrono::nanoseconds time) {
        const auto wake_up = seams.clock->make_timer(context.get_executor());
        wake_up->start(seams.clock->now() + time, [] {});
        run_virtual(context, *seams.clock);
    }

    script& server() { return network->next(); }
    std::size_t connections() const { return network->peers().size(); }
    std::chrono::nanoseconds elapsed() const { return seams.clock->elapsed(); }
    const std::string& received(std::size_t connection) const { return network->peers().at(connection)->received; }

    asio::io_context context;
    asio::cancellation_signal stop;
    test_seams seams;
    std::shared_ptr<scripted_connector> network = std::make_shared<scripted_connector>(seams.clock);
    memory_budget budget;
    http_client client;
};

http_request request(std::string method, const std::string& address, request_class repeatable = request_class::safe) {
    http_request result(std::move(method), url::parse(address).value(), repeatable);
    result.bearer(origin("https", "hub.example", 443), secret(canary));
    return result;
}

http_request get(const std::string& address = "https://hub.example/a") { return request("GET", address); }

http_request put(std::shared_ptr<byte_source> body, request_class repeatable = request_class::idempotent) {
    return request("PUT", "https://hub.example/a", repeatable).body(std::move(body));
}

http_request commit() {
    return request("POST", "https://hub.example/commit", request_class::non_idempotent).body("{}", "application/json");
}

std::string reply(const std::string& status, const std::string& body, const std::string& fields = "") {
    return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

const retry_policy once(attempts(1));
const std::string ok = reply("200 OK", "ok");

}  // namespace

TEST_CASE("a request goes out as one write and its reply comes back") {
    fixture test;
    test.server()
        .expect("GET /a HTTP/1.1\r\nHost: hub.example\r\nAccept-Encoding: identity\r\nAuthorization: Bearer " + canary +
                "\r\n\r\n")
        .send(reply("200 OK", "hello", "X-A: b\r\n"));
    const outcome result = test.send(get());
    CHECK(result.reply.status() == 200);
    CHECK(result.reply.body() == "hello");
    CHECK(result.reply.headers().find("x-a") == "b");
    CHECK(test.network->operations() == 3);  // connect, write, read
}

TEST_CASE("a connection is used again for its origin, last one first, and for no other") {
    fixture test;
    test.server().expect_request().send(ok).expect_request().send(reply("200 OK", "again"));
    CHECK(test.send(get()).reply.body() == "ok");
    CHECK(test.send(commit()).reply.body() == "again");
    CHECK(test.connections() == 1);
    test.server().expect_request().send(ok);
    CHECK(test.send(get("https://other.example/a")).reply.body() == "ok");
    test.server().expect_request().send(ok);
    CHECK(test.send(get("https://hub.example:8443/a")).reply.body() == "ok");
    CHECK(test.connections() == 3);
}

TEST_CASE("a large body is streamed in aligned blocks from a bounded piece of memory") {
    fixture test;
    const auto body = std::make_shared<pattern_source>(3'000'003);
    test.server().expect_request().send(ok);
    std::vector<std::uint64_t> progress;
    const outcome result = test.send(put(body).on_progress([&](std::uint64_t count) { progress.push_back(count); }));
    CHECK(result.reply.status() == 200);
    CHECK(test.received(0).ends_with("\r\n\r\n" + body->text()));
    CHECK(progress == std::vector<std::uint64_t>{983'040, 1'966'080, 2'949'120, 3'000'003});
    CHECK(body->aligned);
    CHECK(body->largest == 960 * 1024);
    CHECK(test.budget.peak() == (16 + 4 + 960) * 1024);
}

TEST_CASE("a small request takes as little memory as it needs") {
    fixture test;
    test.server().expect_request().send(ok);
    test.send(commit());
    CHECK(test.budget.peak() == (16 + 4 + 4) * 1024);
}

TEST_CASE("bytes that trickle in both directions change nothing") {
    fixture test;
    const auto body = std::make_shared<pattern_source>(300'000);
    test.server().piecewise(1000).expect_request().send(reply("200 OK", std::string(5000, 'x')));
    CHECK(test.send(put(body)).reply.body().size() == 5000);
    CHECK(test.received(0).ends_with(body->text()));
}

TEST_CASE("an empty body, a HEAD and replies without a body work") {
    fixture test;
    test.server()
        .expect_request()
        .send(ok)
        .expect_request()
        .send("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        .expect_request()
        .send("HTTP/1.1 204 No Content\r\n\r\n");
    std::vector<std::uint64_t> progress;
    test.send(
        put(std::make_shared<pattern_source>(0)).on_progress([&](std::uint64_t count) { progress.push_back(count); }));
    CHECK(progress == std::vector<std::uint64_t>{0});
    CHECK(test.send(request("HEAD", "https://hub.example/a")).reply.status() == 200);
    CHECK(test.send(get()).reply.status() == 204);
    CHECK(test.connections() == 1);
}

TEST_CASE("an answer that comes early ends the sending, is reported, and the connection is not used again") {
    fixture test;
    const auto body = std::make_shared<pattern_source>(10 << 20);
    SECTION("while the server reads no further") {
        test.server().window(100'000).expect_bytes(50'000).send(reply("413 Too Large", "no"));
    }
    SECTION("and the server closes behind it") {
        test.server().window(100'000).expect_bytes(50'000).send(reply("413 Too Large", "no")).close();
    }
    SECTION("and the server resets the connection behind it") {
        test.server().window(100'000).expect_bytes(50'000).send(reply("413 Too Large", "no")).reset();
    }
    SECTION("after the reset, as far as the client can tell") {
        test.server().window(100'000).expect_bytes(50'000).refuse_writes().delay(500ms).send(
            reply("413 Too Large", "no"));
    }
    const outcome result = test.send(put(body));
    CHECK(result.reply.status() == 413);
    CHECK(result.reply.body() == "no");
    CHECK(test.network->open() == 0);
    CHECK(test.elapsed() <= 500ms);
}

TEST_CASE("a write that fails without an answer is a failure after one second of listening") {
    fixture test(once);
    const auto body = std::make_shared<pattern_source>(1 << 20);
    SECTION("because the connection is reset") { test.server().window(100'000).expect_bytes(50'000).reset(); }
    SECTION("because the server takes no more and says nothing") {
        test.server().window(100'000).expect_bytes(50'000).refuse_writes();
    }
    const outcome reset = test.send(put(body));
    CHECK(reset.kind() == errc::transport);
    CHECK(reset.reached_server());
    CHECK(describe(reset.failure).find("PUT https://hub.example/a: reset by the peer") != std::string::npos);
    CHECK(test.elapsed() <= 1s);
}

TEST_CASE("the token is gone from memory once it has been sent") {
    /// Looks at the page in front of the block it fills, where the head was.
    class head_watcher final : public byte_source {
    public:
        std::uint64_t size() const noexcept override { return 2 * detail::http_exchange::body_block; }
        task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
            std::fill(out.begin(), out.end(), std::byte{'x'});
            const std::string_view page(reinterpret_cast<const char*>(out.data()) - 4096, 4096);
            seen[offset == 0 ? 0 : 1] = page.find(canary) != std::string_view::npos;
            co_return out.size();
        }
        std::array<bool, 2> seen{true, true};
    };
    fixture test(once);
    const auto body = std::make_shared<head_watcher>();
    test.server().expect_request().send(ok);
    CHECK(test.send(put(body)).reply.body() == "ok");
    CHECK(body->seen == std::array{true, false});  // before the first write it is there
}

TEST_CASE("a connection that the server closed meanwhile is replaced at once, and only once") {
    fixture test;
    test.server().expect_request().send(ok).expect_request().close();
    test.send(get());
    SECTION("for a request that may be repeated") {
        test.server().expect_request().send(reply("200 OK", "second"));
        CHECK(test.send(put(std::make_shared<pattern_source>(10))).reply.body() == "second");
        CHECK(test.elapsed() == 0s);
        CHECK(test.connections() == 2);
    }
    SECTION("but a commit may have been applied") {
        const outcome result = test.send(commit());
        CHECK(result.kind() == errc::transport);
        CHECK(result.reached_server());
        CHECK(test.connections() == 1);
    }
    SECTION("by a fresh one, whose failure counts") {
        test.server().expect_request().close();
        test.server().expect_request().send(reply("200 OK", "third"));
        CHECK(test.send(get()).reply.body() == "third");
        CHECK(test.elapsed() > 0s);
    }
}

TEST_CASE("an answer that broke off is no stale connection") {
    fixture test(once);
    test.server().expect_request().send(ok).expect_request().send("HTTP/1.1 ").close();
    test.send(get());
    CHECK(test.send(get()).kind() == errc::transport);
    CHECK(test.connections() == 1);
}

TEST_CASE("what arrives on an idle connection is never taken for an answer") {
    fixture test;
    SECTION("a second reply that nobody asked for, at once") {
        test.server().expect_request().send(ok + reply("200 OK", "stray"));
    }
    SECTION("a second reply, later") {
        test.server().expect_request().send(ok).delay(1s).send(reply("200 OK", "stray"));
    }
    SECTION("the end of the connection") { test.server().expect_request().send(ok).delay(1s).close(); }
    SECTION("a reset") { test.server().expect_request().send(ok).delay(1s).reset(); }
    test.send(get());
    test.let_pass(2s);
    test.server().expect_request().send(reply("200 OK", "fresh"));
    CHECK(test.send(commit()).reply.body() == "fresh");
    CHECK(test.connections() == 2);
    CHECK(test.network->open() == 1);
}

TEST_CASE("connections live as long as the server says and no longer than 55 seconds") {
    fixture test;
    std::chrono::seconds age(0);
    std::size_t expected = 2;
    SECTION("Connection: close") { test.server().expect_request().send(reply("200 OK", "", "Connection: close\r\n")); }
    SECTION("HTTP/1.0") { test.server().expect_request().send("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"); }
    SECTION("Keep-Alive, too old") {
        test.server().expect_request().send(reply("200 OK", "", "Keep-Alive: timeout=5, max=100\r\n"));
        age = 5s;
    }
    SECTION("Keep-Alive, young enough") {
        test.server().expect_request().send(reply("200 OK", "", "Keep-Alive: timeout=5\r\n")).expect_request().send(ok);
        age = 4s;
        expected = 1;
    }
    SECTION("too old without a word") {
        test.server().expect_request().send(ok);
        age = 55s;
    }
    SECTION("young enough without a word") {
        test.server().expect_request().send(ok).expect_request().send(ok);
        age = 54s;
        expected = 1;
    }
    test.send(get());
    test.let_pass(age);
    if (expected == 2) test.server().expect_request().send(ok);
    CHECK(test.send(get()).reply.status() == 200);
    CHECK(test.connections() == expected);
}

TEST_CASE("silence ends at its deadline") {
    fixture test(once);
    std::chrono::seconds expected(60);
    http_request one = get();
    SECTION("before the first byte of the answer") { test.server().expect_request(); }
    SECTION("with a longer wait for commits") {
        test.server().expect_request();
        one = commit().first_byte_within(300s);
        expected = 300s;
    }
    SECTION("in the middle of the body") {
        test.server().expect_request().send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
    }
    SECTION("while the server does not take the request") {
        test.server().window(100'000);
        one = put(std::make_shared<pattern_source>(1 << 20));
    }
    const outcome result = test.send(one);
    CHECK(result.kind() == errc::timed_out);
    CHECK(result.reached_server());
    CHECK(test.elapsed() == expected);
    CHECK(test.network->open() == 0);
}

TEST_CASE("an answer that arrives byte by byte, each within its limit, ends at the deadline too") {
    fixture test(once);
    script& server = test.server().expect_request();
    for (const char letter : ok) server.send({letter}).delay(20s);
    CHECK(test.send(get()).kind() == errc::timed_out);
    CHECK(test.elapsed() == 60s);
}

TEST_CASE("a slow transfer above one KiB per second may take hours") {
    fixture test(once);
    script& server = test.server().window(64 << 10);
    for (int i = 0; i < 100; ++i) server.expect_bytes(64 << 10).delay(59s);
    server.expect_bytes(1).send(ok);
    CHECK(test.send(put(std::make_shared<pattern_source>(100 * (64 << 10)))).reply.status() == 200);
    CHECK(test.elapsed() == 5900s);
}

TEST_CASE("a transfer below one KiB per second has stalled") {
    fixture test(once);
    script& server = test.server().window(32 << 10);
    for (int i = 0; i < 100; ++i) server.expect_bytes(32 << 10).delay(59s);
    CHECK(test.send(put(std::make_shared<pattern_source>(100 * (32 << 10)))).kind() == errc::timed_out);
    CHECK(test.elapsed() <= 120s);
}

TEST_CASE("interim answers give the server its time again") {
    fixture test(once);
    test.server().expect_request().delay(50s).send("HTTP/1.1 102 Processing\r\n\r\n").delay(50s).send(ok);
    CHECK(test.send(commit()).reply.status() == 200);
}

TEST_CASE("an answer that cannot be read is final and ends the connection") {
    const auto [bytes, kind] = GENERATE(table<std::string, errc>({
        {"SSH-2.0-x\r\n", errc::protocol_error},
        {reply("200 OK", std::string(2 << 20, 'x')), errc::limit_exceeded},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", errc::protocol_error},
    }));
    fixture test;
    test.server().expect_request().send(bytes);
    CHECK(test.send(get()).kind() == kind);
    CHECK(test.connections() == 1);
    CHECK(test.network->open() == 0);
}

TEST_CASE("the failure of a body's source stays what it is") {
    fixture test;
    const auto body = std::make_shared<pattern_source>(1 << 20);
    SECTION("before anything was sent") {
        body->fails_at = 0;
        test.server();
        const outcome result = test.send(put(body));
        CHECK(result.kind() == errc::file_changed);
        CHECK_FALSE(result.reached_server());
    }
    SECTION("on the way") {
        body->fails_at = 500'000;
        test.server();
        const outcome result = test.send(put(body));
        CHECK(result.kind() == errc::file_changed);
        CHECK(result.reached_server());
    }
    SECTION("when it ends too early") {
        body->ends_early = true;
        test.server();
        CHECK(test.send(put(body)).kind() == errc::file_changed);
    }
    CHECK(test.connections() == 1);
    CHECK(test.network->open() == 0);
}

TEST_CASE("a request that can never work is refused before a connection is made") {
    fixture test;
    http_request plain("GET", url::parse("http://hub.example/").value(), request_class::safe);
    plain.bearer(origin("http", "hub.example", 80), secret(canary));
    const outcome result = test.send(plain);
    CHECK(result.kind() == errc::invalid_argument);
    CHECK_FALSE(result.reached_server());
    CHECK(test.connections() == 0);
}

TEST_CASE("a request that does not fit into the memory budget fails without a connection") {
    fixture test(retry_policy(), memory_budget::least_limit);
    http_request big = get();
    for (int i = 0; i < 200; ++i) big.header("X-Big", std::string(8000, 'x'));
    const outcome result = test.send(big);
    CHECK(result.kind() == errc::limit_exceeded);
    CHECK_FALSE(result.reached_server());
    CHECK(test.connections() == 0);
}

// Retries.

TEST_CASE("what may be repeated is repeated until it works, after exactly the waits of the policy") {
    fixture test(retry_policy(backoff(1s, 8s)), memory_budget::default_limit);
    seeded_random same_numbers(1);
    const auto jitter = [&](std::chrono::milliseconds bound) {
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(same_numbers.next() % static_cast<std::uint64_t>(bound.count() + 1)));
    };
    test.server().expect_request().send(reply("503 Busy", "", "Connection: close\r\n"));
    test.server().refuse();
    test.server().expect_request().send("HTTP/1.1 2").reset();
    test.server()
        .expect_request()
        .send(reply("429 Slow down", "", "Retry-After: 7\r\n"))
        .expect_request()
        .send(reply("429 Slow down", "", "RateLimit: \"api\";r=0;t=55\r\n"));
    test.server().expect_request().send(ok);  // after 55 s the connection is too old
    CHECK(test.send(get()).reply.body() == "ok");
    std::chrono::milliseconds expected = jitter(1s);
    expected += jitter(2s);
    expected += jitter(4s);
    expected += 7s + jitter(1s);
    expected += 55s + jitter(1s);
    CHECK(test.elapsed() == expected);
    CHECK(test.connections() == 5);
    CHECK(test.seams.log->lines().size() == 5);
}

TEST_CASE("after the last attempt the answer is given as it is, or the failure thrown") {
    fixture test(retry_policy(attempts(3)), memory_budget::default_limit);
    SECTION("an answer") {
        test.server()
            .expect_request()
            .send(reply("500 Oh", "1"))
            .expect_request()
            .send(reply("502 Oh", "2"))
            .expect_request()
            .send(reply("503 Oh", "3"));
        CHECK(test.send(get()).reply.body() == "3");
    }
    SECTION("a failure") {
        for (int i = 0; i < 3; ++i) test.server().refuse();
        const outcome result = test.send(get());
        CHECK(result.kind() == errc::transport);
        CHECK_FALSE(result.reached_server());
    }
    SECTION("a wait beyond the limit") {
        test.server().expect_request().send(reply("429 No", "later", "Retry-After: 301\r\n"));
        CHECK(test.send(get()).reply.status() == 429);
        CHECK(test.elapsed() == 0s);
    }
    CHECK(test.network->unused() == 0);
}

TEST_CASE("a commit is sent once, unless it is certain that nothing arrived") {
    fixture test;
    SECTION("an answer, whatever it is") {
        test.server().expect_request().send(reply("503 Busy", "", "Retry-After: 1\r\n"));
        CHECK(test.send(commit()).reply.status() == 503);
    }
    SECTION("a lost answer") {
        test.server().expect_request().close();
        const outcome result = test.send(commit());
        CHECK(result.kind() == errc::transport);
        CHECK(result.reached_server());
    }
    SECTION("no connection at first") {
        test.server().refuse(errc::timed_out);
        test.server().expect_request().send(ok);
        CHECK(test.send(commit()).reply.status() == 200);
    }
    SECTION("a connection that broke before the first byte") {
        test.server().reset();
        test.server().expect_request().send(ok);
        CHECK(test.send(commit()).reply.status() == 200);
    }
    CHECK(test.network->unused() == 0);
}

TEST_CASE("failures that will not pass are not repeated") {
    const errc code = GENERATE(errc::tls_failed, errc::protocol_error, errc::limit_exceeded);
    fixture test;
    test.server().refuse(code);
    CHECK(test.send(get()).kind() == code);
    CHECK(test.connections() == 1);
}

TEST_CASE("a predicate is asked about what may be sent again, and about nothing else") {
    std::vector<errc> asked;
    const auto note = [&asked](const error& failure) {
        asked.push_back(failure.kind());
        return true;
    };
    fixture test(retry_policy(attempts(2)).when(note));
    test.server().refuse();
    test.server().refuse();
    CHECK(test.send(get()).kind() == errc::transport);
    CHECK(asked == std::vector<errc>{errc::transport});  // not after the last attempt
    for (const errc code : {errc::tls_failed, errc::protocol_error, errc::cancelled, errc::file_changed}) {
        test.server().refuse(code);
        CHECK(test.send(get()).kind() == code);
    }
    test.server().expect_request().reset();
    CHECK(test.send(commit()).kind() != errc());
    CHECK(asked.size() == 1);
}

TEST_CASE("a server that only fails takes no retries from another one") {
    fixture test;
    for (int i = 0; i < 200; ++i) test.server().refuse();
    while (test.connections() < 200) test.send(get("https://storage.example/o"));
    test.server().refuse();
    test.server().expect_request().send(ok);
    CHECK(test.send(get()).reply.body() == "ok");
}

TEST_CASE("a child process does not use the connections of its parent") {
    fixture test;
    test.server().expect_request().send(ok).expect_request().send(ok);
    CHECK(test.send(get()).reply.body() == "ok");
    CHECK(holds_in_child([&] { return test.send(get()).kind() == errc::forked && test.connections() == 1; }));
    CHECK(test.send(get()).reply.body() == "ok");
}

TEST_CASE("a client whose server only fails asks less and less often") {
    fixture test;
    for (int i = 0; i < 200; ++i) test.server().refuse();
    for (int i = 0; i < 20; ++i) CHECK(test.send(get()).kind() == errc::transport);
    CHECK(test.connections() == 20 + 50);
}

// Redirects.

TEST_CASE("a redirect within the origin keeps everything, one to elsewhere loses the token and never gets it back") {
    fixture test;
    const std::string status = GENERATE("301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent");
    const std::string place = GENERATE("https://hub.example:8443/b", "https://sub.hub.example/b",
                                       "https://other.example/b", "//other.example/b", "https://hub.example./b");
    CAPTURE(status, place);
    test.server()
        .expect_request()
        .send(reply(status, "", "Location: /b\r\n"))
        .expect_request()
        .send(reply(status, "", "Location: " + place + "\r\n"))
        .expect_request()
        .send(ok);
    test.server().expect_request().send(reply(status, "", "Location: https://hub.example/back\r\n"));
    CHECK(test.send(get().header("X-Secret", canary).header("Accept", "a/b")).reply.body() == "ok");
    REQUIRE(test.connections() == 2);
    CHECK(test.received(0).find("GET /b HTTP/1.1") != std::string::npos);
    CHECK(test.received(1).find("GET /b HTTP/1.1") != std::string::npos);
    CHECK(test.received(1).find("Accept: a/b") != std::string::npos);
    const std::size_t back = test.received(0).find("GET /back");
    REQUIRE(back != std::string::npos);
    CHECK(test.received(0).find(canary, back) == std::string::npos);
}

TEST_CASE("307 and 308 send the same body again, other redirects of a write are refused") {
    const std::string status = GENERATE("301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent");
    fixture test;
    const auto body = std::make_shared<pattern_source>(300'000);
    test.server().expect_request().send(reply(status, "", "Location: https://region.example/b\r\n"));
    const bool repeats = status.starts_with("307") || status.starts_with("308");
    if (repeats) test.server().expect_request().send(ok);
    const outcome result = test.send(put(body));
    CHECK(result.kind() == (repeats ? errc() : errc::protocol_error));
    REQUIRE(test.connections() == (repeats ? 2 : 1));
    if (repeats) CHECK(test.received(1).ends_with("\r\n\r\n" + body->text()));
}

TEST_CASE("redirects that lead nowhere good are refused") {
    const std::string location = GENERATE("Location: http://hub.example/b\r\n", "Location: HTTP://hub.example/b\r\n",
                                          "Location: http://127.0.0.1/\r\n", "", "Location:\r\n",
                                          "Location: ftp://hub.example/\r\n", "Location: https://user@hub.example/\r\n",
                                          "Location: /a\r\nLocation: /b\r\n", "Location: file:///etc/passwd\r\n");
    CAPTURE(location);
    fixture test;
    test.server().expect_request().send(reply("302 Found", "", location));
    CHECK(test.send(get()).kind() == errc::protocol_error);
    CHECK(test.connections() == 1);
}

TEST_CASE("a redirect over plain http leads to this machine, stays with the host, or is allowed by name") {
    const auto [location, is_followed] = GENERATE(table<std::string, bool>({
        {"http://storage.example/b", false},
        {"http://10.0.0.1/b", false},
        {"http://localhost.example/b", false},
        {"http://127.0.0.1:9000/b", true},
        {"http://[::1]:9000/b", true},
        {"https://storage.example/b", true},
    }));
    const bool allowed = GENERATE(false, true);
    CAPTURE(location, allowed);
    fixture test;
    test.server().expect_request().send(reply("307 Temporary", "", "Location: " + location + "\r\n"));
    const bool followed = is_followed || allowed;
    if (followed) test.server().expect_request().send(ok);
    http_request request("PUT", url::parse("http://127.0.0.1:8080/o").value(), request_class::idempotent);
    request.body("{}", "application/json").allow_plain_http(allowed);
    CHECK(test.send(std::move(request)).kind() == (followed ? errc() : errc::protocol_error));
    CHECK(test.connections() == (followed ? 2 : 1));
}

TEST_CASE("five redirects are followed, six are not; the same place twice is one place") {
    const int hops = GENERATE(5, 6);
    fixture test;
    script& server = test.server();
    for (int i = 0; i < hops; ++i) {
        server.expect_request().send(reply("302 Found", "", "Location: a#fragment\r\nLocation: a#fragment\r\n"));
    }
    server.expect_request().send(ok);
    CHECK(test.send(get()).kind() == (hops == 5 ? errc() : errc::protocol_error));
}

TEST_CASE("a token that the server repeats is in nothing that is shown, and a success keeps its body") {
    fixture test(retry_policy(backoff(1ms, 1ms)));
    const std::string fields = "X-Request-Id: " + canary + "\r\nX-HF-Warning: t; " + canary + "\r\n";
    test.server()
        .expect_request()
        .send(reply("307 Elsewhere", "", fields + "Location: /b/" + canary + "?c=1\r\n"))
        .expect("GET /b/" + canary + "?c=1 HTTP/1.1\r\n")
        .expect_request()
        .send(reply("200 OK", canary, fields));
    const http_response seen = test.send(get()).reply;
    CHECK(seen.body() == canary);
    CHECK(seen.headers().find("X-Request-Id") == "***");
    CHECK(seen.headers().find("X-HF-Warning") == "t; ***");

    test.server()
        .expect_request()
        .send(reply("307 Elsewhere", "", "Location: /" + canary + "\r\n"))
        .expect_request()
        .send("garbage");
    test.network->peers().front()->broken = true;
    const outcome failed = test.send(get());
    CHECK(failed.kind() == errc::protocol_error);
    CHECK(describe(failed.failure).find("https://hub.example/***") != std::string::npos);
}

// Bounds on connections.

namespace {

/// Starts `count` requests at once and gives how they ended, in order.
std::vector<outcome> send_together(fixture& test, const std::vector<http_request>& requests) {
    std::vector<outcome> results(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        initiate(test.context.get_executor(), test.client.send(requests[i]),
                 [&result = results[i]](std::exception_ptr failure, http_response reply) {
                     result.reply = std::move(reply);
                     result.failure = std::move(failure);
                     result.ended = true;
                 });
    }
    run_virtual(test.context, *test.seams.clock);
    return results;
}

}  // namespace

TEST_CASE("many requests at once share the connections that the bound allows") {
    fixture test(retry_policy(), memory_budget::default_limit, connection_limits().per_origin(3));
    for (int i = 0; i < 3; ++i) {
        script& server = test.server();
        for (int reply = 0; reply < 10; ++reply) server.expect_request().delay(1s).send(ok);
    }
    for (const outcome& result : send_together(test, std::vector<http_request>(30, get())))
        CHECK(result.reply.body() == "ok");
    CHECK(test.connections() == 3);
    CHECK(test.elapsed() == 10s);
}

TEST_CASE("idle connections count, and the oldest make room for another origin") {
    fixture test(retry_policy(), memory_budget::default_limit, connection_limits().total(2));
    test.server().expect_request().send(ok);
    test.server().expect_request().send(ok);
    test.server().expect_request().send(ok);
    test.send(get());
    test.send(get("https://other.example/a"));
    CHECK(test.network->open() == 2);
    test.send(get("https://third.example/a"));
    CHECK(test.network->open() == 2);
    CHECK(test.network->peers()[0]->closed);
}

TEST_CASE("a client that runs out of descriptors closes what is idle, makes fewer connections and goes on") {
    fixture test;
    test.server().expect_request().send(ok);
    test.send(get("https://other.example/a"));
    CHECK(test.network->open() == 1);
    test.server().expect_request().delay(5s).send(ok).expect_request().send(ok);
    test.server().refuse(errc::too_many_open_files);
    const std::vector<outcome> results = send_together(test, {get(), get()});
    CHECK(results[0].reply.body() == "ok");
    CHECK(results[1].reply.body() == "ok");  // it waited for the first one's connection
    CHECK(test.network->peers()[0]->closed);
    CHECK(test.connections() == 3);
    CHECK(test.elapsed() == 5s);
}

// The trace.

TEST_CASE("the trace tells what happened and why") {
    fixture test(retry_policy(backoff(1ms, 1ms)));
    test.server().refuse(errc::timed_out);
    test.server()
        .expect_request()
        .send(reply("503 Busy", "", "X-Request-Id: r-7\r\n"))
        .expect_request()
        .send(reply("302 Found", "", "Location: /b?sig=" + canary + "\r\n"))
        .expect_request()
        .delay(20ms)
        .send(ok);
    CHECK(test.send(get("https://hub.example/a?q=" + canary)).reply.body() == "ok");
    using enum trace_kind;
    CHECK(test.kinds() == std::vector{connection_failed, retry, connection_opened, request, reply, retry,
                                      connection_reused, request, reply, redirect, connection_reused, request, reply});
    const std::vector<trace_event> events = test.client.trace();
    CHECK(events[1].reason().find("no connection") != std::string::npos);
    CHECK(events[3].about() == "GET https://hub.example/a?q=***");
    CHECK(events[4].status() == 503);
    CHECK(events[4].request_id() == "r-7");
    CHECK(events[4].attempt() == 2);
    CHECK(events[5].reason() == "https://hub.example/a?q=***: HTTP 503");
    CHECK(events[9].about() == "https://hub.example/b?sig=***");
    CHECK(events[12].took() == 20ms);
    CHECK(events[12].received() == ok.size());
    CHECK(events[12].sent() == test.received(1).size() - test.received(1).rfind("GET "));
    CHECK(events[12].attempt() == 3);
    CHECK(events[12].request() == 1);
}

TEST_CASE("a failure is in the trace with its bytes, and the trace can be switched off") {
    fixture test(once);
    test.server().expect_request().send("HTTP/1.1 2").reset();
    test.send(get());
    const trace_event last = test.client.trace().back();
    CHECK(last.kind() == trace_kind::failure);
    CHECK(last.received() == 10);
    CHECK(last.reason().find("reset by the peer") != std::string::npos);

    http_client silent(test.seams.get(), test.network, test.budget, once, connection_limits(), trace_events(0));
    test.server().expect_request().send(ok);
    initiate(test.context.get_executor(), silent.send(get()), [](std::exception_ptr, const http_response&) {});
    run_virtual(test.context, *test.seams.clock);
    CHECK(silent.trace().empty());
}

// Every place where something can happen.

TEST_CASE("a cut at any byte of the answer is never a success, and is repaired by a second attempt") {
    enum class cut { close, reset, silence };
    const cut how = GENERATE(cut::close, cut::reset, cut::silence);
    const bool upload = GENERATE(false, true);
    const std::string whole = reply("200 OK", "hello", "X-A: b\r\n");
    const auto make = [&] { return upload ? put(std::make_shared<pattern_source>(100)) : get(); };
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length, upload, static_cast<int>(how));
        const int tries = 1 + static_cast<int>(length % 2);
        fixture test{retry_policy(attempts(tries))};
        script& server = test.server().expect_request().send(whole.substr(0, length));
        if (how == cut::close) server.close();
        if (how == cut::reset) server.reset();
        if (tries == 2) test.server().expect_request().send(whole);
        const outcome result = test.send(make());
        if (tries == 2) {
            REQUIRE(result.reply.body() == "hello");
        } else {
            REQUIRE(result.kind() == (how == cut::silence ? errc::timed_out : errc::transport));
            REQUIRE(result.reached_server());
        }
    }
}

TEST_CASE("a reset at any byte of the request is repaired by a second attempt") {
    const std::string head(request_head(put(std::make_shared<pattern_source>(100))).reveal());
    for (std::size_t length = 0; length <= head.size() + 100; ++length) {
        CAPTURE(length);
        fixture test;
        test.server().piecewise(1 + length % 7).expect_bytes(length).reset();
        test.server().expect_request().send(ok);
        REQUIRE(test.send(put(std::make_shared<pattern_source>(100))).reply.body() == "ok");
    }
}

TEST_CASE("whichever operation fails, a second attempt repairs it") {
    for (std::size_t failing = 1; failing < 40; ++failing) {
        CAPTURE(failing);
        fixture test;
        const auto body = std::make_shared<pattern_source>(1 << 20);
        test.network->on_operation([&](std::size_t number) {
            if (number == failing) throw_error(errc::transport, "injected");
        });
        for (int i = 0; i < 2; ++i) test.server().piecewise(100'000).expect_request().send(ok);
        REQUIRE(test.send(put(body)).reply.body() == "ok");
    }
}

TEST_CASE("cancellation at any operation ends the request, closes the connection and leaves nothing behind") {
    const auto type =
        GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total);
    const auto body = std::make_shared<pattern_source>(1 << 20);
    std::size_t operations = 0;
    for (std::size_t stopping = 0; stopping <= operations; ++stopping) {  // 0: undisturbed, to count them
        CAPTURE(stopping);
        fixture test;
        test.network->on_operation([&](std::size_t number) {
            if (number == stopping) test.stop.emit(type);
        });
        test.server().piecewise(100'000).expect_request().delay(1s).send(ok);
        const outcome result = test.send(put(body));
        if (stopping == 0) {
            operations = test.network->operations();
            REQUIRE(operations > 10);
        } else {
            REQUIRE(result.kind() == errc::cancelled);
            REQUIRE(test.network->open() == 0);
        }
    }
}

TEST_CASE("cancellation between two attempts ends the wait") {
    fixture test(retry_policy(backoff(30s, 30s)));
    test.server().expect_request().send(reply("503 Busy", "", "Retry-After: 100\r\n"));
    const auto wake_up = test.seams.clock->make_timer(test.context.get_executor());
    wake_up->start(test.seams.clock->now() + 5s, [&] { test.stop.emit(asio::cancellation_type::terminal); });
    CHECK(test.send(get()).kind() == errc::cancelled);
    CHECK(test.elapsed() == 5s);
}

TEST_CASE("an io_context may be destroyed at any step of a request") {
    bool ended = false;
    for (std::size_t steps = 0; !ended; ++steps) {
        test_seams seams;
        const auto network = std::make_shared<scripted_connector>(seams.clock);
        network->next().piecewise(100'000).expect_request().send(ok);
        memory_budget budget;
        {
            asio::io_context context;
            http_client client(seams.get(), network, budget, retry_policy());
            initiate(context.get_executor(), client.send(put(std::make_shared<pattern_source>(1 << 20))),
                     [&](std::exception_ptr, const http_response&) { ended = true; });
            for (std::size_t step = 0; step < steps; ++step) context.poll_one();
        }
        REQUIRE(budget.used() == 0);
        REQUIRE(network->open() == 0);
        REQUIRE(steps < 1000);
    }
}
