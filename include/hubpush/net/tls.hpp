#pragma once

/// \file
/// TLS for connections: whose certificates are accepted, and the handshake.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/net/byte_stream.hpp>
#include <hubpush/net/tls_options.hpp>
#include <hubpush/net/url.hpp>

#include <asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace hubpush::inline v0::detail {

/// The trust of one connector. Read once, here; when the authorities cannot be read no connection is made.
class tls_trust {
public:
    HUBPUSH_DECL explicit tls_trust(const tls_options& options);

    const std::shared_ptr<asio::ssl::context>& context() const noexcept { return context_; }
    /// Where the authorities come from, for messages.
    const std::string& source() const noexcept { return source_; }
    /// Throws `tls_failed` unless the authorities could be read.
    HUBPUSH_DECL void require_usable() const;

private:
    std::shared_ptr<asio::ssl::context> context_;
    std::string source_;
    bool usable_ = false;
};

/// Speaks TLS on a connected socket as a client of `where`, with everything that ties the connection to that host.
/// Throws `tls_failed`, or `errc::transport` when the connection broke. Cancellation: all types; throws `cancelled`.
HUBPUSH_DECL task<std::unique_ptr<byte_stream>> start_tls(asio::ip::tcp::socket socket, origin where,
                                                          std::shared_ptr<const tls_trust> trust);
/// The same on any stream: through the tunnel of a proxy, or in a test without sockets.
HUBPUSH_DECL task<std::unique_ptr<byte_stream>> start_tls(std::unique_ptr<byte_stream> carrier, origin where,
                                                          std::shared_ptr<const tls_trust> trust);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/tls.ipp>
#endif
