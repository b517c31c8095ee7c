#pragma once

/// \file
/// Connections on sockets, and what they share with those over TLS.

#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/byte_stream.hpp>

#include <cerrno>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

#include <sys/socket.h>

namespace hubpush::inline v0::detail {

/// A cancelled coroutine says so; a stream that was closed from our side (a deadline) looks like a broken one, and
/// whoever closed it knows better.
inline task<void> throw_stream_failure(std::error_code failure) {
    co_await throw_if_cancelled();
    throw_error(errc::transport, "the connection broke: " + failure.message(), error_details().retryable(true));
}

/// Both kinds of stream read and write alike. Cancellation that comes while a completed operation waits in the queue
/// does not fail that operation, so the next one asks first.
template <class Stream>
task<std::size_t> read_from(Stream& stream, std::span<std::byte> out) {
    co_await throw_if_cancelled();
    std::error_code failure;
    const std::size_t count = co_await stream.async_read_some(asio::buffer(out.data(), out.size()),
                                                              asio::redirect_error(asio::use_awaitable, failure));
    if (failure && failure != asio::error::eof) co_await throw_stream_failure(failure);
    co_return count;
}

template <class Stream>
task<std::size_t> write_to(Stream& stream, std::span<const std::byte> data) {
    co_await throw_if_cancelled();
    std::error_code failure;
    const std::size_t count = co_await stream.async_write_some(asio::buffer(data.data(), data.size()),
                                                               asio::redirect_error(asio::use_awaitable, failure));
    if (failure) co_await throw_stream_failure(failure);
    co_return count;
}

/// The socket is looked at without TLS: anything unread there, be it an alert or the end, makes the connection
/// unusable.
inline bool nothing_to_read(asio::ip::tcp::socket& socket) noexcept {
    char byte = 0;
    const ssize_t count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

inline void close_quietly(asio::ip::tcp::socket& socket) noexcept {
    std::error_code ignored;
    socket.close(ignored);
}

class tcp_stream final : public byte_stream {
public:
    explicit tcp_stream(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    task<std::size_t> read_some(std::span<std::byte> out) override { return read_from(socket_, out); }
    task<std::size_t> write_some(std::span<const std::byte> data) override { return write_to(socket_, data); }
    void close() noexcept override { close_quietly(socket_); }
    bool quiet() noexcept override { return socket_.is_open() && nothing_to_read(socket_); }

private:
    asio::ip::tcp::socket socket_;
};

}  // namespace hubpush::inline v0::detail
