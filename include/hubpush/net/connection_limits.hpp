#pragma once

/// \file
/// How many connections one client has at once, and who waits for the next one.

#include <hubpush/async/notifier.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/net/url.hpp>

#include <algorithm>
#include <cstddef>
#include <list>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// Bounds on the connections of one client, idle ones included: `connection_limits().total(64).per_origin(16)` are the
/// defaults. Whoever finds none free waits in order of arrival. When the process runs out of descriptors the client
/// goes below its bound by itself.
class connection_limits {
public:
    connection_limits() = default;
    /// Open at once, at least one.
    connection_limits& total(std::size_t most) noexcept {
        total_ = std::max<std::size_t>(most, 1);
        return *this;
    }
    /// The same to one origin.
    connection_limits& per_origin(std::size_t most) noexcept {
        per_origin_ = std::max<std::size_t>(most, 1);
        return *this;
    }
    std::size_t total() const noexcept { return total_; }
    std::size_t per_origin() const noexcept { return per_origin_; }

private:
    std::size_t total_ = 64;
    std::size_t per_origin_ = 16;
};

namespace detail {

class connection_slots;

/// The right to have one connection, given back by the destructor.
class connection_slot {
public:
    connection_slot(connection_slots& slots, origin where) : slots_(&slots), where_(std::move(where)) {}
    connection_slot(connection_slot&& other) noexcept
        : slots_(std::exchange(other.slots_, nullptr)), where_(std::move(other.where_)) {}
    connection_slot& operator=(connection_slot&&) = delete;
    HUBPUSH_DECL ~connection_slot();

private:
    connection_slots* slots_;
    origin where_;
};

/// Gives out connections in order of arrival; who waits for an origin that is full holds up nobody else. Outlives its
/// slots and waiters. Not thread-safe.
class connection_slots {
public:
    explicit connection_slots(connection_limits limits) : limits_(limits), most_(limits.total()) {}
    connection_slots(const connection_slots&) = delete;
    connection_slots& operator=(const connection_slots&) = delete;

    /// Waits for its turn. Cancellation: all types; throws `cancelled`.
    HUBPUSH_DECL task<connection_slot> acquire(origin where);

    std::size_t used() const noexcept { return used_.size(); }
    /// How many there may be now.
    std::size_t most() const noexcept { return most_; }

    /// There was no descriptor for the connection that holds a slot now: one fewer than are in use may be (N41).
    void shrink() noexcept { most_ = std::max<std::size_t>(used_.size(), 2) - 1; }
    /// A connection was made: one more may be.
    HUBPUSH_DECL void grow();

private:
    friend class connection_slot;
    struct waiter {
        waiter(asio::any_io_executor executor, origin wanted) : woken(std::move(executor)), where(std::move(wanted)) {}
        notifier woken;
        origin where;
        bool granted = false;
    };
    class place_in_line;

    HUBPUSH_DECL bool has_room(const origin& where) const;
    HUBPUSH_DECL void release(const origin& where);
    HUBPUSH_DECL void grant();

    const connection_limits limits_;
    std::size_t most_;
    std::vector<origin> used_;  // one entry per slot
    std::list<waiter*> waiting_;
};

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/connection_limits.ipp>
#endif
