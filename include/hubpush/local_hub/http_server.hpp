#pragma once

/// \file
/// Listens on the loopback interface and hands every request to a handler.

#include <hubpush/async/group.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/accounts.hpp>
#include <hubpush/local_hub/faults.hpp>
#include <hubpush/local_hub/ledger.hpp>
#include <hubpush/local_hub/server_exchange.hpp>

#include <chrono>
#include <cstdint>
#include <memory>

namespace hubpush::inline v0::detail {

/// What both listeners of an embedded Hub share. Outlives every connection.
class server_environment {
public:
    server_environment(hubpush::seams given_seams, memory_budget memory, std::chrono::milliseconds silence,
                       std::size_t remembered_requests)
        : seams(std::move(given_seams)),
          budget(std::move(memory)),
          silence_limit(silence),
          ledger(remembered_requests) {}

    hubpush::seams seams;
    memory_budget budget;
    std::chrono::milliseconds silence_limit;
    hub_accounts accounts;
    request_ledger ledger;
    fault_plan faults;
    std::uint64_t connections = 0;  ///< accepted so far; only on the server's strand
};

/// One listener.
class http_server {
public:
    static constexpr std::size_t connection_limit = 512;

    /// Binds 127.0.0.1 at once; port 0 picks one. Throws `errc::transport` when the port is taken.
    HUBPUSH_DECL http_server(asio::any_io_executor executor, std::shared_ptr<server_environment> environment,
                             hub_listener role, std::uint16_t port, server_exchange::handler handle);

    std::uint16_t port() const { return port_; }

    /// Accepts until it is cancelled; then all connections are closed before it returns.
    HUBPUSH_DECL task<void> serve();

private:
    HUBPUSH_DECL task<void> accept(task_group& connections);
    HUBPUSH_DECL task<void> talk(asio::ip::tcp::socket socket, std::uint64_t connection_number);
    HUBPUSH_DECL task<bool> exchange(served_connection& connection, std::uint64_t connection_number);
    HUBPUSH_DECL task<void> refuse_bytes(served_connection& connection);
    HUBPUSH_DECL std::uint64_t record(const request_head& head, const hub_caller& caller,
                                      std::uint64_t connection_number, const std::optional<fault>& fault);

    std::shared_ptr<server_environment> environment_;
    hub_listener role_;
    server_exchange::handler handle_;
    asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/http_server.ipp>
#endif
