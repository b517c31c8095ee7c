#pragma once

#include <hubpush/net/url.hpp>

#include <hubpush/core/ascii.hpp>

#include <algorithm>
#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t longest_url = 8192;
inline constexpr std::size_t longest_host = 253;

constexpr bool is_url_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_url_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// RFC 3986 §2.3.
constexpr bool is_url_unreserved(char c) noexcept {
    return is_url_letter(c) || is_url_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/// Cuts the text before the first of `delimiters` off the front of `rest`; the delimiter stays.
inline std::string_view url_take_until(std::string_view& rest, std::string_view delimiters) {
    const std::string_view taken = rest.substr(0, std::min(rest.find_first_of(delimiters), rest.size()));
    rest.remove_prefix(taken.size());
    return taken;
}

/// A decimal number of at most `most`; nothing on anything else.
inline std::optional<std::uint32_t> url_number(std::string_view text, std::uint32_t most) {
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, value);
    if (text.empty() || stopped != end || failure != std::errc() || value > most) return std::nullopt;
    return value;
}

/// Four decimal numbers without leading zeros. The shorter, octal and hexadecimal forms that name the same address for
/// some resolvers are refused, so that a host has one spelling.
inline bool is_ipv4(std::string_view host) {
    for (int part = 0; part < 4; ++part) {
        const std::string_view number = url_take_until(host, ".");
        if (number.size() > 3 || (number.size() > 1 && number.front() == '0') || !url_number(number, 255)) return false;
        if (part == 3) break;
        if (host.empty()) return false;
        host.remove_prefix(1);
    }
    return host.empty();
}

/// A resolver may take a host whose last label is a number for an address.
inline bool ends_in_number(std::string_view host) {
    if (host.ends_with('.')) host.remove_suffix(1);
    const std::string_view label = host.substr(host.rfind('.') + 1);
    const bool hexadecimal =
        label.starts_with("0x") && label.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
    return hexadecimal || consists_of(label, is_url_digit);
}

/// Labels of letters, digits, '-' and '_'; one dot at the end is allowed and makes another name.
inline bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > longest_host || ends_in_number(host)) return false;
    while (!host.empty()) {
        const std::string_view label = url_take_until(host, ".");
        const bool valid = consists_of(label, [](char c) { return c != '~' && is_url_unreserved(c); });
        if (!valid || label.empty() || label.size() > 63) return false;
        if (!host.empty()) host.remove_prefix(1);
    }
    return true;
}

/// The one spelling of an IPv6 address; nothing when it is none. A zone is none.
inline std::optional<std::string> canonical_ipv6(const std::string& text) {
    std::array<unsigned char, 16> address{};
    std::array<char, INET6_ADDRSTRLEN> spelled{};
    if (text.find('\0') != std::string::npos || inet_pton(AF_INET6, text.c_str(), address.data()) != 1)
        return std::nullopt;
    if (inet_ntop(AF_INET6, address.data(), spelled.data(), spelled.size()) == nullptr) return std::nullopt;
    return std::string(spelled.data());
}

/// Takes the host off the front of an authority.
inline std::optional<std::string> take_host(std::string_view& authority) {
    if (authority.starts_with('[')) {
        authority.remove_prefix(1);
        const std::string_view address = url_take_until(authority, "]");
        if (authority.empty()) return std::nullopt;
        authority.remove_prefix(1);
        return canonical_ipv6(std::string(address));
    }
    std::string host = lowered(url_take_until(authority, ":"));
    if (!is_ipv4(host) && !is_host_name(host)) return std::nullopt;
    return host;
}

/// `scheme` is lower case already.
inline std::optional<origin> parse_origin(const std::string& scheme, std::string_view authority) {
    if (scheme != "http" && scheme != "https") return std::nullopt;
    std::optional<std::string> host = take_host(authority);
    if (!host) return std::nullopt;
    std::optional<std::uint32_t> port = scheme == "https" ? 443 : 80;
    if (!authority.empty()) {
        if (authority.front() != ':') return std::nullopt;
        port = url_number(authority.substr(1), 65535);
        if (!port || *port == 0) return std::nullopt;
    }
    return origin(scheme, std::move(*host), static_cast<std::uint16_t>(*port));
}

/// RFC 3986 §5.2.4 for a path that begins with '/'.
inline std::string without_dot_segments(std::string_view path) {
    std::string result;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::string_view segment = url_take_until(path, "/");
        if (segment == "..") result.erase(std::min(result.rfind('/'), result.size()));
        if (segment != "." && segment != "..") {
            result.append("/").append(segment);
        } else if (path.empty()) {
            result.append("/");  // "/a/." is "/a/"
        }
    }
    return result;
}

/// Path and query of what follows the authority.
inline std::string parse_target(std::string_view rest) {
    const std::string_view path_and_query = url_take_until(rest, "#");
    std::string_view query = path_and_query;
    const std::string_view path = url_take_until(query, "?");
    return without_dot_segments(path.empty() ? "/" : path).append(query);
}

inline bool is_url_text(std::string_view text) {
    return consists_of(text, [](char c) { return is_visible_byte(c) && c != '\\'; });
}

/// RFC 3986 §4.1: does the reference begin with a scheme?
inline bool has_scheme(std::string_view reference) {
    const std::string_view first = url_take_until(reference, ":/?#");
    return !first.empty() && is_url_letter(first.front()) && reference.starts_with(':');
}

inline void append_percent_encoded(std::string& text, char c) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    text.append({'%', digits[byte >> 4U], digits[byte & 15U]});
}

inline std::string percent_encode(std::string_view text, std::string_view kept) {
    std::string result;
    for (const char c : text) {
        if (is_url_unreserved(c) || kept.find(c) != std::string_view::npos) {
            result.push_back(c);
        } else {
            append_percent_encoded(result, c);
        }
    }
    return result;
}

}  // namespace detail

HUBPUSH_DECL bool origin::loopback() const {
    return host_ == "localhost" || host_ == "::1" || (host_.starts_with("127.") && detail::is_ipv4(host_));
}

HUBPUSH_DECL std::string origin::text() const { return scheme_ + "://" + authority(); }

HUBPUSH_DECL std::string origin::authority() const {
    const bool literal = host_.find(':') != std::string::npos;
    std::string result = literal ? "[" + host_ + "]" : host_;
    if (port_ != (secure() ? 443 : 80)) result += ":" + std::to_string(port_);
    return result;
}

HUBPUSH_DECL std::optional<url> url::parse(std::string_view text) {
    if (text.size() > detail::longest_url || !detail::is_url_text(text)) return std::nullopt;
    const std::string scheme = detail::lowered(detail::url_take_until(text, ":/?#"));
    if (!text.starts_with("://")) return std::nullopt;
    text.remove_prefix(3);
    std::optional<hubpush::origin> where = detail::parse_origin(scheme, detail::url_take_until(text, "/?#"));
    if (!where) return std::nullopt;
    return url(std::move(*where), detail::parse_target(text));
}

HUBPUSH_DECL std::optional<url> url::resolve(std::string_view reference) const {
    if (reference.size() > detail::longest_url) return std::nullopt;
    if (detail::has_scheme(reference)) return parse(reference);
    if (reference.starts_with("//")) return parse(origin_.scheme() + ":" + std::string(reference));
    std::string base = origin_.text();
    if (reference.empty() || reference.starts_with('#')) {
        base += target_;
    } else if (!reference.starts_with('/')) {
        const std::string path = target_.substr(0, target_.find('?'));
        base += reference.starts_with('?') ? path : path.substr(0, path.rfind('/') + 1);
    }
    return parse(base.append(reference));
}

HUBPUSH_DECL std::string url::text() const { return origin_.text() + target_; }

HUBPUSH_DECL std::string url::redacted() const {
    std::string_view rest = target_;
    std::string result = origin_.text().append(detail::url_take_until(rest, "?"));
    while (!rest.empty()) {
        result.push_back(rest.front());
        rest.remove_prefix(1);
        std::string_view part = detail::url_take_until(rest, "&");
        const std::string_view key = detail::url_take_until(part, "=");
        if (!part.empty()) result.append(key).append("=");
        result.append("***");
    }
    return result;
}

HUBPUSH_DECL std::string escape_segment(std::string_view text) { return detail::percent_encode(text, ""); }

HUBPUSH_DECL std::optional<std::string> unescape(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        result.append(detail::url_take_until(text, "%"));
        if (text.empty()) break;
        unsigned int value = 0;
        const std::string_view digits = text.substr(1, 2);
        const auto [stopped, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 2 || failure != std::errc() || stopped != digits.data() + 2) return std::nullopt;
        result.push_back(static_cast<char>(value));
        text.remove_prefix(3);
    }
    return result;
}

}  // namespace hubpush::inline v0
