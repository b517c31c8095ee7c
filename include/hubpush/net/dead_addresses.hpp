#pragma once

/// \file
/// Addresses that did not answer a moment ago (spec/reliability.md N05).

#include <hubpush/core/seams.hpp>
#include <hubpush/net/resolver.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>

namespace hubpush::inline v0::detail {

/// A host with a dead address costs its quarter of a second once a minute, not once per connection. Belongs to one
/// strand.
class dead_addresses {
public:
    static constexpr std::size_t most = 64;
    static constexpr std::chrono::seconds remembered_for{60};

    void note(const asio::ip::tcp::endpoint& address, steady_time now) {
        forget(address);
        if (dead_.size() == most) dead_.pop_front();
        dead_.push_back({address, now + remembered_for});
    }
    void forget(const asio::ip::tcp::endpoint& address) {
        std::erase_if(dead_, [&](const entry& each) { return each.address == address; });
    }
    /// The dead ones are tried after all others: nobody knows that they are not back.
    void put_last(resolver::addresses& addresses, steady_time now) {
        std::erase_if(dead_, [&](const entry& each) { return each.until <= now; });
        resolver::addresses alive, dead;
        for (const asio::ip::tcp::endpoint& address : addresses) (holds(address) ? dead : alive).push_back(address);
        alive.insert(alive.end(), dead.begin(), dead.end());
        addresses = std::move(alive);
    }

private:
    struct entry {
        asio::ip::tcp::endpoint address;
        steady_time until;
    };
    bool holds(const asio::ip::tcp::endpoint& address) const {
        return std::any_of(dead_.begin(), dead_.end(), [&](const entry& each) { return each.address == address; });
    }

    std::deque<entry> dead_;  // oldest first
};

}  // namespace hubpush::inline v0::detail
