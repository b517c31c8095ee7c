#pragma once

#include <hubpush/net/connector.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <hubpush/net/dead_addresses.hpp>
#include <hubpush/net/tcp_stream.hpp>
#include <hubpush/net/tls.hpp>
#include <hubpush/net/tunnel.hpp>

#include <asio/ip/address.hpp>

#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace hubpush::inline v0::detail {

using asio::ip::tcp;

/// Running out of time is an error that says what took too long.
template <class T>
task<T> finish_within(seams seams, std::chrono::milliseconds limit, std::string what, task<T> work) {
    std::optional<T> result = co_await within(seams.clock(), limit, std::move(work));
    if (!result)
        throw_error(errc::timed_out, what + " took too long", error_details().reached_server(false).retryable(true));
    co_await throw_if_cancelled();  // at the moment of success
    co_return std::move(*result);
}

/// Close-on-exec from the first instant: a training loop that starts data workers must not hand our connections to
/// them.
inline std::error_code open_socket(tcp::socket& socket, const tcp& protocol) {
    const int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) return {errno, std::system_category()};
    std::error_code failure;
    socket.assign(protocol, descriptor, failure);
    if (failure) ::close(descriptor);
    return failure;
}

/// What the connections of one connector share; kept alive by the attempts that run.
struct network {
    network(seams outside, const tls_options& tls, std::shared_ptr<resolver> resolver, proxy_settings proxy_table,
            address_guard judge)
        : world(std::move(outside)),
          names(std::move(resolver)),
          trust(std::make_shared<tls_trust>(tls)),
          proxies(std::move(proxy_table)),
          guard(std::move(judge)) {}

    seams world;
    std::shared_ptr<resolver> names;
    std::shared_ptr<const tls_trust> trust;
    proxy_settings proxies;
    address_guard guard;
    dead_addresses dead;
};

/// This process may have no more sockets: that is no address's fault.
inline bool out_of_descriptors(std::error_code failure) {
    return failure == std::errc::too_many_files_open || failure == std::errc::too_many_files_open_in_system;
}

/// Several addresses tried at once; the first that answers wins.
struct connect_race {
    connect_race(asio::any_io_executor executor, std::shared_ptr<network> shared)
        : net(std::move(shared)), changed(std::move(executor)) {}

    /// An address that failed, or was still silent when another one answered, is as good as dead. One whose attempt was
    /// given up with the whole race is not.
    void remember(const tcp::endpoint& address, std::error_code failure) {
        if (!failure) return net->dead.forget(address);
        last_failure = failure;
        const bool given_up = failure == asio::error::operation_aborted && !winner;
        if (!given_up && !out_of_descriptors(failure)) net->dead.note(address, net->world.clock().now());
    }

    std::shared_ptr<network> net;
    notifier changed;
    std::optional<tcp::socket> winner;
    std::size_t ended = 0;
    std::error_code last_failure;
    bool next_is_due = true;
};

inline task<void> try_address(std::shared_ptr<connect_race> race, tcp::endpoint address) {
    tcp::socket socket(co_await asio::this_coro::executor);
    std::error_code failure = open_socket(socket, address.protocol());
    if (!failure) co_await socket.async_connect(address, asio::redirect_error(asio::use_awaitable, failure));
    if (!failure) socket.set_option(tcp::no_delay(true), failure);
    ++race->ended;
    race->next_is_due = true;
    race->remember(address, failure);
    if (!failure && !race->winner) race->winner.emplace(std::move(socket));
    race->changed.notify_all();
}

/// RFC 8305: the next address is tried when the one before has failed, or after a quarter of a second.
inline task<void> run_race(std::shared_ptr<connect_race> race, resolver::addresses addresses) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    deadline stagger(race->net->world.clock(), executor, [race] {
        race->next_is_due = true;
        race->changed.notify_all();
    });
    auto next = addresses.begin();
    while (!race->winner && race->ended < addresses.size() && !co_await is_cancelled()) {
        if (race->next_is_due && next != addresses.end()) {
            race->next_is_due = false;
            group.spawn(try_address(race, *next++));
            stagger.expires_after(next_address_after);
        } else {
            co_await race->changed.wait();
        }
    }
    if (race->winner) group.cancel();
    co_await group.join();
}

[[noreturn]] inline void throw_not_connected(const origin& where, std::error_code failure) {
    throw_error(out_of_descriptors(failure) ? errc::too_many_open_files : errc::transport,
                "no connection to " + where.text() + ": " + failure.message(),
                error_details().reached_server(false).retryable(true));
}

/// The addresses of `where`, the best ones first.
inline task<resolver::addresses> find_addresses(std::shared_ptr<network> net, origin where) {
    std::error_code not_literal;
    const asio::ip::address literal = asio::ip::make_address(where.host(), not_literal);
    resolver::addresses addresses;
    if (not_literal) {
        addresses = co_await net->names->resolve(where.host(), where.port());
    } else {
        addresses.emplace_back(literal, where.port());
    }
    alternate_families(addresses);
    net->dead.put_last(addresses, net->world.clock().now());
    co_return addresses;
}

enum class destination { target, proxy };

inline task<tcp::socket> connect_any(std::shared_ptr<network> net, origin where, destination kind) {
    resolver::addresses addresses = co_await find_addresses(net, where);
    if (kind == destination::target) net->guard.filter(where, addresses);
    const auto race = std::make_shared<connect_race>(co_await asio::this_coro::executor, net);
    co_await run_race(race, std::move(addresses));
    if (!race->winner) throw_not_connected(where, race->last_failure);
    co_return std::move(*race->winner);
}

inline task<std::unique_ptr<byte_stream>> open_directly(std::shared_ptr<network> net, origin where, destination kind) {
    if (where.secure()) net->trust->require_usable();
    tcp::socket socket = co_await finish_within(net->world, connect_limit, "connecting to " + where.text(),
                                                connect_any(net, where, kind));
    if (!where.secure()) co_return std::make_unique<tcp_stream>(std::move(socket));
    co_return co_await finish_within(net->world, handshake_limit, "the TLS handshake with " + where.text(),
                                     start_tls(std::move(socket), where, net->trust));
}

/// The same failure, but the user learns that it is about the proxy, and where that was named.
[[noreturn]] inline void throw_proxy_unreachable(const proxy& via, const error& failure) {
    error_details details = failure.details();
    const bool has_hint = failure.kind() == errc::tls_failed || failure.kind() == errc::too_many_open_files;
    if (!has_hint) details.hint("check the address of the proxy in " + via.named_by());
    throw_error(failure.kind(), name_of(via) + " cannot be used: " + failure.what(), std::move(details));
}

inline task<std::unique_ptr<byte_stream>> open_to_proxy(std::shared_ptr<network> net, proxy via) {
    try {
        co_return co_await open_directly(net, via.where(), destination::proxy);
    } catch (const error& failure) {
        if (failure.kind() == errc::cancelled) throw;
        throw_proxy_unreachable(via, failure);
    }
}

/// The handshake with the target is inside the tunnel: the proxy carries it and cannot read it.
inline task<std::unique_ptr<byte_stream>> open_through(std::shared_ptr<network> net, proxy via, origin where) {
    if (where.secure()) net->trust->require_usable();
    net->guard.check_literal(where);
    std::unique_ptr<byte_stream> tunnel = co_await open_to_proxy(net, via);
    tunnel = co_await finish_within(net->world, connect_limit, name_of(via) + ": connecting to " + where.text(),
                                    open_tunnel(std::move(tunnel), via, where));
    if (!where.secure()) co_return tunnel;
    co_return co_await finish_within(net->world, handshake_limit, "the TLS handshake with " + where.text(),
                                     start_tls(std::move(tunnel), where, net->trust));
}

class socket_connector final : public connector {
public:
    explicit socket_connector(std::shared_ptr<network> net) : net_(std::move(net)) {}

    task<std::unique_ptr<byte_stream>> connect(origin where) override {
        proxy via = net_->proxies.towards(where);
        if (via.none()) return open_directly(net_, std::move(where), destination::target);
        return open_through(net_, std::move(via), std::move(where));
    }

private:
    std::shared_ptr<network> net_;
};

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL std::shared_ptr<connector> network_connector(seams seams, tls_options tls, std::shared_ptr<resolver> names,
                                                          proxy_settings proxies, address_guard guard) {
    return std::make_shared<detail::socket_connector>(std::make_shared<detail::network>(
        std::move(seams), tls, std::move(names), std::move(proxies), std::move(guard)));
}

}  // namespace hubpush::inline v0
