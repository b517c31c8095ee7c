#pragma once

#include <hubpush/net/tls.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/impl/tls_stream.ipp>

#include <asio/ip/address.hpp>
#include <asio/ssl.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace hubpush::inline v0::detail {

/// A folder, or a list of folders with ':' between them, as OpenSSL takes them.
inline bool names_folder(std::string_view path) {
    while (!path.empty()) {
        std::error_code ignored;
        const std::size_t end = std::min(path.find(':'), path.size());
        if (std::filesystem::is_directory(path.substr(0, end), ignored)) return true;
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return false;
}

inline bool load_authorities(SSL_CTX* context, const std::string& path) {
    if (names_folder(path)) return SSL_CTX_load_verify_dir(context, path.c_str()) == 1;
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
    SSL_CTX_set_security_level(native, std::max(SSL_CTX_get_security_level(native), 2));  // RSA 2048, SHA-256 (TLS04)
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

/// Who signed the last certificate that the peer showed: the authority that is missing when nobody trusted did.
inline std::string issuer_shown_by(SSL* ssl) {
    STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(ssl);
    const int length = chain != nullptr ? sk_X509_num(chain) : 0;
    if (length == 0) return "nobody";
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    X509_NAME_print_ex(out.get(), X509_get_issuer_name(sk_X509_value(chain, length - 1)), 0,
                       XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return printable(std::string_view(text, static_cast<std::size_t>(size)), 200);
}

inline bool issuer_is_unknown(long verdict) {
    return verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY || verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN || verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
           verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

[[noreturn]] inline void throw_certificate_refused(SSL* ssl, const origin& where, const tls_trust& trust,
                                                   long verdict) {
    const std::string issuer = issuer_shown_by(ssl);
    error_details details;
    details.reached_server(false);
    if (issuer_is_unknown(verdict)) {
        details.hint("if you trust " + issuer + ", let SSL_CERT_FILE name a file of PEM certificates that holds it");
    }
    throw_error(errc::tls_failed,
                "the certificate of " + where.text() + ", issued by " + issuer + ", is refused: " +
                    X509_verify_cert_error_string(verdict) + " (authorities: " + trust.source() + ")",
                std::move(details));
}

/// A peer that cannot prove who it is will not prove it in a second either; a connection that broke may hold next time.
[[noreturn]] inline void throw_handshake_failure(SSL* ssl, const origin& where, const tls_trust& trust,
                                                 std::error_code failure) {
    const long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) throw_certificate_refused(ssl, where, trust, verdict);
    const bool broke = failure.category() == asio::error::get_system_category() || failure == asio::error::eof ||
                       failure == asio::ssl::error::stream_truncated || failure == make_error_code(errc::transport);
    throw_error(broke ? errc::transport : errc::tls_failed, "no TLS with " + where.text() + ": " + failure.message(),
                error_details().reached_server(false).retryable(broke));
}

inline task<std::unique_ptr<byte_stream>> shake_hands(tls_layer layer, origin where,
                                                      std::shared_ptr<const tls_trust> trust) {
    auto stream = std::make_unique<tls_stream>(std::move(layer), trust->context());
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

HUBPUSH_DECL task<std::unique_ptr<byte_stream>> start_tls(asio::ip::tcp::socket socket, origin where,
                                                          std::shared_ptr<const tls_trust> trust) {
    const asio::any_io_executor executor = socket.get_executor();
    auto below = std::make_unique<socket_transport>(std::move(socket));
    return shake_hands(tls_layer(std::move(below), executor), std::move(where), std::move(trust));
}

HUBPUSH_DECL task<std::unique_ptr<byte_stream>> start_tls(std::unique_ptr<byte_stream> carrier, origin where,
                                                          std::shared_ptr<const tls_trust> trust) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto below = std::make_unique<stream_transport>(std::move(carrier), executor);
    tls_layer layer(std::move(below), executor);
    co_return co_await shake_hands(std::move(layer), std::move(where), std::move(trust));
}

}  // namespace hubpush::inline v0::detail
