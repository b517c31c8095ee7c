#pragma once

/// \file
/// Opening connections: the seam through which `net/` reaches the network, and its production form on sockets and TLS.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/net/address_guard.hpp>
#include <hubpush/net/byte_stream.hpp>
#include <hubpush/net/proxy.hpp>
#include <hubpush/net/resolver.hpp>
#include <hubpush/net/tls_options.hpp>
#include <hubpush/net/url.hpp>

#include <chrono>
#include <memory>

namespace hubpush::inline v0 {

/// Opens connections.
class connector {
public:
    virtual ~connector() = default;
    /// A connection to `where`, ready for a request: over TLS with a verified peer when the scheme is https. Throws
    /// `errc::transport`, `timed_out`, `name_not_found`, `tls_failed`, `proxy_failed`, `private_address`,
    /// `too_many_open_files`, or, when a proxy's answer cannot be read, `protocol_error` or `limit_exceeded`, all with
    /// `reached_server()` false. Cancellation: all types; throws `cancelled`.
    virtual task<std::unique_ptr<byte_stream>> connect(origin where) = 0;
};

/// The numbers of spec/reliability.md §3.4 and §3.5.
inline constexpr std::chrono::milliseconds connect_limit{10'000};    ///< look-up and connect together; also a proxy's
inline constexpr std::chrono::milliseconds handshake_limit{15'000};  ///< TLS
inline constexpr std::chrono::milliseconds next_address_after{250};  ///< RFC 8305

/// Sockets, proxies and TLS. Reads the certificate authorities here and now; when they are unusable every https
/// connection fails with `tls_failed` and says so. Sockets are close-on-exec; TLS is 1.2 or newer, verified, without
/// renegotiation, and speaks HTTP/1.1 only. `guard` judges where targets lead, not where proxies are. Belongs to one
/// strand.
HUBPUSH_DECL std::shared_ptr<connector> network_connector(seams seams, tls_options tls, std::shared_ptr<resolver> names,
                                                          proxy_settings proxies = proxy_settings(),
                                                          address_guard guard = address_guard());

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/connector.ipp>
#endif
