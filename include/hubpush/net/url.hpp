#pragma once

/// \file
/// Absolute http and https URLs, origins, and escaping.

#include <hubpush/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hubpush::inline v0 {

/// Scheme, host and port: what a token is bound to (spec/reliability.md SEC01). Host and scheme are lower case.
class origin {
public:
    origin() = default;
    origin(std::string scheme, std::string host, std::uint16_t port)
        : scheme_(std::move(scheme)), host_(std::move(host)), port_(port) {}

    const std::string& scheme() const noexcept { return scheme_; }
    const std::string& host() const noexcept { return host_; }  ///< without brackets for IPv6 literals
    std::uint16_t port() const noexcept { return port_; }
    bool secure() const noexcept { return scheme_ == "https"; }
    /// `localhost`, 127.0.0.0/8 or ::1, judged by the text alone.
    HUBPUSH_DECL bool loopback() const;
    /// `https://host` or `https://host:8443`: the port only where it is not the scheme's own.
    HUBPUSH_DECL std::string text() const;
    /// What belongs into the Host field.
    HUBPUSH_DECL std::string authority() const;

    friend bool operator==(const origin&, const origin&) = default;

private:
    std::string scheme_;
    std::string host_;
    std::uint16_t port_ = 0;
};

/// An absolute http or https URL without user information and without fragment.
class url {
public:
    url() = default;
    /// From parts that are already valid: `target` begins with '/' and is escaped.
    url(hubpush::origin where, std::string target) : origin_(std::move(where)), target_(std::move(target)) {}

    /// Strict parse: at most 8 KiB of printable ASCII; only http and https; no user information, spaces or backslashes;
    /// a port from 1 to 65535; a host that is a name, an IPv4 address of four decimal numbers or a bracketed IPv6
    /// address without zone. A fragment is dropped and dot segments are removed. Nothing on any violation.
    HUBPUSH_DECL static std::optional<url> parse(std::string_view text);

    /// A reference as in `Location`: absolute, `//host/path`, `/path`, `path` or `?query`, resolved against this URL
    /// (RFC 3986 §5.2). Nothing where the result would not parse.
    HUBPUSH_DECL std::optional<url> resolve(std::string_view reference) const;

    const hubpush::origin& origin() const noexcept { return origin_; }
    /// Path and query as they go on the request line; always begins with '/'.
    const std::string& target() const noexcept { return target_; }
    HUBPUSH_DECL std::string text() const;
    /// For messages: the query's values become `***`, because signed URLs carry credentials there (SEC03). A part of
    /// the query without '=' is all value.
    HUBPUSH_DECL std::string redacted() const;

    friend bool operator==(const url&, const url&) = default;

private:
    hubpush::origin origin_;
    std::string target_ = "/";
};

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3): one path segment, also for revisions (spec/
/// hub-http-api.md §2.5).
HUBPUSH_DECL std::string escape_segment(std::string_view text);
/// Decodes %XX; nothing on a malformed sequence.
HUBPUSH_DECL std::optional<std::string> unescape(std::string_view text);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/url.ipp>
#endif
