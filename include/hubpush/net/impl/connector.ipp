#pragma once

#include <hubpush/net/connector.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>

#include <asio/ip/address.hpp>
#include <asio/ssl.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <sys/socket.h>

namespace hubpush::inline v0::detail {

using asio::ip::tcp;

inline error_details unreached() { return error_details().reached_server(false); }

/// A cancelled coroutine says so; a stream that was closed from our side (a deadline) looks like a broken one, and
/// whoever closed it knows better.
inline task<void> throw_stream_failure(std::error_code failure) {
    co_await throw_if_cancelled();
    throw_error(errc::transport, "the connection broke: " + failure.message(), error_details().retryable(true));
}

/// Both kinds of stream read and write alike. Cancellation that comes while a completed operation waits in the queue
/// does not fail that operation, so the next one asks first.
template <class Stream>
task<std::size_t> read_from(Stream& stream, std::span<std::byte> out) {
    co_await throw_if_cancelled();
    std::error_code failure;
    const std::size_t count = co_await stream.async_read_some(asio::buffer(out.data(), out.size()),
                                                              asio::redirect_error(asio::use_awaitable, failure));
    if (failure && failure != asio::error::eof) co_await throw_stream_failure(failure);
    co_return count;
}

template <class Stream>
task<std::size_t> write_to(Stream& stream, std::span<const std::byte> data) {
    co_await throw_if_cancelled();
    std::error_code failure;
    const std::size_t count = co_await stream.async_write_some(asio::buffer(data.data(), data.size()),
                                                               asio::redirect_error(asio::use_awaitable, failure));
    if (failure) co_await throw_stream_failure(failure);
    co_return count;
}

/// The socket is looked at without TLS: anything unread there, be it an alert or the end, makes the connection
/// unusable.
inline bool nothing_to_read(tcp::socket& socket) noexcept {
    char byte = 0;
    const ssize_t count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

inline void close_quietly(tcp::socket& socket) noexcept {
    std::error_code ignored;
    socket.close(ignored);
}

class tcp_stream final : public byte_stream {
public:
    explicit tcp_stream(tcp::socket socket) : socket_(std::move(socket)) {}

    task<std::size_t> read_some(std::span<std::byte> out) override { return read_from(socket_, out); }
    task<std::size_t> write_some(std::span<const std::byte> data) override { return write_to(socket_, data); }
    void close() noexcept override { close_quietly(socket_); }
    bool quiet() noexcept override { return socket_.is_open() && nothing_to_read(socket_); }

private:
    tcp::socket socket_;
};

/// Asio tells an orderly end (`eof`, after close_notify) from a cut one (`stream_truncated`), which is a failure here:
/// only a reader that is complete already may ignore it, and that one reads no further (spec/reliability.md §2.3).
class tls_stream final : public byte_stream {
public:
    tls_stream(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), stream_(std::move(socket), *context_) {}

    asio::ssl::stream<tcp::socket>& stream() noexcept { return stream_; }

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
    asio::ssl::stream<tcp::socket> stream_;
};

template <class T>
task<void> keep_result(task<T> work, std::shared_ptr<std::optional<T>> result) {
    result->emplace(co_await std::move(work));
}

/// Runs `work` for at most `limit`, then cancels it, waits for its end and throws `timed_out`.
template <class T>
task<T> finish_within(seams seams, std::chrono::milliseconds limit, std::string what, task<T> work) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    deadline watch(seams.clock(), executor, [&group] { group.cancel(); });
    watch.expires_after(limit);
    const auto result = std::make_shared<std::optional<T>>();
    group.spawn(keep_result<T>(std::move(work), result));
    std::exception_ptr failure;
    try {
        co_await group.join();
    } catch (...) {
        failure = std::current_exception();
    }
    if (result->has_value() && !failure) co_return std::move(**result);
    if (watch.expired()) throw_error(errc::timed_out, what + " took too long", unreached().retryable(true));
    std::rethrow_exception(failure);
}

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
                    unreached().retryable(true));
    }
    co_return std::move(*race->winner);
}

/// The trust of one connector. When the authorities cannot be read `problem` says so and no connection is made.
class tls_trust {
public:
    explicit tls_trust(const tls_options& options)
        : context_(std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client)) {
        SSL_CTX* const native = context_->native_handle();
        SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
        SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        context_->set_verify_mode(asio::ssl::verify_peer);
        source_ =
            options.authorities().empty() ? "the system's store" : options.named_by() + "=" + options.authorities();
        usable_ = options.authorities().empty() ? load_system_store(native) : load(native, options.authorities());
        ERR_clear_error();
    }

    const std::shared_ptr<asio::ssl::context>& context() const noexcept { return context_; }
    const std::string& source() const noexcept { return source_; }

    void require_usable() const {
        if (usable_) return;
        throw_error(
            errc::tls_failed, "the certificate authorities cannot be read: " + source_,
            unreached().hint("let SSL_CERT_FILE name a readable file of PEM certificates, or install the system's "
                             "store (Debian package ca-certificates)"));
    }

private:
    static bool load(SSL_CTX* context, const std::string& path) {
        std::error_code ignored;
        if (std::filesystem::is_directory(path, ignored)) return SSL_CTX_load_verify_dir(context, path.c_str()) == 1;
        return SSL_CTX_load_verify_file(context, path.c_str()) == 1;
    }

    /// OpenSSL's own paths without its look at the environment, which `tls_options` has taken already.
    static bool load_system_store(SSL_CTX* context) {
        std::error_code ignored;
        const bool file = load(context, X509_get_default_cert_file());
        const std::string folder = X509_get_default_cert_dir();
        return (std::filesystem::is_directory(folder, ignored) && load(context, folder)) || file;
    }

    std::shared_ptr<asio::ssl::context> context_;
    std::string source_;
    bool usable_ = false;
};

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
                    unreached());
    }
    const bool broke = failure.category() == asio::error::get_system_category() || failure == asio::error::eof ||
                       failure == asio::ssl::error::stream_truncated;
    throw_error(broke ? errc::transport : errc::tls_failed, "no TLS with " + where.text() + ": " + failure.message(),
                unreached().retryable(broke));
}

inline task<std::unique_ptr<byte_stream>> shake_hands(std::unique_ptr<tls_stream> stream, origin where,
                                                      std::shared_ptr<const tls_trust> trust) {
    SSL* const ssl = stream->stream().native_handle();
    if (!bind_to_host(ssl, where.host())) throw_error(errc::tls_failed, "no TLS with " + where.text(), unreached());
    std::error_code failure;
    co_await stream->stream().async_handshake(asio::ssl::stream_base::client,
                                              asio::redirect_error(asio::use_awaitable, failure));
    co_await throw_if_cancelled();
    if (failure) throw_handshake_failure(ssl, where, *trust, failure);
    if (answers_other_protocol(ssl)) {
        throw_error(errc::tls_failed, where.text() + " does not speak HTTP/1.1", unreached());
    }
    co_return stream;
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

namespace detail {

inline task<std::unique_ptr<byte_stream>> open_connection(seams seams, origin where, std::shared_ptr<resolver> names,
                                                          std::shared_ptr<const tls_trust> trust) {
    if (where.secure()) trust->require_usable();
    tcp::socket socket = co_await finish_within(seams, connect_limit, "connecting to " + where.text(),
                                                connect_any(seams, where, std::move(names)));
    if (!where.secure()) co_return std::make_unique<tcp_stream>(std::move(socket));
    auto stream = std::make_unique<tls_stream>(std::move(socket), trust->context());
    co_return co_await finish_within(seams, handshake_limit, "the TLS handshake with " + where.text(),
                                     shake_hands(std::move(stream), where, trust));
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

HUBPUSH_DECL tls_options tls_options::from_environment() {
    for (const char* const name : {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
        const char* const value = ::secure_getenv(name);  // nothing in a program with raised privileges (SEC20)
        if (value != nullptr && *value != '\0') return tls_options(value, name);
    }
    return tls_options();
}

HUBPUSH_DECL std::shared_ptr<connector> network_connector(seams seams, tls_options tls,
                                                          std::shared_ptr<resolver> names) {
    return std::make_shared<detail::socket_connector>(std::move(seams), tls, std::move(names));
}

}  // namespace hubpush::inline v0
