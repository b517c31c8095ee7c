#pragma once

#include <hubpush/net/connector.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <hubpush/net/tcp_stream.hpp>
#include <hubpush/net/tls.hpp>

#include <asio/ip/address.hpp>

#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

#include <sys/socket.h>

namespace hubpush::inline v0::detail {

using asio::ip::tcp;

/// Close-on-exec from the first instant: a training loop that starts data workers must not hand our connections to
/// them.
inline std::error_code open_socket(tcp::socket& socket, const tcp& protocol) {
    const int descriptor = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0) return {errno, std::system_category()};
    std::error_code failure;
    socket.assign(protocol, descriptor, failure);
    return failure;
}

/// Several addresses tried at once; the first that answers wins.
struct connect_race {
    explicit connect_race(asio::any_io_executor executor) : changed(std::move(executor)) {}

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
    if (failure) race->last_failure = failure;
    if (!failure && !race->winner) race->winner.emplace(std::move(socket));
    race->changed.notify_all();
}

/// RFC 8305: the next address is tried when the one before has failed, or after a quarter of a second.
inline task<void> run_race(seams seams, std::shared_ptr<connect_race> race, resolver::addresses addresses) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    deadline stagger(seams.clock(), executor, [race] {
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

inline task<tcp::socket> connect_any(seams seams, origin where, std::shared_ptr<resolver> names) {
    std::error_code not_literal;
    const asio::ip::address literal = asio::ip::make_address(where.host(), not_literal);
    resolver::addresses addresses;
    if (not_literal) {
        addresses = co_await names->resolve(where.host(), where.port());
    } else {
        addresses.emplace_back(literal, where.port());
    }
    alternate_families(addresses);
    const auto race = std::make_shared<connect_race>(co_await asio::this_coro::executor);
    co_await run_race(seams, race, std::move(addresses));
    if (!race->winner) {
        throw_error(errc::transport, "no connection to " + where.text() + ": " + race->last_failure.message(),
                    error_details().reached_server(false).retryable(true));
    }
    co_return std::move(*race->winner);
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

namespace detail {

[[noreturn]] inline void throw_too_slow(const std::string& what) {
    throw_error(errc::timed_out, what + " took too long", error_details().reached_server(false).retryable(true));
}

inline task<std::unique_ptr<byte_stream>> open_connection(seams seams, origin where, std::shared_ptr<resolver> names,
                                                          std::shared_ptr<const tls_trust> trust) {
    if (where.secure()) trust->require_usable();
    std::optional<tcp::socket> socket =
        co_await within(seams.clock(), connect_limit, connect_any(seams, where, std::move(names)));
    if (!socket) throw_too_slow("connecting to " + where.text());
    if (!where.secure()) co_return std::make_unique<tcp_stream>(std::move(*socket));
    std::optional<std::unique_ptr<byte_stream>> stream =
        co_await within(seams.clock(), handshake_limit, start_tls(std::move(*socket), where, trust));
    if (!stream) throw_too_slow("the TLS handshake with " + where.text());
    co_return std::move(*stream);
}

class socket_connector final : public connector {
public:
    socket_connector(seams seams, const tls_options& tls, std::shared_ptr<resolver> names)
        : seams_(std::move(seams)), names_(std::move(names)), trust_(std::make_shared<tls_trust>(tls)) {}

    task<std::unique_ptr<byte_stream>> connect(origin where) override {
        return open_connection(seams_, std::move(where), names_, trust_);
    }

private:
    seams seams_;
    std::shared_ptr<resolver> names_;
    std::shared_ptr<const tls_trust> trust_;
};

}  // namespace detail

HUBPUSH_DECL std::shared_ptr<connector> network_connector(seams seams, tls_options tls,
                                                          std::shared_ptr<resolver> names) {
    return std::make_shared<detail::socket_connector>(std::move(seams), tls, std::move(names));
}

}  // namespace hubpush::inline v0
