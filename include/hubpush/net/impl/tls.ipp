#pragma once

#include <hubpush/net/tls.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/tcp_stream.hpp>

#include <asio/ip/address.hpp>
#include <asio/ssl.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace hubpush::inline v0::detail {

/// Asio tells an orderly end (`eof`, after close_notify) from a cut one (`stream_truncated`), which is a failure here:
/// only a reader that is complete already may ignore it, and that one reads no further (spec/reliability.md §2.3).
class tls_stream final : public byte_stream {
public:
    tls_stream(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), stream_(std::move(socket), *context_) {}

    asio::ssl::stream<asio::ip::tcp::socket>& stream() noexcept { return stream_; }

    task<std::size_t> read_some(std::span<std::byte> out) override { return read_from(stream_, out); }
    task<std::size_t> write_some(std::span<const std::byte> data) override { return write_to(stream_, data); }
    void close() noexcept override { close_quietly(stream_.next_layer()); }

    bool quiet() noexcept override {
        SSL* const ssl = stream_.native_handle();
        return stream_.next_layer().is_open() && SSL_pending(ssl) == 0 && BIO_ctrl_pending(SSL_get_rbio(ssl)) == 0 &&
               nothing_to_read(stream_.next_layer());
    }

private:
    std::shared_ptr<asio::ssl::context> context_;
    asio::ssl::stream<asio::ip::tcp::socket> stream_;
};

inline bool load_authorities(SSL_CTX* context, const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) return SSL_CTX_load_verify_dir(context, path.c_str()) == 1;
    return SSL_CTX_load_verify_file(context, path.c_str()) == 1;
}

/// OpenSSL's own paths without its look at the environment, which `tls_options` has taken already.
inline bool load_system_store(SSL_CTX* context) {
    std::error_code ignored;
    const bool file = load_authorities(context, X509_get_default_cert_file());
    const std::string folder = X509_get_default_cert_dir();
    return (std::filesystem::is_directory(folder, ignored) && load_authorities(context, folder)) || file;
}

HUBPUSH_DECL tls_trust::tls_trust(const tls_options& options)
    : context_(std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client)),
      source_(options.authorities().empty() ? "the system's store" : options.named_by() + "=" + options.authorities()) {
    SSL_CTX* const native = context_->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    context_->set_verify_mode(asio::ssl::verify_peer);
    usable_ =
        options.authorities().empty() ? load_system_store(native) : load_authorities(native, options.authorities());
    ERR_clear_error();
}

HUBPUSH_DECL void tls_trust::require_usable() const {
    if (usable_) return;
    throw_error(errc::tls_failed, "the certificate authorities cannot be read: " + source_,
                error_details().reached_server(false).hint(
                    "let SSL_CERT_FILE name a readable file of PEM certificates, or install the system's store (Debian "
                    "package ca-certificates)"));
}

/// Everything that ties the connection to one host: the name in the certificate, SNI (not for addresses, RFC 6066 §3),
/// ALPN.
inline bool bind_to_host(SSL* ssl, const std::string& host) {
    static constexpr std::array<unsigned char, 9> http_1_1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (SSL_set_alpn_protos(ssl, http_1_1.data(), http_1_1.size()) != 0) return false;  // 0 is success here
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    std::error_code not_literal;
    asio::ip::make_address(host, not_literal);
    if (!not_literal) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

inline bool answers_other_protocol(SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(ssl, &name, &length);
    return length != 0 && std::string_view(reinterpret_cast<const char*>(name), length) != "http/1.1";
}

/// A peer that cannot prove who it is will not prove it in a second either; a connection that broke may hold next time.
[[noreturn]] inline void throw_handshake_failure(SSL* ssl, const origin& where, const tls_trust& trust,
                                                 std::error_code failure) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        throw_error(errc::tls_failed,
                    "the certificate of " + where.text() + " is refused: " + X509_verify_cert_error_string(verdict) +
                        " (authorities: " + trust.source() + ")",
                    error_details().reached_server(false));
    }
    const bool broke = failure.category() == asio::error::get_system_category() || failure == asio::error::eof ||
                       failure == asio::ssl::error::stream_truncated;
    throw_error(broke ? errc::transport : errc::tls_failed, "no TLS with " + where.text() + ": " + failure.message(),
                error_details().reached_server(false).retryable(broke));
}

HUBPUSH_DECL task<std::unique_ptr<byte_stream>> start_tls(asio::ip::tcp::socket socket, origin where,
                                                          std::shared_ptr<const tls_trust> trust) {
    auto stream = std::make_unique<tls_stream>(std::move(socket), trust->context());
    SSL* const ssl = stream->stream().native_handle();
    if (!bind_to_host(ssl, where.host())) {
        throw_error(errc::tls_failed, "no TLS with " + where.text(), error_details().reached_server(false));
    }
    std::error_code failure;
    co_await stream->stream().async_handshake(asio::ssl::stream_base::client,
                                              asio::redirect_error(asio::use_awaitable, failure));
    co_await throw_if_cancelled();
    if (failure) throw_handshake_failure(ssl, where, *trust, failure);
    if (answers_other_protocol(ssl)) {
        throw_error(errc::tls_failed, where.text() + " does not speak HTTP/1.1", error_details().reached_server(false));
    }
    co_return stream;
}

}  // namespace hubpush::inline v0::detail
