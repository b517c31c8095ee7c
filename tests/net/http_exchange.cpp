#include <hubpush/net/http_exchange.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/net/http_client.hpp>

#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <string>

using namespace hubpush;
using asio::ip::tcp;

// What only real sockets show; everything else about an exchange is in http_client.cpp, on scripted ones.

namespace {

class zeros final : public byte_source {
public:
    explicit zeros(std::uint64_t size) : size_(size) {}
    std::uint64_t size() const noexcept override { return size_; }
    task<std::size_t> read_at(std::uint64_t, std::span<std::byte> out) override {
        std::fill(out.begin(), out.end(), std::byte{0});
        co_return out.size();
    }

private:
    std::uint64_t size_;
};

tcp::acceptor listen(const asio::any_io_executor& executor) {
    return tcp::acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
}

http_client make_client() {
    return http_client(seams(), network_connector(seams(), tls_options(), system_resolver()), memory_budget(),
                       retry_policy(attempts(1)));
}

http_request put(const tcp::acceptor& acceptor, std::uint64_t size) {
    const url target(origin("http", "127.0.0.1", acceptor.local_endpoint().port()), "/object");
    return http_request("PUT", target, request_class::idempotent).body(std::make_shared<zeros>(size));
}

/// Reads about 50 kB, refuses, and resets the connection while the client still sends.
task<void> refuse_early(tcp::acceptor& acceptor) {
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    std::array<char, 50'000> some{};
    co_await asio::async_read(peer, asio::buffer(some), asio::use_awaitable);
    const std::string answer = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno";
    co_await asio::async_write(peer, asio::buffer(answer), asio::use_awaitable);
    peer.close();  // with unread bytes: this is a reset
}

task<void> swallow(tcp::acceptor& acceptor, std::uint64_t size, int requests) {
    tcp::socket peer = co_await acceptor.async_accept(asio::use_awaitable);
    std::array<char, 65'536> buffer{};
    for (int i = 0; i < requests; ++i) {
        std::string head;
        std::uint64_t missing = size;
        const std::size_t head_size =
            co_await asio::async_read_until(peer, asio::dynamic_buffer(head), "\r\n\r\n", asio::use_awaitable);
        missing -= head.size() - head_size;
        while (missing != 0) missing -= co_await peer.async_read_some(asio::buffer(buffer), asio::use_awaitable);
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        co_await asio::async_write(peer, asio::buffer(answer), asio::use_awaitable);
    }
}

}  // namespace

CO_TEST_CASE("an answer that a server sends before it resets the connection is read, on real sockets") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    http_client client = make_client();
    for (int round = 0; round < 20; ++round) {
        tcp::acceptor acceptor = listen(executor);
        task_group server(executor);
        server.spawn(refuse_early(acceptor));
        const http_response reply = co_await client.send(put(acceptor, 50 << 20));
        CHECK(reply.status() == 413);
        CHECK(reply.body() == "no");
        co_await server.join();
    }
}

CO_TEST_CASE("a large body goes through a real connection, which is then used again") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    http_client client = make_client();
    tcp::acceptor acceptor = listen(executor);
    task_group server(executor);
    server.spawn(swallow(acceptor, 20 << 20, 2));
    for (int i = 0; i < 2; ++i) {
        const http_response reply = co_await client.send(put(acceptor, 20 << 20));
        CHECK(reply.body() == "ok");
    }
    co_await server.join();
}

TEST_CASE("a request on a real connection can be cancelled in the middle of its body") {
    asio::io_context context;
    http_client client = make_client();
    tcp::acceptor acceptor = listen(context.get_executor());  // accepts by itself and reads nothing
    asio::cancellation_signal stop;
    std::exception_ptr outcome;
    std::uint64_t sent = 0;
    http_request request = put(acceptor, std::uint64_t{1} << 30);
    request.on_progress([&](std::uint64_t count) {
        sent = count;
        if (count > 1'000'000) stop.emit(asio::cancellation_type::total);
    });
    initiate(context.get_executor(), client.send(std::move(request)),
             asio::bind_cancellation_slot(
                 stop.slot(), [&](std::exception_ptr failure, const http_response&) { outcome = failure; }));
    context.run_for(std::chrono::seconds(30));
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK(sent < 3'000'000);
}
