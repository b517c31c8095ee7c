#pragma once

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/server_exchange.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hubpush::inline v0::detail {

/// How much of a body is read for the sake of an answer that does not need it: otherwise the peer sees a reset instead
/// of the status (spec/hub-http-api.md §14.1).
inline constexpr std::uint64_t most_drained_bytes = std::uint64_t{16} << 30;

inline served_reply reply_of(const fault_answer& answer) {
    served_reply reply(answer.status());
    reply.body(answer.body());
    if (!find_field(answer.headers(), "content-type")) reply.header("Content-Type", "application/json");
    for (const auto& [name, value] : answer.headers()) reply.header(name, value);
    return reply;
}

HUBPUSH_DECL task<bool> server_exchange::run(const handler& handle) {
    keep_alive_ = request().keep_alive;
    std::exception_ptr failure;
    try {
        co_await converse(handle);
    } catch (const connection_lost&) {
        keep_alive_ = false;
    } catch (...) {
        failure = std::current_exception();
    }
    write_down(true);
    if (failure) std::rethrow_exception(failure);
    co_return keep_alive_;
}

HUBPUSH_DECL void server_exchange::write_down(bool finished) {
    ledger_.update(record_, [this, finished](request_record& record) {
        record.body_bytes = body_bytes_;
        record.body_sha256 = body_sha256_;
        record.finished = finished;
    });
}

HUBPUSH_DECL task<void> server_exchange::converse(const handler& handle) {
    const bool request_breaks = hit_by(fault::kind::reset_request) || hit_by(fault::kind::stall_request);
    if (request_breaks && (fault_->bytes() == 0 || !request().has_body())) co_await break_request();
    if (hit_by(fault::kind::answer_early) || hit_by(fault::kind::answer_instead)) {
        if (hit_by(fault::kind::answer_early)) leave_body();
        co_await drain();
        co_await send_answer(reply_of(fault_->answer()));
        co_await finish();
        co_return;
    }
    if (hit_by(fault::kind::answer_then_apply)) co_return co_await apply_later(handle);
    muted_ = hit_by(fault::kind::apply_then_answer) || hit_by(fault::kind::apply_then_reset);
    co_await handle_or_refuse(handle);
    if (hit_by(fault::kind::apply_then_reset)) {
        connection_.reset();
        throw connection_lost();
    }
    if (hit_by(fault::kind::apply_then_answer)) {
        muted_ = false;
        co_await send_answer(reply_of(fault_->answer()));
    }
    co_await finish();
}

/// The connection ends with the answer, so that the peer's next request does not wait behind this one.
HUBPUSH_DECL task<void> server_exchange::apply_later(const handler& handle) {
    static constexpr std::size_t longest_body = 64 * 1024 * 1024;
    kept_body_ = co_await read_text(longest_body);
    keep_alive_ = false;
    co_await send_answer(reply_of(fault_->answer()));
    co_await finish();
    co_await connection_.linger();
    co_await sleep_for(clock_, fault_->delay());
    muted_ = true;
    kept_ = true;
    co_await handle_or_refuse(handle);
}

HUBPUSH_DECL task<void> server_exchange::handle_or_refuse(const handler& handle) {
    std::optional<served_reply> instead;
    try {
        co_await handle(*this);
    } catch (const connection_lost&) {
        throw;
    } catch (const refusal& refused) {
        instead = refused.reply();
    } catch (const error& failed) {
        if (failed.kind() == errc::cancelled) throw;
        instead = served_reply::failure(failed.kind() == errc::invalid_argument ? 400 : 500, "", failed.what());
    } catch (const std::exception& failed) {
        instead = served_reply::failure(500, "", failed.what());
    }
    if (!instead) co_return;
    if (status_ != 0 && !muted_) {  // in the middle of an answer there is no other way to say that it failed
        connection_.reset();
        throw connection_lost();
    }
    co_await answer(std::move(*instead));
}

HUBPUSH_DECL task<void> server_exchange::break_request() {
    if (hit_by(fault::kind::stall_request)) co_await connection_.stall();
    connection_.reset();
    throw connection_lost();
}

HUBPUSH_DECL task<std::span<const std::byte>> server_exchange::next_piece() {
    if (std::exchange(kept_, false)) co_return as_bytes(kept_body_);
    if (body_ended_) co_return std::span<const std::byte>();
    if (request().expects_continue() && request().has_body() && !continued_) {
        continued_ = true;
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        co_await connection_.send(as_bytes(go_on), std::span<const std::byte>());
    }
    const std::span<const std::byte> piece = co_await connection_.next_piece();
    const bool breaks = hit_by(fault::kind::reset_request) || hit_by(fault::kind::stall_request);
    if (breaks && (piece.empty() || body_bytes_ + piece.size() >= fault_->bytes())) {
        body_bytes_ = std::min(body_bytes_ + piece.size(), fault_->bytes());
        co_await break_request();
    }
    body_bytes_ += piece.size();
    hash_.update(piece);
    if (piece.empty()) {
        body_ended_ = true;
        body_sha256_ = to_hex(hash_.finish());
        write_down(false);  // before the answer, so that whoever has the answer finds it in the ledger
    }
    co_return piece;
}

HUBPUSH_DECL task<std::size_t> server_exchange::read_some(std::span<std::byte> out) {
    if (piece_.empty()) piece_ = co_await next_piece();
    const std::size_t size = std::min(out.size(), piece_.size());
    if (size != 0) std::memcpy(out.data(), piece_.data(), size);
    piece_ = piece_.subspan(size);
    co_return size;
}

HUBPUSH_DECL task<std::string> server_exchange::read_text(std::size_t limit) {
    std::string text;
    for (;;) {
        const std::span<const std::byte> piece = co_await next_piece();
        if (piece.empty()) co_return text;
        if (piece.size() > limit - text.size()) throw refusal(413, "", "The request body is too large");
        text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
}

HUBPUSH_DECL task<void> server_exchange::drain() {
    // A client that waits for "100 Continue" has not sent its body: then the answer comes instead of it.
    if (request().expects_continue() && request().has_body() && !continued_) leave_body();
    std::uint64_t drained = 0;
    while (drains_ && !body_ended_) {
        const std::span<const std::byte> piece = co_await next_piece();
        drained += piece.size();
        if (drained > most_drained_bytes) leave_body();
    }
}

HUBPUSH_DECL task<void> server_exchange::answer(served_reply reply) {
    co_await drain();
    co_await send_answer(std::move(reply));
}

HUBPUSH_DECL task<void> server_exchange::send_answer(served_reply reply) {
    std::vector<served_field> fields = reply.fields();
    if (reply.status() != 304 && !find_field(fields, "content-length")) {
        fields.emplace_back("Content-Length", std::to_string(reply.body().size()));
    }
    co_await head(reply.status(), std::move(fields));
    co_await write(as_bytes(reply.body()));
}

/// Our own fields hold text from requests in places; a line break there must not become a field of its own.
inline void append_reply_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char each : value) {
        if (static_cast<unsigned char>(each) >= ' ' && each != '\x7f') out.push_back(each);
    }
    out.append("\r\n");
}

HUBPUSH_DECL task<void> server_exchange::head(int status, std::vector<std::pair<std::string, std::string>> fields) {
    if (hit_by(fault::kind::delay_answer)) co_await sleep_for(clock_, fault_->delay());
    if (muted_) co_return;
    status_ = status;
    ledger_.update(record_, [status](request_record& record) { record.status = status; });
    unsent_ = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) + "\r\n";
    if (hit_by(fault::kind::drop_field)) {
        std::erase_if(fields, [this](const auto& each) { return equal_ignoring_case(each.first, fault_->field()); });
    }
    for (const auto& [name, value] : fields) append_reply_field(unsent_, name, value);
    for (const auto& [name, value] : added_fields_) append_reply_field(unsent_, name, value);
    chunked_ = status != 304 && !find_field(fields, "content-length");
    if (chunked_) append_reply_field(unsent_, "Transfer-Encoding", "chunked");
    append_reply_field(unsent_, "X-Request-Id", "Root=" + std::to_string(record_));
    append_reply_field(unsent_, "Connection", keep_alive_ ? "keep-alive" : "close");
    unsent_ += "\r\n";
}

HUBPUSH_DECL task<void> server_exchange::write(std::span<const std::byte> bytes) {
    if (muted_ || bytes.empty() || request().method == "HEAD") co_return;
    if (chunked_) {
        char size[20];
        std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
        unsent_ += size;
    }
    co_await transmit(bytes);
    if (chunked_) unsent_ += "\r\n";
}

HUBPUSH_DECL task<void> server_exchange::transmit(std::span<const std::byte> bytes) {
    if (hit_by(fault::kind::cut_answer) || hit_by(fault::kind::cut_answer_reset)) co_await cut(bytes);
    co_await connection_.send(as_bytes(unsent_), bytes);
    sent_ += unsent_.size() + bytes.size();
    unsent_.clear();
}

/// Sends what is left up to the fault's limit and ends the connection there; does nothing before the limit.
HUBPUSH_DECL task<void> server_exchange::cut(std::span<const std::byte> bytes) {
    const std::uint64_t room = fault_->bytes() - std::min(fault_->bytes(), sent_);
    if (unsent_.size() + bytes.size() <= room) co_return;
    const auto of_head = static_cast<std::size_t>(std::min<std::uint64_t>(room, unsent_.size()));
    const auto of_body = static_cast<std::size_t>(room - of_head);
    co_await connection_.send(as_bytes(unsent_).first(of_head), bytes.first(of_body));
    if (hit_by(fault::kind::cut_answer_reset)) {
        connection_.reset();
    } else {
        co_await connection_.linger();
    }
    throw connection_lost();
}

HUBPUSH_DECL task<void> server_exchange::finish() {
    if (status_ == 0) co_await send_answer(served_reply::failure(500, "", "The handler gave no answer"));
    if (chunked_ && request().method != "HEAD") unsent_ += "0\r\n\r\n";
    if (!unsent_.empty()) co_await transmit(std::span<const std::byte>());
    co_await drain();
}

}  // namespace hubpush::inline v0::detail
