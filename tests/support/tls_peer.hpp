#pragma once

#include "certificates.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/connector.hpp>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush_test {

/// What a TLS server in memory does, and where the line to it breaks. Positions count the bytes it sends.
struct tls_peer_plan {
    static constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

    int newest_version = TLS1_3_VERSION;
    std::string reply;           ///< sent when a request head has come
    std::size_t record = never;  ///< as many bytes of it in each TLS record; the records arrive together
    bool closes = false;         ///< close_notify and the end behind the reply
    bool renegotiates = false;   ///< asks for another handshake instead of a reply
    std::size_t cut = never;     ///< nothing from here on arrives: the end, or with `reset` a broken connection
    bool reset = false;
    std::size_t flip = never;    ///< a bit of this byte is wrong
    std::size_t insert = never;  ///< before this byte stands something else
    std::string inserted;
};

/// The same, seen afterwards.
struct tls_peer_record {
    std::string received;                ///< what the client said, decrypted
    std::size_t sent = 0;                ///< bytes on the line
    std::size_t greeting = 0;            ///< those of them that belong to the handshake
    int greetings = 0;                   ///< how often the client began a handshake
    bool asked_for_certificate = false;  ///< after the handshake, and the client let it
};

/// The client's end of a connection to that server. No sockets, no time.
class tls_peer final : public hubpush::byte_stream {
public:
    tls_peer(asio::any_io_executor executor, const identity& who, tls_peer_plan plan, tls_peer_record& record)
        : changed_(std::move(executor)),
          plan_(std::move(plan)),
          record_(record),
          context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        SSL_CTX_set_security_level(context_.get(), 0);
        SSL_CTX_use_certificate(context_.get(), who.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), who.key.get());
        SSL_CTX_set_max_proto_version(context_.get(), plan_.newest_version);
        SSL_CTX_set_num_tickets(context_.get(), 0);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
        SSL_set_msg_callback(ssl_.get(), count_greeting);
        SSL_set_msg_callback_arg(ssl_.get(), &record_);
    }

    hubpush::task<std::size_t> read_some(std::span<std::byte> out) override {
        co_await asio::post(asio::use_awaitable);
        co_await hubpush::throw_if_cancelled();
        while (arrived() == 0 && !over() && !closed_) {
            co_await changed_.wait();
            co_await hubpush::throw_if_cancelled();
        }
        const std::size_t count = std::min(out.size(), arrived());
        if (closed_ || (count == 0 && plan_.reset)) hubpush::throw_error(hubpush::errc::transport, "reset");
        std::memcpy(out.data(), line_.data() + taken_, count);
        taken_ += count;
        co_return count;
    }

    hubpush::task<std::size_t> write_some(std::span<const std::byte> data) override {
        co_await asio::post(asio::use_awaitable);
        co_await hubpush::throw_if_cancelled();
        if (closed_ || (plan_.reset && over())) hubpush::throw_error(hubpush::errc::transport, "reset");
        BIO_write(SSL_get_rbio(ssl_.get()), data.data(), static_cast<int>(data.size()));
        serve();
        changed_.notify_all();
        co_return data.size();
    }

    void close() noexcept override {
        closed_ = true;
        changed_.notify_all();
    }
    bool quiet() noexcept override { return !closed_ && !over() && arrived() == 0; }

private:
    std::size_t arrived() const { return std::min(line_.size(), plan_.cut) - taken_; }
    bool over() const { return arrived() == 0 && (line_.size() >= plan_.cut || ended_); }

    void serve() {
        if (!SSL_is_init_finished(ssl_.get())) SSL_do_handshake(ssl_.get());
        drain();
        if (!SSL_is_init_finished(ssl_.get())) return;
        if (record_.greeting == 0) {
            record_.greeting = line_.size();
            record_.asked_for_certificate = SSL_verify_client_post_handshake(ssl_.get()) == 1;
        }
        std::array<char, 4096> buffer{};
        for (int count = 0; (count = SSL_read(ssl_.get(), buffer.data(), buffer.size())) > 0;)
            record_.received.append(buffer.data(), static_cast<std::size_t>(count));
        if (record_.received.find("\r\n\r\n") != std::string::npos && !answered_) answer();
        drain();
    }

    void answer() {
        answered_ = true;
        if (plan_.renegotiates) {
            SSL_renegotiate(ssl_.get());
            SSL_do_handshake(ssl_.get());
            return;
        }
        for (std::size_t i = 0; i < plan_.reply.size(); i += std::min(plan_.record, plan_.reply.size())) {
            const std::string piece = plan_.reply.substr(i, plan_.record);
            SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
        }
        if (!plan_.closes) return;
        SSL_shutdown(ssl_.get());
        ended_ = true;
    }

    static void count_greeting(int writes, int, int type, const void* message, std::size_t, SSL*, void* record) {
        const bool client_hello = type == SSL3_RT_HANDSHAKE && *static_cast<const unsigned char*>(message) == 1;
        if (writes == 0 && client_hello) ++static_cast<tls_peer_record*>(record)->greetings;
    }

    /// Puts what the server wants to send on the line, with the damage that was planned.
    void drain() {
        std::array<char, 4096> buffer{};
        for (int count = 0; (count = BIO_read(SSL_get_wbio(ssl_.get()), buffer.data(), buffer.size())) > 0;) {
            for (const char byte : std::string_view(buffer.data(), static_cast<std::size_t>(count))) {
                if (record_.sent == plan_.insert) line_ += plan_.inserted;
                line_.push_back(record_.sent == plan_.flip ? static_cast<char>(byte ^ 1) : byte);
                ++record_.sent;
            }
        }
    }

    hubpush::notifier changed_;
    tls_peer_plan plan_;
    tls_peer_record& record_;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
    std::string line_;
    std::size_t taken_ = 0;
    bool answered_ = false;
    bool ended_ = false;
    bool closed_ = false;
};

}  // namespace hubpush_test
