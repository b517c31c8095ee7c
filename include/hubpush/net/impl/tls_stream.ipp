#pragma once

/// \file
/// TLS as a `byte_stream`, by Asio over OpenSSL, on a socket or on another `byte_stream`.

#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/byte_stream.hpp>
#include <hubpush/net/tcp_stream.hpp>

#include <asio/ssl.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace hubpush::inline v0::detail {

/// A completion handler of Asio's TLS. They have many types, and the compiler would see all of Asio's operations once
/// for each of them; behind this one it sees them once.
class transport_handler {
public:
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    template <class Handler>
    transport_handler(Handler handler, const asio::any_io_executor& otherwise)
        : executor_(asio::get_associated_executor(handler, otherwise)),
          stop_(asio::get_associated_cancellation_slot(handler)),
          kept_(std::make_unique<kept_as<Handler>>(std::move(handler))) {}

    executor_type get_executor() const noexcept { return executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return stop_; }
    void operator()(std::error_code failure, std::size_t count) {
        std::exchange(kept_, nullptr)->complete(failure, count);
    }

private:
    struct kept {
        virtual ~kept() = default;
        virtual void complete(std::error_code failure, std::size_t count) = 0;
    };
    template <class Handler>
    struct kept_as final : kept {
        explicit kept_as(Handler given) : handler(std::move(given)) {}
        void complete(std::error_code failure, std::size_t count) override { std::move(handler)(failure, count); }
        Handler handler;
    };

    asio::any_io_executor executor_;
    asio::cancellation_slot stop_;
    std::unique_ptr<kept> kept_;
};

/// What carries the bytes of TLS.
class transport {
public:
    virtual ~transport() = default;
    virtual void read_some(std::span<std::byte> out, transport_handler handler) = 0;
    virtual void write_some(std::span<const std::byte> data, transport_handler handler) = 0;
    virtual void close() noexcept = 0;
    virtual bool quiet() noexcept = 0;
};

class socket_transport final : public transport {
public:
    explicit socket_transport(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

    void read_some(std::span<std::byte> out, transport_handler handler) override {
        socket_.async_read_some(asio::buffer(out.data(), out.size()), std::move(handler));
    }
    void write_some(std::span<const std::byte> data, transport_handler handler) override {
        socket_.async_write_some(asio::buffer(data.data(), data.size()), std::move(handler));
    }
    void close() noexcept override { close_quietly(socket_); }
    bool quiet() noexcept override { return socket_.is_open() && nothing_to_read(socket_); }

private:
    asio::ip::tcp::socket socket_;
};

/// Waits until a `byte_stream` has carried something.
class carried final : public waiting_elsewhere {
public:
    /// \param nothing what it means that no byte was carried
    carried(const asio::any_io_executor& executor, std::error_code nothing, transport_handler handler)
        : waiting_elsewhere(executor, handler.get_executor(), handler.get_cancellation_slot()),
          nothing_(nothing),
          handler_(std::move(handler)) {}

    std::optional<std::size_t>& count() noexcept { return count_; }

private:
    static std::error_code code_of(const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::system_error& known) {
            return known.code();
        } catch (...) {
            return make_error_code(std::errc::not_enough_memory);
        }
    }

    void complete(std::shared_ptr<waiting_elsewhere>, std::exception_ptr failure) override {
        stop_listening();
        const std::size_t count = count_.value_or(0);
        std::error_code code;
        if (count == 0) code = failure ? code_of(failure) : nothing_;
        handler_(code, count);
    }

    std::error_code nothing_;
    transport_handler handler_;
    std::optional<std::size_t> count_;
};

class stream_transport final : public transport {
public:
    stream_transport(std::unique_ptr<byte_stream> carrier, asio::any_io_executor executor)
        : carrier_(std::move(carrier)), executor_(std::move(executor)) {}

    void read_some(std::span<std::byte> out, transport_handler handler) override {
        // Asio's TLS reads no bytes in order to be called later: that is not the end.
        task<std::size_t> work = out.empty() ? nothing() : carrier_->read_some(out);
        const std::error_code none = out.empty() ? std::error_code() : make_error_code(asio::error::eof);
        run(std::move(work), std::make_shared<carried>(executor_, none, std::move(handler)));
    }
    void write_some(std::span<const std::byte> data, transport_handler handler) override {
        run(carrier_->write_some(data), std::make_shared<carried>(executor_, std::error_code(), std::move(handler)));
    }
    void close() noexcept override { carrier_->close(); }
    bool quiet() noexcept override { return carrier_->quiet(); }

private:
    static task<std::size_t> nothing() { co_return 0; }
    static void run(task<std::size_t> work, const std::shared_ptr<carried>& waiting) {
        waiting_elsewhere::start(keep_result(std::move(work), waiting->count()), waiting);
    }

    std::unique_ptr<byte_stream> carrier_;
    asio::any_io_executor executor_;
};

/// A transport in the shape that Asio's TLS stands on.
class tls_layer {
public:
    using executor_type = asio::any_io_executor;
    using lowest_layer_type = tls_layer;

    tls_layer(std::unique_ptr<transport> below, executor_type executor)
        : transport_(std::move(below)), executor_(std::move(executor)) {}

    executor_type get_executor() const noexcept { return executor_; }
    lowest_layer_type& lowest_layer() noexcept { return *this; }
    transport& below() noexcept { return *transport_; }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        const asio::mutable_buffer first = *asio::buffer_sequence_begin(buffers);
        const auto begin = [this, first](auto handler) {
            transport_->read_some({static_cast<std::byte*>(first.data()), first.size()},
                                  transport_handler(std::move(handler), executor_));
        };
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(begin, token);
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        const asio::const_buffer first = *asio::buffer_sequence_begin(buffers);
        const auto begin = [this, first](auto handler) {
            transport_->write_some({static_cast<const std::byte*>(first.data()), first.size()},
                                   transport_handler(std::move(handler), executor_));
        };
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(begin, token);
    }

private:
    std::unique_ptr<transport> transport_;
    executor_type executor_;
};

/// Asio tells an orderly end (`eof`, after close_notify) from a cut one (`stream_truncated`), which is a failure here:
/// only a reader that is complete already may ignore it, and that one reads no further (spec/reliability.md §2.3).
class tls_stream final : public byte_stream {
public:
    tls_stream(tls_layer layer, std::shared_ptr<asio::ssl::context> context)
        : context_(std::move(context)), stream_(std::move(layer), *context_) {}

    asio::ssl::stream<tls_layer>& stream() noexcept { return stream_; }

    task<std::size_t> read_some(std::span<std::byte> out) override { return read_from(stream_, out); }
    task<std::size_t> write_some(std::span<const std::byte> data) override { return write_to(stream_, data); }
    void close() noexcept override { stream_.next_layer().below().close(); }

    bool quiet() noexcept override {
        SSL* const ssl = stream_.native_handle();
        return SSL_pending(ssl) == 0 && BIO_ctrl_pending(SSL_get_rbio(ssl)) == 0 &&
               stream_.next_layer().below().quiet();
    }

private:
    std::shared_ptr<asio::ssl::context> context_;
    asio::ssl::stream<tls_layer> stream_;
};

}  // namespace hubpush::inline v0::detail
