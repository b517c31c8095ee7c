#pragma once

#include <hubpush/net/proxy.hpp>

#include <hubpush/core/asio.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/net/retry_policy.hpp>

#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

[[noreturn]] inline void throw_unusable_proxy(const std::string& named_by, errc blame) {
    throw_error(blame, named_by + " is not the address of a proxy",
                error_details()
                    .hint("set it to http://host:port or https://host:port, perhaps with user:password@ before the "
                          "host, or to nothing")
                    .reached_server(false));
}

/// `user:password`, percent-encoded, as the Basic scheme sends it (RFC 7617); nothing when that cannot be.
inline std::optional<secret> basic_authorization(std::string_view user_info) {
    const std::size_t colon = std::min(user_info.find(':'), user_info.size());
    const std::optional<std::string> user = unescape(user_info.substr(0, colon));
    const std::optional<std::string> password = unescape(user_info.substr(std::min(colon + 1, user_info.size())));
    if (!user || !password || user->find(':') != std::string::npos) return std::nullopt;
    const secret both(*user + ":" + *password);
    return secret("Basic " + to_base64(std::as_bytes(std::span(both.reveal()))));
}

/// A variable of the process; nothing in a program with raised privileges.
inline std::optional<std::string> variable(const std::string& name) {
    const char* const value = ::secure_getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

/// The value of a variable that is known in lower and in upper case, with the name under which it was found.
inline std::pair<std::string, std::string> variable_in_either_case(std::string name) {
    if (const auto lower = variable(name)) return {name, *lower};
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    const bool of_a_visitor = name == "HTTP_PROXY" && variable("REQUEST_METHOD").has_value();
    return {name, of_a_visitor ? "" : variable(name).value_or("")};
}

inline proxy proxy_from_variable(const std::string& name) {
    const auto [found, value] = variable_in_either_case(name);
    return value.empty() ? proxy() : proxy(value, found, errc::bad_environment);
}

inline std::string_view without_dots_around(std::string_view host) {
    while (host.starts_with('.')) host.remove_prefix(1);
    if (host.ends_with('.')) host.remove_suffix(1);
    return host;
}

/// Is `host`, an address, in `network`, as in `10.0.0.0/8`?
inline bool in_network(const std::string& host, const std::string& network) {
    std::error_code failure;
    const asio::ip::address address = asio::ip::make_address(host, failure);
    if (failure) return false;
    if (address.is_v4()) {
        const asio::ip::network_v4 range = asio::ip::make_network_v4(network, failure);
        return !failure &&
               (asio::ip::network_v4(address.to_v4(), range.prefix_length()).canonical() == range.canonical());
    }
    const asio::ip::network_v6 range = asio::ip::make_network_v6(network, failure);
    return !failure && (asio::ip::network_v6(address.to_v6(), range.prefix_length()).canonical() == range.canonical());
}

inline bool is_subdomain_of(std::string_view host, std::string_view domain) {
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.';
}

HUBPUSH_DECL proxy_exception::proxy_exception(std::string_view entry) {
    if (const std::optional<url> parsed = url::parse("http://" + std::string(without_dots_around(entry)));
        parsed && entry.find('/') == std::string_view::npos) {
        host_ = without_dots_around(parsed->origin().host());
        const bool has_port = entry.rfind(':') != std::string_view::npos && !entry.ends_with(']');
        if (has_port) port_ = parsed->origin().port();
    } else {
        host_ = entry;  // `*`, a network, or an IPv6 address without brackets
        std::error_code not_address;
        const asio::ip::address address = asio::ip::make_address(host_, not_address);
        if (!not_address) host_ = address.to_string();
    }
    itself_ = !entry.starts_with('.');
}

HUBPUSH_DECL bool proxy_exception::covers(const origin& where) const {
    const std::string_view host = without_dots_around(where.host());
    if (host_.empty() || (port_ != 0 && port_ != where.port())) return false;
    return host_ == "*" || (itself_ && host == host_) || is_subdomain_of(host, host_) ||
           in_network(where.host(), host_);
}

HUBPUSH_DECL secret connect_head(const proxy& via, const origin& target) {
    const bool literal = target.host().find(':') != std::string::npos;
    const std::string authority =
        (literal ? "[" + target.host() + "]" : target.host()) + ":" + std::to_string(target.port());
    std::string head = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
    if (!via.authorization().empty())
        head.append("Proxy-Authorization: ").append(via.authorization().reveal()) += "\r\n";
    return secret(head + "\r\n");
}

HUBPUSH_DECL std::string name_of(const proxy& via) {
    return "the proxy " + via.where().text() + " (from " + via.named_by() + ")";
}

HUBPUSH_DECL void require_tunnel(const http_response& reply, const proxy& via, const origin& target) {
    if (reply.ok()) return;
    error_details details;
    details.status(reply.status()).reached_server(false);
    if (retryable_status(reply.status())) {
        throw_error(errc::transport, name_of(via) + " could not reach " + target.text(), details.retryable(true));
    }
    if (reply.status() == 407) {
        throw_error(errc::proxy_failed, name_of(via) + " wants a user and a password that it knows",
                    details.hint("set " + via.named_by() + " to http://user:password@host:port"));
    }
    throw_error(errc::proxy_failed, name_of(via) + " refuses to connect to " + target.text(),
                details.hint("name another proxy in " + via.named_by() +
                             "; NO_PROXY keeps hosts away from proxies that variables name"));
}

}  // namespace detail

HUBPUSH_DECL proxy::proxy(std::string_view address, std::string named_by, errc blame) : named_by_(std::move(named_by)) {
    const std::size_t scheme = address.find("://");
    std::string plain(scheme == std::string_view::npos ? "http://" : address.substr(0, scheme + 3));
    if (scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
    const std::size_t at = address.substr(0, address.find_first_of("/?#")).rfind('@');
    if (at != std::string_view::npos) {
        std::optional<secret> authorization = detail::basic_authorization(address.substr(0, at));
        if (!authorization) detail::throw_unusable_proxy(named_by_, blame);
        authorization_ = std::move(*authorization);
        address.remove_prefix(at + 1);
    }
    const std::optional<url> parsed = url::parse(plain.append(address));
    if (!parsed || parsed->target() != "/" || address.find('#') != std::string_view::npos)
        detail::throw_unusable_proxy(named_by_, blame);
    where_ = parsed->origin();
}

HUBPUSH_DECL proxy_settings proxy_settings::from_environment() {
    proxy_settings result;
    result.http_ = detail::proxy_from_variable("http_proxy");
    result.https_ = detail::proxy_from_variable("https_proxy");
    if (result.http_.none() || result.https_.none()) {  // else it may say what it likes, for instance socks5
        const proxy all = detail::proxy_from_variable("all_proxy");
        if (result.http_.none()) result.http_ = all;
        if (result.https_.none()) result.https_ = all;
    }
    const std::string list = detail::variable_in_either_case("no_proxy").second;
    for (std::string_view rest = list; !rest.empty();) {
        const std::size_t end = std::min(rest.find_first_of(", \t"), rest.size());
        result.exceptions_.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return result;
}

HUBPUSH_DECL proxy proxy_settings::towards(const origin& where) const {
    const bool direct = std::any_of(exceptions_.begin(), exceptions_.end(),
                                    [&](const detail::proxy_exception& each) { return each.covers(where); });
    const proxy& via = where.secure() ? https_ : http_;
    // Plain http to this machine is trusted because it stays here (SEC05).
    const bool would_leave = !where.secure() && where.loopback() && !via.where().loopback();
    return direct || would_leave ? proxy() : via;
}

}  // namespace hubpush::inline v0
