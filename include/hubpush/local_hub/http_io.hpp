#pragma once

/// \file
/// The two ends of one HTTP exchange as the embedded Hub's handlers see them: where the request body comes from and
/// where the answer goes. The server implements both; tests implement them in memory.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The body of one request, already freed of its transfer coding (not of its content coding). One reader, one strand.
class body_reader {
public:
    virtual ~body_reader() = default;

    /// Reads some bytes into `out` (never empty) and gives their number; 0 at the end of the body, and again when asked
    /// again. Throws when the body ends before its announced length.
    virtual task<std::size_t> read_some(std::span<std::byte> out) = 0;
};

/// The answer to one request: `head()` once, then any number of `write()`s. The server frames the body (by the
/// `Content-Length` in the fields, or chunked without one) and ends it when the handler returns. One strand.
class response_writer {
public:
    virtual ~response_writer() = default;

    /// Sends status and header fields (name, value). Throws when the peer is gone.
    virtual task<void> head(int status, std::vector<std::pair<std::string, std::string>> fields) = 0;

    /// Sends bytes of the body; `bytes` is valid until the awaitable completes. Completes when more may be written.
    virtual task<void> write(std::span<const std::byte> bytes) = 0;
};

}  // namespace hubpush::inline v0
