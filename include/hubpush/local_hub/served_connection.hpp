#pragma once

/// \file
/// One accepted connection: bytes in through the request reader, bytes out, a deadline on every wait.

#include <hubpush/async/timing.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/request_reader.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

namespace hubpush::inline v0::detail {

/// Thrown when the peer is gone or silent for too long: nobody is left to answer.
class connection_lost : public std::exception {
public:
    const char* what() const noexcept override { return "the connection is gone"; }
};

/// Belongs to one coroutine, or to one that reads and one that sends. While it waits for a request it holds no buffer;
/// during an exchange it holds one lease, half for input and half for whoever handles the request.
class served_connection {
public:
    static constexpr std::size_t half_size = 256 * 1024;

    HUBPUSH_DECL served_connection(asio::ip::tcp::socket socket, clock& clock, memory_budget budget,
                                   std::chrono::milliseconds silence_limit);

    /// Waits for the head of the next request. False when the peer has closed between two requests. When the bytes are
    /// no request, `reader().failure_status()` is set. Throws `connection_lost`, `cancelled`.
    HUBPUSH_DECL task<bool> next_head();

    /// The next piece of the body, inside the connection's own buffer and valid until the next call; empty at its end.
    /// Throws `connection_lost` when the body does not come to its end, or is not framed as announced.
    HUBPUSH_DECL task<std::span<const std::byte>> next_piece();

    /// Sends both, in this order.
    HUBPUSH_DECL task<void> send(std::span<const std::byte> first, std::span<const std::byte> second);

    request_reader& reader() noexcept { return reader_; }
    /// The other half of the buffer.
    std::span<std::byte> scratch() const noexcept { return buffer_.bytes().subspan(half_size); }

    /// Ends the connection so that the peer sees a reset.
    HUBPUSH_DECL void reset() noexcept;
    /// Says that nothing more will be sent, and waits a little for the peer to close, so that an answer to a request
    /// that was not read to its end is not lost in a reset.
    HUBPUSH_DECL task<void> linger();
    /// Keeps the connection open without reading until it breaks or the server ends.
    HUBPUSH_DECL task<void> stall();

private:
    HUBPUSH_DECL task<bool> wait_for_bytes();
    HUBPUSH_DECL task<bool> receive();
    HUBPUSH_DECL task<request_reader::event> next_event();

    std::shared_ptr<asio::ip::tcp::socket> socket_;
    deadline reading_;  // one for each direction: a git client is answered while it still sends
    deadline writing_;
    std::chrono::milliseconds silence_limit_;
    memory_budget budget_;
    lease buffer_;
    std::span<const std::byte> unread_;
    request_reader reader_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/served_connection.ipp>
#endif
