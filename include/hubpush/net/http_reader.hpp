#pragma once

/// \file
/// Reads one HTTP/1.1 reply without doing any I/O: bytes in, a complete response out, everything else refused.

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/http_message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>

namespace hubpush::inline v0 {

/// One reply, however its bytes are split. llhttp does the parsing; what it accepts and a careful client must not
/// (spec/reliability.md §2.1) is refused here. After a failure the connection is poisoned. Not thread-safe.
class http_reader {
public:
    static constexpr std::size_t head_limit = 64 * 1024;     ///< bytes of status line and fields
    static constexpr std::size_t field_limit = 256;          ///< number of fields
    static constexpr std::size_t interim_limit = 8;          ///< number of 1xx replies before the real one
    static constexpr std::size_t framing_limit = 16 * 1024;  ///< bytes of chunk extensions and trailers

    /// `to_head`: the request was a HEAD, so that no body follows. `body_limit`: the most bytes of body to keep.
    HUBPUSH_DECL http_reader(bool to_head, std::uint64_t body_limit);
    http_reader(const http_reader&) = delete;
    http_reader& operator=(const http_reader&) = delete;
    HUBPUSH_DECL ~http_reader();

    /// Takes the next bytes. `errc::protocol_error` or `limit_exceeded` when the reply is refused; `problem()` says
    /// why.
    HUBPUSH_DECL std::error_code feed(std::span<const std::byte> bytes);

    /// The peer has closed its side in an orderly way: the end of a body that has no length, in all other places
    /// `errc::transport`.
    HUBPUSH_DECL std::error_code end_of_stream();

    /// Bytes of the final reply have arrived, or some that may be: an interim reply does not count once it is whole.
    HUBPUSH_DECL bool started() const noexcept;
    HUBPUSH_DECL bool complete() const noexcept;
    /// The reply is complete, nothing came after it, and the peer keeps the connection open.
    HUBPUSH_DECL bool reusable() const noexcept;
    /// More came after the complete reply.
    HUBPUSH_DECL bool has_leftover() const noexcept;
    /// What was wrong, in words.
    HUBPUSH_DECL std::string_view problem() const noexcept;

    /// The complete reply; once.
    HUBPUSH_DECL http_response take();

private:
    struct parser;
    std::unique_ptr<parser> parser_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/http_reader.ipp>
#endif
