#include <hubpush/local_hub/served_connection.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>

#include <asio/write.hpp>

#include <chrono>
#include <span>
#include <string_view>

namespace {

using namespace hubpush;
using hubpush::detail::connection_lost;
using hubpush::detail::served_connection;

task<void> read_body(served_connection& connection, bool& lost) {
    try {
        co_await connection.next_piece();
    } catch (const connection_lost&) {
        lost = true;
    }
}

task<void> send_text(served_connection& connection, std::string_view text) {
    co_await connection.send(std::as_bytes(std::span(text)), std::span<const std::byte>());
}

}  // namespace

CO_TEST_CASE("a peer that sends no body is given up, whatever is sent to it", "[served_connection]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const asio::ip::tcp::endpoint anywhere(asio::ip::address_v4::loopback(), 0);
    asio::ip::tcp::acceptor acceptor(executor, anywhere);
    asio::ip::tcp::socket peer(executor);
    co_await peer.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
    asio::ip::tcp::socket accepted = co_await acceptor.async_accept(asio::use_awaitable);
    const seams real_time;
    served_connection connection(std::move(accepted), real_time.clock(), memory_budget(mebibytes(1)),
                                 std::chrono::milliseconds(100));
    const std::string_view head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
    co_await asio::async_write(peer, asio::buffer(head), asio::use_awaitable);
    const bool begun = co_await connection.next_head();
    REQUIRE(begun);
    bool lost = false;
    task_group directions(executor);
    directions.spawn(read_body(connection, lost));
    directions.spawn(send_text(connection, "an answer"));
    co_await directions.join();
    CHECK(lost);
}
