#pragma once

/// \file
/// One request and its reply on one connection. The reply is read while the request is still being sent, because
/// servers answer 403 and 413 early (spec/reliability.md §2.4).

#include <hubpush/async/timing.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/net/connector.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/http_reader.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace hubpush::inline v0::detail {

/// The state of one exchange, shared by the coroutine that sends and the one that receives; both also keep it alive
/// when an io_context ends before them.
///
/// Its memory is one lease: `[read area | head, at the end of its pages | body block]`. Head and first block go out in
/// one write, and the body is page-aligned all the same (design.md §7).
class http_exchange {
public:
    static constexpr std::size_t read_area = 16 * 1024;
    static constexpr std::size_t body_block = 960 * 1024;
    static constexpr std::chrono::seconds stall_limit{60};  ///< per `stall_bytes`, that is 1 KiB/s
    static constexpr std::uint64_t stall_bytes = 60 * 1024;
    static constexpr std::chrono::seconds last_words_limit{1};  ///< for a reply that waits behind a write that failed

    /// How much memory an exchange needs. `head` is that of `request`.
    HUBPUSH_DECL static std::size_t memory_for(const http_request& request, const secret& head);

    HUBPUSH_DECL http_exchange(seams seams, asio::any_io_executor executor, std::shared_ptr<byte_stream> stream,
                               lease memory, const http_request& request, const secret& head);

    /// Sends the request and gives the complete reply. Call once.
    HUBPUSH_DECL static task<http_response> run(std::shared_ptr<http_exchange> self);

    /// The connection may carry another request.
    bool reusable() const noexcept { return sent_all_ && !write_failure_ && reader_.reusable(); }
    /// Bytes of the request may have arrived.
    bool reached_server() const noexcept { return reached_server_; }
    /// It failed as a connection does that the server had closed meanwhile: before a single byte of a reply.
    bool silent() const noexcept { return !heard_ && !watch_.expired(); }

    /// Bytes that went out and came in, heads included.
    std::uint64_t bytes_sent() const noexcept { return sent_; }
    std::uint64_t bytes_received() const noexcept { return received_; }

private:
    static task<void> send(std::shared_ptr<http_exchange> self);
    static task<void> receive(std::shared_ptr<http_exchange> self);
    task<std::size_t> fill(std::uint64_t position);
    task<bool> write(std::span<const std::byte> bytes);
    void moved(std::size_t count);
    void received(std::size_t count);
    void all_sent();
    void wait_at_most(std::chrono::milliseconds limit, std::string what_if_not);
    std::exception_ptr explain(std::exception_ptr failure) const;

    std::shared_ptr<byte_stream> stream_;
    lease memory_;
    std::string name_;  // "PUT https://host/path", for messages
    std::span<std::byte> head_;
    std::span<std::byte> block_;
    std::shared_ptr<byte_source> body_;
    std::uint64_t body_size_;
    std::function<void(std::uint64_t)> on_progress_;
    std::chrono::milliseconds first_byte_within_;
    std::chrono::milliseconds longest_wait_;
    http_reader reader_;
    deadline watch_;
    std::string waiting_for_ = "the request could not be sent: the connection stalled";
    std::uint64_t moved_ = 0;  // bytes since the deadline was last put off
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::exception_ptr write_failure_;
    bool sent_all_ = false;
    bool heard_ = false;
    bool reached_server_ = false;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/http_exchange.ipp>
#endif
