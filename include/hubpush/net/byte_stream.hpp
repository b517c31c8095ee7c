#pragma once

/// \file
/// An open connection, whatever carries it.

#include <hubpush/core/asio.hpp>

#include <cstddef>
#include <span>

namespace hubpush::inline v0 {

/// An open connection. One read and one write may be pending at the same time, all on one strand.
class byte_stream {
public:
    virtual ~byte_stream() = default;

    /// Reads at least one byte; 0 when the peer has closed its side in an orderly way. Throws `errc::transport` when
    /// the connection broke or was closed. Cancellation: all types; throws `cancelled`.
    virtual task<std::size_t> read_some(std::span<std::byte> out) = 0;
    /// Writes at least one byte of `data`. Throws and is cancelled like `read_some`.
    virtual task<std::size_t> write_some(std::span<const std::byte> data) = 0;
    /// Ends the connection; pending operations fail with `errc::transport`.
    virtual void close() noexcept = 0;
    /// The connection is open and nothing unread has arrived, neither bytes nor its end. Does not wait.
    virtual bool quiet() noexcept = 0;
};

}  // namespace hubpush::inline v0
