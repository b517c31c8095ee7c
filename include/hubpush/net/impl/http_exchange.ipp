#pragma once

#include <hubpush/net/http_exchange.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hubpush::inline v0::detail {

inline std::size_t whole_pages(std::size_t size) noexcept { return (size + 4095) / 4096 * 4096; }

inline std::size_t block_size(const http_request& request) noexcept {
    const std::uint64_t size = request.body() ? request.body()->size() : 0;
    return static_cast<std::size_t>(std::min<std::uint64_t>(size, http_exchange::body_block));
}

HUBPUSH_DECL std::size_t http_exchange::memory_for(const http_request& request, const secret& head) {
    return read_area + whole_pages(head.reveal().size()) + block_size(request);
}

HUBPUSH_DECL http_exchange::http_exchange(seams seams, asio::any_io_executor executor,
                                          std::shared_ptr<byte_stream> stream, lease memory,
                                          const http_request& request, const secret& head)
    : stream_(std::move(stream)),
      memory_(std::move(memory)),
      name_(request.method() + " " + request.shown_target()),
      body_(request.body()),
      body_size_(body_ ? body_->size() : 0),
      on_progress_(request.on_progress()),
      first_byte_within_(request.first_byte_within()),
      longest_wait_(request.longest_wait()),
      reader_(request.method() == "HEAD", request.reply_limit()),
      watch_(seams.clock(), std::move(executor), [this] { stream_->close(); }) {
    const std::string_view text = head.reveal();
    const std::size_t block_begin = read_area + whole_pages(text.size());
    head_ = memory_.bytes().subspan(block_begin - text.size(), text.size());
    block_ = memory_.bytes().subspan(block_begin, block_size(request));
    std::memcpy(head_.data(), text.data(), text.size());
}

HUBPUSH_DECL task<http_response> http_exchange::run(std::shared_ptr<http_exchange> self) {
    co_await throw_if_cancelled();  // the children would not know of a cancellation that came before them
    task_group group(co_await asio::this_coro::executor);
    self->watch_.expires_after(std::min<std::chrono::milliseconds>(stall_limit, self->longest_wait_));
    group.spawn(send(self));
    group.spawn(receive(self));
    std::exception_ptr failure;
    try {
        co_await group.join();
    } catch (...) {
        failure = std::current_exception();
    }
    self->watch_.cancel();
    if (failure) {
        self->stream_->close();
        std::rethrow_exception(self->explain(failure));
    }
    co_return self->reader_.take();
}

HUBPUSH_DECL task<void> http_exchange::send(std::shared_ptr<http_exchange> self) {
    std::uint64_t position = co_await self->fill(0);
    const std::span<const std::byte> first(self->head_.data(), self->head_.size() + static_cast<std::size_t>(position));
    bool accepted = co_await self->write(first);
    std::fill(self->head_.begin(), self->head_.end(), std::byte{0});  // the token is not needed any more
    while (accepted && position != self->body_size_) {
        if (self->on_progress_) self->on_progress_(position);
        const std::size_t size = co_await self->fill(position);
        position += size;
        accepted = co_await self->write(self->block_.first(size));
    }
    if (!accepted) co_return;
    if (self->on_progress_) self->on_progress_(position);
    self->all_sent();
}

HUBPUSH_DECL task<void> http_exchange::receive(std::shared_ptr<http_exchange> self) {
    while (!self->reader_.complete()) {
        const std::size_t count = co_await self->stream_->read_some(self->memory_.bytes().first(read_area));
        self->received(count);
    }
    if (!self->sent_all_) self->stream_->close();  // an early answer: the rest of the request is of no use
}

/// Reads the next block of the body.
HUBPUSH_DECL task<std::size_t> http_exchange::fill(std::uint64_t position) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), body_size_ - position));
    if (wanted == 0) co_return 0;
    const std::size_t count = co_await body_->read_at(position, block_.first(wanted));
    if (count != wanted) throw_error(errc::file_changed, name_ + ": the content ended before its announced size");
    co_await throw_if_cancelled();
    co_return count;
}

/// False when the stream takes no more. That is not the end: a reply may be waiting behind the failure.
HUBPUSH_DECL task<bool> http_exchange::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const bool reached_before = std::exchange(reached_server_, true);  // true also while it cannot be known
        std::exception_ptr failure;
        std::size_t count = 0;
        try {
            count = co_await stream_->write_some(bytes);
        } catch (...) {
            failure = std::current_exception();
        }
        if (failure && kind_of(failure) != errc::transport) std::rethrow_exception(failure);
        if (failure) {
            if (!watch_.expired()) reached_server_ = reached_before;
            write_failure_ = failure;
            watch_.expires_after(last_words_limit);
            co_return false;
        }
        sent_ += count;
        moved(count);
        bytes = bytes.subspan(count);
    }
    co_return true;
}

HUBPUSH_DECL void http_exchange::wait_at_most(std::chrono::milliseconds limit, std::string what_if_not) {
    if (write_failure_) return;
    moved_ = 0;
    waiting_for_ = std::move(what_if_not);
    watch_.expires_after(std::min(limit, longest_wait_));
}

/// Bytes went through: the deadline is put off once there were enough of them.
HUBPUSH_DECL void http_exchange::moved(std::size_t count) {
    moved_ += count;
    if (moved_ >= stall_bytes) wait_at_most(stall_limit, std::move(waiting_for_));
}

HUBPUSH_DECL void http_exchange::all_sent() {
    sent_all_ = true;
    if (!reader_.started()) wait_at_most(first_byte_within_, "no answer came in time");
}

HUBPUSH_DECL void http_exchange::received(std::size_t count) {
    const bool started_before = reader_.started();
    received_ += count;
    heard_ = heard_ || count != 0;
    const std::error_code refused = count == 0 ? reader_.end_of_stream() : reader_.feed(memory_.bytes().first(count));
    if (refused) throw_error(static_cast<errc>(refused.value()), reader_.problem());
    if (!reader_.started()) {
        if (sent_all_) all_sent();  // an interim answer: the real one may take its time again
    } else if (!started_before) {
        wait_at_most(stall_limit, "the answer stalled");
    } else {
        moved(count);
    }
}

/// What the caller is told: a stream that the deadline closed looks broken, and a broken write was there before the
/// broken read. Failures of the body's source and cancellation stay as they are.
HUBPUSH_DECL std::exception_ptr http_exchange::explain(std::exception_ptr failure) const {
    const errc kind = kind_of(failure);
    if (kind == errc::transport && watch_.expired() && !write_failure_) {
        return make_exception(errc::timed_out, name_ + ": " + waiting_for_, error_details().retryable(true));
    }
    if (kind != errc::transport && kind != errc::protocol_error && kind != errc::limit_exceeded) return failure;
    try {
        std::rethrow_exception(kind == errc::transport && write_failure_ ? write_failure_ : failure);
    } catch (const error& cause) {
        return make_exception(kind, name_ + ": " + cause.what(), error_details().retryable(kind == errc::transport));
    }
}

}  // namespace hubpush::inline v0::detail
