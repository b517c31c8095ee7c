#pragma once

/// \file
/// Mutual exclusion between coroutines of one strand, granted in the order in which it was asked for.

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

namespace hubpush::inline v0 {

/// First come, first served. Not thread-safe: everything belongs to one strand. May end while its guards live.
class async_mutex {
    struct waiting_line {
        explicit waiting_line(asio::any_io_executor executor) : changed(std::move(executor)) {}
        notifier changed;
        std::deque<std::uint64_t> tickets;  // the first one holds the mutex
        std::uint64_t next_ticket = 0;
    };

public:
    /// A place in the line; at its head it is the lock. It leaves the line when it ends, wherever it stands, so that a
    /// cancelled or destroyed waiter never blocks those behind it.
    class guard {
    public:
        guard() = default;
        explicit guard(std::shared_ptr<waiting_line> line) : line_(std::move(line)), ticket_(line_->next_ticket++) {
            line_->tickets.push_back(ticket_);
        }
        guard(guard&& other) noexcept : line_(std::move(other.line_)), ticket_(other.ticket_) {}
        guard& operator=(guard other) noexcept {
            std::swap(line_, other.line_);
            std::swap(ticket_, other.ticket_);
            return *this;
        }
        ~guard() {
            if (!line_) return;
            line_->tickets.erase(std::find(line_->tickets.begin(), line_->tickets.end(), ticket_));
            line_->changed.notify_all();
        }

        /// True when this is the lock of `mutex` and it is held.
        bool holds(const async_mutex& mutex) const noexcept { return line_ == mutex.line_ && is_first(); }

    private:
        friend class async_mutex;
        bool is_first() const noexcept { return line_ && line_->tickets.front() == ticket_; }

        std::shared_ptr<waiting_line> line_;
        std::uint64_t ticket_ = 0;
    };

    explicit async_mutex(asio::any_io_executor executor) : line_(std::make_shared<waiting_line>(std::move(executor))) {}

    /// Waits for its turn. Cancellation: all types; throws `cancelled`.
    task<guard> lock() {
        const std::shared_ptr<waiting_line> line = line_;
        guard place(line);
        while (!place.is_first()) {
            co_await throw_if_cancelled();
            co_await line->changed.wait();
        }
        co_return place;
    }

private:
    std::shared_ptr<waiting_line> line_;
};

}  // namespace hubpush::inline v0
