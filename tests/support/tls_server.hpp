#pragma once

#include "catch.hpp"
#include "certificates.hpp"
#include "temporary_folder.hpp"

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/connector.hpp>

#include <asio/ssl.hpp>
#include <asio/write.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hubpush_test {

/// What a TLS server does on its one connection.
struct server_plan {
    int newest_version = TLS1_3_VERSION;
    std::string protocol;                  ///< answers this in ALPN, whatever was offered
    std::string says;                      ///< sent after the handshake
    std::string answers;                   ///< sent when a request head has come, before an orderly end
    bool ends_in_order = false;            ///< close_notify before the end
    std::vector<const identity*> between;  ///< shown beside the server's own certificate
};

struct server_record {
    std::string received;
    std::string server_name = "(none)";
    bool handshake_done = false;
};

inline int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned int,
                           void* plan) {
    const std::string& protocol = static_cast<server_plan*>(plan)->protocol;
    *out = reinterpret_cast<const unsigned char*>(protocol.data());
    *size = static_cast<unsigned char>(protocol.size());
    return SSL_TLSEXT_ERR_OK;
}

/// As bad a server as the plan and the certificate want: it accepts everything itself.
inline void prepare_server(SSL_CTX* context, const identity& who, server_plan& plan) {
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_use_certificate(context, who.certificate.get());
    SSL_CTX_use_PrivateKey(context, who.key.get());
    for (const identity* each : plan.between) SSL_CTX_add1_chain_cert(context, each->certificate.get());
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, plan.newest_version);
    if (!plan.protocol.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, &plan);
}

/// Serves one connection to its end.
inline hubpush::task<void> serve(asio::ip::tcp::acceptor& acceptor, const identity& who, server_plan plan,
                                 server_record& record) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    prepare_server(context.native_handle(), who, plan);
    std::error_code failure;
    asio::ip::tcp::socket accepted = co_await acceptor.async_accept(asio::use_awaitable);
    asio::ssl::stream<asio::ip::tcp::socket> stream(std::move(accepted), context);
    co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, failure));
    const char* const name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) record.server_name = name;
    record.handshake_done = !failure;
    if (!failure && !plan.says.empty()) {
        co_await asio::async_write(stream, asio::buffer(plan.says), asio::redirect_error(asio::use_awaitable, failure));
    }
    if (plan.ends_in_order) co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failure));
    std::array<char, 4096> buffer{};
    while (!failure && plan.says.empty()) {
        const std::size_t count =
            co_await stream.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failure));
        record.received.append(buffer.data(), count);
        if (plan.answers.empty() || record.received.find("\r\n\r\n") == std::string::npos) continue;
        co_await asio::async_write(stream, asio::buffer(plan.answers),
                                   asio::redirect_error(asio::use_awaitable, failure));
        co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, failure));
    }
}

/// Every name leads to these addresses.
class table_resolver final : public hubpush::resolver {
public:
    explicit table_resolver(addresses table) : table_(std::move(table)) {}
    hubpush::task<addresses> resolve(std::string, std::uint16_t) override { co_return table_; }

private:
    addresses table_;
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline hubpush::task<void> write_all(hubpush::byte_stream& stream, std::string text) {
    std::span<const std::byte> rest = bytes_of(text);
    while (!rest.empty()) rest = rest.subspan(co_await stream.write_some(rest));
}

inline hubpush::task<std::string> read_to_the_end(hubpush::byte_stream& stream) {
    std::string result;
    std::array<std::byte, 4096> buffer{};
    for (;;) {
        const std::size_t count = co_await stream.read_some(buffer);
        if (count == 0) co_return result;
        result.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
}

}  // namespace hubpush_test
