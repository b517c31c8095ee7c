#pragma once

/// \file
/// HTTP proxies: which connections go through one, and what is said to it. Nothing here touches a connection.

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/url.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0 {

/// A proxy that opens tunnels (CONNECT, RFC 9110 §9.3.6): `proxy("http://user:password@host:3128")`. Also a client
/// option, which then goes before the environment, NO_PROXY included: `proxy()` means none, whatever the variables say.
///
/// Every target is reached through a tunnel, also one that is plain http, so that the proxy is handed no request and no
/// token. The proxy resolves the target's name. Its user and password are told to nobody else.
class proxy {
public:
    proxy() = default;
    /// `http://` or `https://` tells how the proxy itself is reached; without a scheme it is http. User and password
    /// are percent-encoded. Throws `invalid_argument`.
    explicit proxy(std::string_view address) : proxy(address, "the proxy option", errc::invalid_argument) {}
    /// `named_by` tells where the address came from, for messages. Throws `blame`.
    HUBPUSH_DECL proxy(std::string_view address, std::string named_by, errc blame);

    /// There is none: connect directly.
    bool none() const noexcept { return where_ == origin(); }
    const origin& where() const noexcept { return where_; }
    /// What Proxy-Authorization says, or empty.
    const secret& authorization() const noexcept { return authorization_; }
    const std::string& named_by() const noexcept { return named_by_; }

private:
    origin where_;
    secret authorization_;
    std::string named_by_;
};

namespace detail {

/// One entry of NO_PROXY.
class proxy_exception {
public:
    /// `*`, `host` (and what is below it), `.suffix` (only what is below it), an address, a network such as
    /// `10.0.0.0/8`; all but the networks perhaps with `:port`. Anything else matches nothing.
    HUBPUSH_DECL explicit proxy_exception(std::string_view entry);
    HUBPUSH_DECL bool covers(const origin& where) const;

private:
    std::string host_;        // lower case, without brackets and dots at its ends
    std::uint16_t port_ = 0;  // 0: any
    bool itself_ = true;      // and not only what is below it
};

}  // namespace detail

/// Which proxy leads to which place.
class proxy_settings {
public:
    /// No proxies.
    proxy_settings() = default;
    /// One for everything.
    explicit proxy_settings(proxy all) : http_(all), https_(std::move(all)) {}

    /// What the Hub's own tools do (spec/hub-http-api.md §1.2): `https_proxy` or `http_proxy` by the target's scheme,
    /// then `all_proxy`; each also in upper case, and the lower-case one wins even when it is empty. HTTP_PROXY is
    /// ignored where REQUEST_METHOD is set, because there a visitor of a web server chooses it. `no_proxy` lists
    /// exceptions; this machine is none over https unless it is listed. Nothing in a program with raised privileges
    /// (SEC20). Throws `bad_environment`, naming the variable, never its value.
    HUBPUSH_DECL static proxy_settings from_environment();

    /// The proxy on the way to `where`; `none()` when there is none. Plain http to this machine, which may carry a
    /// token, takes no way over another one.
    HUBPUSH_DECL proxy towards(const origin& where) const;

private:
    proxy http_;
    proxy https_;
    std::vector<detail::proxy_exception> exceptions_;
};

namespace detail {

/// The request that opens a tunnel to `target`; a secret, because the password is in it.
HUBPUSH_DECL secret connect_head(const proxy& via, const origin& target);

/// `the proxy http://host:3128 (from HTTPS_PROXY)`.
HUBPUSH_DECL std::string name_of(const proxy& via);

/// Throws unless `reply` opens the tunnel: `transport` when the proxy could not reach the target for now,
/// `proxy_failed` when it will not (407: it wants another user or password).
HUBPUSH_DECL void require_tunnel(const http_response& reply, const proxy& via, const origin& target);

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/proxy.ipp>
#endif
