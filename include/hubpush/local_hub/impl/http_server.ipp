#pragma once

#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/http_server.hpp>
#include <hubpush/net/url.hpp>

#include <fcntl.h>

namespace hubpush::inline v0::detail {

/// Asio's descriptors are inherited by default. Our own gits close what they inherit; a child of the program that this
/// server runs in does not, and must not keep our connections open.
inline void close_on_exec(int descriptor) noexcept { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

HUBPUSH_DECL http_server::http_server(asio::any_io_executor executor, std::shared_ptr<server_environment> environment,
                                      hub_listener role, std::uint16_t port, server_exchange::handler handle)
    : environment_(std::move(environment)), role_(role), handle_(std::move(handle)), acceptor_(std::move(executor)) {
    const asio::ip::tcp::endpoint where(asio::ip::address_v4::loopback(), port);
    std::error_code failed;
    acceptor_.open(where.protocol(), failed);
    if (!failed) close_on_exec(acceptor_.native_handle());
    if (!failed) acceptor_.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor_.bind(where, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        throw_error(errc::transport, "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + failed.message(),
                    error_details().hint("choose another port, or 0 to have a free one picked"));
    }
    port_ = acceptor_.local_endpoint().port();
}

HUBPUSH_DECL task<void> http_server::serve() {
    task_group connections(acceptor_.get_executor());
    std::exception_ptr failure;
    try {
        co_await accept(connections);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await connections.join(failure);
}

/// Ends by being cancelled only.
HUBPUSH_DECL task<void> http_server::accept(task_group& connections) {
    for (;;) {
        co_await connections.wait_for_room(connection_limit);
        co_await throw_if_cancelled();
        std::error_code failed;
        asio::ip::tcp::socket socket =
            co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
        if (failed) {  // for example no descriptor left: wait for connections to end
            co_await sleep_for(environment_->seams.clock(), std::chrono::milliseconds(20));
            continue;
        }
        close_on_exec(socket.native_handle());
        socket.set_option(asio::ip::tcp::no_delay(true), failed);
        connections.spawn(talk(std::move(socket), ++environment_->connections));
    }
}

HUBPUSH_DECL task<void> http_server::talk(asio::ip::tcp::socket socket, std::uint64_t connection_number) {
    served_connection connection(std::move(socket), environment_->seams.clock(), environment_->budget,
                                 environment_->silence_limit);
    std::exception_ptr failure;
    try {
        while (co_await connection.next_head()) {
            if (!co_await exchange(connection, connection_number)) break;
        }
        co_await connection.linger();
    } catch (const connection_lost&) {
        co_return;
    } catch (const error& failed) {
        if (failed.kind() != errc::cancelled) failure = std::current_exception();
    } catch (...) {
        failure = std::current_exception();
    }
    // One connection's trouble must not end the others, as an exception in a task group would.
    if (failure) environment_->seams.log().write(log_level::error, "local hub: " + describe(failure));
}

/// Refusing names other than loopback ones keeps web pages from reaching the server through a name of theirs that
/// resolves to 127.0.0.1 (spec/reliability.md SEC22).
inline bool names_loopback(const request_head& head) {
    const std::optional<url> where = url::parse("http://" + std::string(head.find("host").value_or("")));
    return where && where->target() == "/" && where->origin().loopback();
}

HUBPUSH_DECL task<bool> http_server::exchange(served_connection& connection, std::uint64_t connection_number) {
    if (connection.reader().failure_status() != 0) {
        co_await refuse_bytes(connection);
        co_return false;
    }
    const request_head& head = connection.reader().head();
    const hub_caller caller = environment_->accounts.identify(head);
    const std::optional<fault> fault = environment_->faults.decide(role_, head.method, head.target, head.fields);
    const std::uint64_t number = record(head, caller, connection_number, fault);
    server_exchange current(connection, environment_->seams.clock(), environment_->ledger, number, caller, fault);
    if (names_loopback(head)) co_return co_await current.run(handle_);
    const server_exchange::handler refuse = [](server_exchange&) -> task<void> {
        throw refusal(421, "", "This server answers to loopback names only");
        co_return;
    };
    co_return co_await current.run(refuse);
}

HUBPUSH_DECL task<void> http_server::refuse_bytes(served_connection& connection) {
    const int status = connection.reader().failure_status();
    const std::string text(connection.reader().failure());
    const std::string reply =
        "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) +
        "\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " + std::to_string(text.size()) +
        "\r\n\r\n" + text;
    const auto* const data = reinterpret_cast<const std::byte*>(reply.data());
    co_await connection.send(std::span(data, reply.size()), std::span<const std::byte>());
}

HUBPUSH_DECL std::uint64_t http_server::record(const request_head& head, const hub_caller& caller,
                                               std::uint64_t connection_number, const std::optional<fault>& fault) {
    request_record entry;
    entry.connection = connection_number;
    entry.listener = role_;
    entry.method = head.method;
    entry.target = head.target;
    for (const served_field& field : head.fields) {
        if (!equal_ignoring_case(field.first, "authorization")) entry.headers.push_back(field);
    }
    entry.authorization = head.find("authorization").has_value();
    entry.token = caller.state();
    if (fault) entry.fault = fault->name();
    return environment_->ledger.begin(std::move(entry));
}

}  // namespace hubpush::inline v0::detail
