#pragma once

#include <hubpush/async/task.hpp>
#include <hubpush/local_hub/served_connection.hpp>

#include <asio/socket_base.hpp>
#include <asio/write.hpp>

#include <functional>

namespace hubpush::inline v0::detail {

/// What a deadline of a connection does.
inline std::function<void()> closing(const std::shared_ptr<asio::ip::tcp::socket>& socket) {
    return [socket] {
        std::error_code ignored;
        socket->close(ignored);
    };
}

HUBPUSH_DECL served_connection::served_connection(asio::ip::tcp::socket socket, clock& clock, memory_budget budget,
                                                  std::chrono::milliseconds silence_limit)
    : socket_(std::make_shared<asio::ip::tcp::socket>(std::move(socket))),
      reading_(clock, socket_->get_executor(), closing(socket_)),
      writing_(clock, socket_->get_executor(), closing(socket_)),
      silence_limit_(silence_limit),
      budget_(std::move(budget)) {}

HUBPUSH_DECL task<bool> served_connection::next_head() {
    if (unread_.empty() && reader_.idle()) {
        buffer_ = lease();
        if (!co_await wait_for_bytes()) co_return false;
    }
    if (!buffer_) {
        lease fresh = co_await budget_.acquire(2 * half_size);
        buffer_ = std::move(fresh);
    }
    for (;;) {
        const request_reader::event event = reader_.next(unread_);
        if (event != request_reader::event::need_more) co_return true;
        if (co_await receive()) continue;
        if (reader_.idle()) co_return false;
        throw connection_lost();
    }
}

HUBPUSH_DECL task<request_reader::event> served_connection::next_event() {
    for (;;) {
        const request_reader::event event = reader_.next(unread_);
        if (event != request_reader::event::need_more) co_return event;
        if (!co_await receive()) throw connection_lost();
    }
}

HUBPUSH_DECL task<std::span<const std::byte>> served_connection::next_piece() {
    const request_reader::event event = co_await next_event();
    if (event == request_reader::event::failed) throw connection_lost();
    if (event == request_reader::event::end) co_return std::span<const std::byte>();
    co_return reader_.body();
}

// Each operation asks first: a cancellation that came during work on the pool ends no operation that begins after it.

/// Between two requests: without a buffer, so that idle connections cost nothing.
HUBPUSH_DECL task<bool> served_connection::wait_for_bytes() {
    co_await throw_if_cancelled();
    std::error_code failed;
    reading_.expires_after(silence_limit_);
    co_await socket_->async_wait(asio::socket_base::wait_read, asio::redirect_error(asio::use_awaitable, failed));
    reading_.cancel();
    co_await throw_if_cancelled();
    co_return !failed;
}

HUBPUSH_DECL task<bool> served_connection::receive() {
    co_await throw_if_cancelled();
    std::error_code failed;
    reading_.expires_after(silence_limit_);
    const asio::mutable_buffer room(buffer_.bytes().data(), half_size);
    const std::size_t size = co_await socket_->async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
    reading_.cancel();
    co_await throw_if_cancelled();
    if (failed && failed != asio::error::eof) throw connection_lost();
    unread_ = buffer_.bytes().first(size);
    co_return !failed;
}

HUBPUSH_DECL task<void> served_connection::send(std::span<const std::byte> first, std::span<const std::byte> second) {
    co_await throw_if_cancelled();
    const std::array<asio::const_buffer, 2> parts{asio::const_buffer(first.data(), first.size()),
                                                  asio::const_buffer(second.data(), second.size())};
    std::error_code failed;
    writing_.expires_after(silence_limit_);
    co_await asio::async_write(*socket_, parts, asio::redirect_error(asio::use_awaitable, failed));
    writing_.cancel();
    co_await throw_if_cancelled();
    if (failed) throw connection_lost();
}

HUBPUSH_DECL void served_connection::reset() noexcept {
    std::error_code ignored;
    socket_->set_option(asio::socket_base::linger(true, 0), ignored);
    socket_->close(ignored);
}

HUBPUSH_DECL task<void> served_connection::linger() {
    co_await throw_if_cancelled();
    std::error_code failed;
    socket_->shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    reading_.expires_after(std::chrono::seconds(2));
    while (!failed && buffer_) {
        const asio::mutable_buffer room(buffer_.bytes().data(), half_size);
        co_await socket_->async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
    }
    reading_.cancel();
    socket_->close(failed);
}

HUBPUSH_DECL task<void> served_connection::stall() {
    co_await throw_if_cancelled();
    buffer_ = lease();
    unread_ = {};
    std::error_code broken;
    co_await socket_->async_wait(asio::socket_base::wait_error, asio::redirect_error(asio::use_awaitable, broken));
    co_await throw_if_cancelled();
    throw connection_lost();
}

}  // namespace hubpush::inline v0::detail
