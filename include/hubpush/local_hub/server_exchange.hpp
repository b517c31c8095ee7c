#pragma once

/// \file
/// One request and its answer on a served connection, with the fault that was decided for it, written down in the
/// ledger.

#include <hubpush/core/config.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/local_hub/accounts.hpp>
#include <hubpush/local_hub/faults.hpp>
#include <hubpush/local_hub/http_io.hpp>
#include <hubpush/local_hub/ledger.hpp>
#include <hubpush/local_hub/reply.hpp>
#include <hubpush/local_hub/served_connection.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hubpush::inline v0::detail {

/// What a handler sees. All waits throw `connection_lost` when the peer is gone, also when a fault makes it look so.
class server_exchange final : public body_reader, public response_writer {
public:
    using handler = std::function<task<void>(server_exchange&)>;

    /// `record` is the number of this request in the ledger.
    server_exchange(served_connection& connection, clock& clock, request_ledger& ledger, std::uint64_t record,
                    hub_caller caller, std::optional<fault> fault)
        : connection_(connection),
          clock_(clock),
          ledger_(ledger),
          record_(record),
          caller_(std::move(caller)),
          fault_(std::move(fault)) {}

    /// Runs the handler and answers in its place when it refuses or fails. True when the connection can be used again.
    HUBPUSH_DECL task<bool> run(const handler& handle);

    const request_head& request() const noexcept { return connection_.reader().head(); }
    const hub_caller& caller() const noexcept { return caller_; }
    std::uint64_t number() const noexcept { return record_; }

    /// The next piece of the body, valid until the next call; empty at its end.
    HUBPUSH_DECL task<std::span<const std::byte>> next_piece();
    HUBPUSH_DECL task<std::size_t> read_some(std::span<std::byte> out) override;
    /// The whole body as text. Refuses with 413 when it is longer than `limit`.
    HUBPUSH_DECL task<std::string> read_text(std::size_t limit);
    /// SHA-256 of the body in hexadecimal digits, once it has been read to its end.
    const std::string& body_sha256() const noexcept { return body_sha256_; }
    /// A page-aligned buffer for the handler.
    std::span<std::byte> scratch() const noexcept { return connection_.scratch(); }

    /// A field that the answer will carry, whatever it is.
    void add_field(std::string name, std::string value) {
        added_fields_.emplace_back(std::move(name), std::move(value));
    }
    /// Reads what is left of the body, then sends a complete answer.
    HUBPUSH_DECL task<void> answer(served_reply reply);
    HUBPUSH_DECL task<void> head(int status, std::vector<std::pair<std::string, std::string>> fields) override;
    HUBPUSH_DECL task<void> write(std::span<const std::byte> bytes) override;

    bool hit_by(fault::kind kind) const noexcept { return fault_ && fault_->what() == kind; }

private:
    HUBPUSH_DECL task<void> converse(const handler& handle);
    HUBPUSH_DECL task<void> handle_or_refuse(const handler& handle);
    HUBPUSH_DECL task<void> finish();
    HUBPUSH_DECL task<void> break_request();
    HUBPUSH_DECL task<void> apply_later(const handler& handle);
    HUBPUSH_DECL task<void> drain();
    /// The rest of the body stays where it is, and the connection ends with the answer.
    void leave_body() noexcept { drains_ = keep_alive_ = false; }
    HUBPUSH_DECL task<void> send_answer(served_reply reply);
    HUBPUSH_DECL task<void> transmit(std::span<const std::byte> bytes);
    HUBPUSH_DECL task<void> cut(std::span<const std::byte> bytes);
    HUBPUSH_DECL void write_down(bool finished);

    served_connection& connection_;
    clock& clock_;
    request_ledger& ledger_;
    std::uint64_t record_;
    hub_caller caller_;
    std::optional<fault> fault_;

    sha256 hash_;
    std::string body_sha256_;
    std::uint64_t body_bytes_ = 0;
    bool body_ended_ = false;
    bool continued_ = false;
    std::string kept_body_;  // of a request that is applied later; read once more then
    bool kept_ = false;
    std::span<const std::byte> piece_;  // what `read_some` has not given out yet

    std::vector<served_field> added_fields_;
    std::string unsent_;  // head and framing, which travel with the next bytes of the body
    std::uint64_t sent_ = 0;
    int status_ = 0;
    bool chunked_ = false;
    bool muted_ = false;  // the handler's answer is swallowed: a fault replaces it
    bool keep_alive_ = true;
    bool drains_ = true;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/server_exchange.ipp>
#endif
