#pragma once

/// \file
/// Keeps a server from sending its clients into their own network (spec/reliability.md SEC06).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/net/resolver.hpp>
#include <hubpush/net/url.hpp>

#include <asio/ip/address.hpp>

namespace hubpush::inline v0 {

/// Lets the client of a public endpoint reach private addresses all the same, where a Hub on the Internet keeps its
/// storage inside the user's network.
class allow_private_addresses {};

namespace detail {

/// May anybody on the Internet have this address? Not so loopback, private, shared, link-local, site-local, multicast,
/// reserved and unspecified ones; addresses of IPv6 that hold one of IPv4 are judged by that.
HUBPUSH_DECL bool is_public_address(const asio::ip::address& address);

}  // namespace detail

/// Judges where connections lead. The endpoint may be anywhere; a server behind a public one may name no place with a
/// private address. Judged are the resolved addresses, at every connection, so that a name whose address changes helps
/// nobody. An endpoint without any public address (this machine, on-premises) may name every place. Through a proxy
/// only addresses in the URL are seen here: there the proxy resolves names and decides. Belongs to one strand.
class address_guard {
public:
    /// Every place may be reached.
    address_guard() = default;
    explicit address_guard(origin endpoint) : endpoint_(std::move(endpoint)), active_(true) {}

    /// Removes the addresses that a connection to `where` must not use. Throws `private_address` when none is left.
    HUBPUSH_DECL void filter(const origin& where, resolver::addresses& addresses);
    /// The same by the text of `where` alone.
    HUBPUSH_DECL void check_literal(const origin& where);

private:
    origin endpoint_;
    bool active_ = false;
    bool endpoint_is_private_ = false;  // unknown is public
    bool endpoint_was_public_ = false;  // and stays it
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/address_guard.ipp>
#endif
