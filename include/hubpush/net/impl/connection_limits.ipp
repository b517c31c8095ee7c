#pragma once

#include <hubpush/net/connection_limits.hpp>

#include <hubpush/async/task.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL connection_slot::~connection_slot() {
    if (slots_ != nullptr) slots_->release(where_);
}

/// Leaves the line, or gives back what was granted and not taken: also when the coroutine is destroyed while it waits.
class connection_slots::place_in_line {
public:
    place_in_line(connection_slots& slots, waiter& self) : slots_(slots), self_(self) {
        slots_.waiting_.push_back(&self_);
    }
    place_in_line(const place_in_line&) = delete;
    place_in_line& operator=(const place_in_line&) = delete;
    ~place_in_line() {
        slots_.waiting_.remove(&self_);
        if (self_.granted) slots_.release(self_.where);
    }
    connection_slot take() {
        self_.granted = false;
        return connection_slot(slots_, self_.where);
    }

private:
    connection_slots& slots_;
    waiter& self_;
};

HUBPUSH_DECL task<connection_slot> connection_slots::acquire(origin where) {
    if (has_room(where)) {
        used_.push_back(where);
        co_return connection_slot(*this, std::move(where));
    }
    waiter self(co_await asio::this_coro::executor, std::move(where));
    place_in_line place(*this, self);
    while (!self.granted) {
        co_await throw_if_cancelled();
        co_await self.woken.wait();
    }
    co_return place.take();
}

HUBPUSH_DECL bool connection_slots::has_room(const origin& where) const {
    const auto here = static_cast<std::size_t>(std::count(used_.begin(), used_.end(), where));
    return used_.size() < most_ && here < limits_.per_origin();
}

HUBPUSH_DECL void connection_slots::release(const origin& where) {
    used_.erase(std::find(used_.begin(), used_.end(), where));
    grant();
}

HUBPUSH_DECL void connection_slots::grow() {
    if (most_ == limits_.total()) return;
    ++most_;
    grant();
}

/// Whoever finds room on arrival overtakes nobody: those who wait here have none.
HUBPUSH_DECL void connection_slots::grant() {
    for (auto next = waiting_.begin(); next != waiting_.end();) {
        waiter& candidate = **next;
        if (!has_room(candidate.where)) {
            ++next;
            continue;
        }
        used_.push_back(candidate.where);
        candidate.granted = true;
        candidate.woken.notify_all();
        next = waiting_.erase(next);
    }
}

}  // namespace hubpush::inline v0::detail
