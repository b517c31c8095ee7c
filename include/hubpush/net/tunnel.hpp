#pragma once

/// \file
/// The dialogue with a proxy that turns a connection to it into one to somebody else.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/net/byte_stream.hpp>
#include <hubpush/net/proxy.hpp>
#include <hubpush/net/url.hpp>

#include <memory>

namespace hubpush::inline v0::detail {

/// Asks the proxy at the other end of `stream` for a tunnel to `target` and gives the tunnel; nothing has been read
/// from it. Throws `proxy_failed`, `transport`, `protocol_error` or `limit_exceeded`, all with `reached_server()`
/// false. It waits as long as it takes: the caller sets a deadline. Cancellation: all types; throws `cancelled`.
HUBPUSH_DECL task<std::unique_ptr<byte_stream>> open_tunnel(std::unique_ptr<byte_stream> stream, proxy via,
                                                            origin target);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/tunnel.ipp>
#endif
