#pragma once

#include "tls_server.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>

#include <asio/read_until.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace hubpush_test {

/// A proxy for tests: whatever it is asked for, it connects to one port on this machine; with 0, to the port that was
/// asked for. Keeps every byte it sees.
class tiny_proxy : public std::enable_shared_from_this<tiny_proxy> {
public:
    using tcp = asio::ip::tcp;

    tiny_proxy(asio::any_io_executor executor, std::uint16_t target_port)
        : acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          target_port_(target_port),
          port_(acceptor.local_endpoint().port()) {}

    tcp::acceptor acceptor;
    std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n";
    bool speaks_first = false;        ///< answers before it was asked
    const identity* shows = nullptr;  ///< the certificate of a proxy that is reached over TLS
    std::vector<std::string> heads;   ///< what it was asked for
    std::string passed;               ///< what went through, in both directions

    std::uint16_t port() const noexcept { return port_; }

    /// Serves connections until the acceptor is closed.
    hubpush::task<void> run() {
        const std::shared_ptr<tiny_proxy> self = shared_from_this();
        hubpush::task_group group(co_await asio::this_coro::executor);
        for (;;) {
            std::error_code failure;
            tcp::socket client = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failure));
            if (failure) break;
            group.spawn(serve_one(self, std::move(client)));
        }
        group.cancel();
        co_await group.join();
    }

private:
    static hubpush::task<void> serve_one(std::shared_ptr<tiny_proxy> self, tcp::socket client) {
        if (self->shows == nullptr) {
            co_await self->serve_stream(client);
            co_return;
        }
        asio::ssl::context context(asio::ssl::context::tls_server);
        server_plan plan;
        prepare_server(context.native_handle(), *self->shows, plan);
        asio::ssl::stream<tcp::socket> stream(std::move(client), context);
        std::error_code failure;
        co_await stream.async_handshake(asio::ssl::stream_base::server,
                                        asio::redirect_error(asio::use_awaitable, failure));
        if (!failure) co_await self->serve_stream(stream);
    }

    template <class Stream>
    hubpush::task<void> serve_stream(Stream& client) {
        std::error_code failure;
        std::string head;
        if (!speaks_first)
            co_await asio::async_read_until(client, asio::dynamic_buffer(head, 8192), "\r\n\r\n",
                                            asio::redirect_error(asio::use_awaitable, failure));
        if (failure) co_return;
        heads.push_back(head);
        co_await asio::async_write(client, asio::buffer(answer), asio::redirect_error(asio::use_awaitable, failure));
        if (failure || answer.find(" 200 ") == std::string::npos) co_return;
        tcp::socket target(client.get_executor());
        const std::uint16_t port = target_port_ != 0 ? target_port_ : port_of(head);
        co_await target.async_connect(tcp::endpoint(asio::ip::address_v4::loopback(), port),
                                      asio::redirect_error(asio::use_awaitable, failure));
        if (failure) co_return;
        hubpush::task_group both(co_await asio::this_coro::executor);
        both.spawn(relay(client, target));
        both.spawn(relay(target, client));
        co_await both.join();
    }

    static std::uint16_t port_of(const std::string& head) {
        return static_cast<std::uint16_t>(std::stoul(head.substr(head.find(':') + 1)));
    }

    template <class From, class To>
    hubpush::task<void> relay(From& from, To& to) {
        std::array<char, 4096> buffer{};
        std::error_code failure;
        while (!failure) {
            const std::size_t count =
                co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failure));
            passed.append(buffer.data(), count);
            if (count != 0) {
                co_await asio::async_write(to, asio::buffer(buffer.data(), count),
                                           asio::redirect_error(asio::use_awaitable, failure));
            }
        }
        std::error_code ignored;
        from.lowest_layer().close(ignored);
        to.lowest_layer().close(ignored);
    }

    std::uint16_t target_port_;
    std::uint16_t port_;
};

}  // namespace hubpush_test
