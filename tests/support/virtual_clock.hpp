#pragma once

#include <hubpush/core/seams.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <stdexcept>

namespace hubpush_test {

/// Time that stands still until every coroutine waits, then jumps to the next timer: hours pass in microseconds and
/// every wait is exact. One thread only.
class virtual_clock final : public hubpush::clock {
public:
    hubpush::steady_time now() const noexcept override { return now_; }
    std::chrono::system_clock::time_point wall() const noexcept override {
        return wall_start_ + std::chrono::duration_cast<std::chrono::system_clock::duration>(now_ - start_);
    }
    std::unique_ptr<hubpush::timer> make_timer(asio::any_io_executor executor) override;

    /// Time since the clock was made.
    std::chrono::nanoseconds elapsed() const noexcept { return now_ - start_; }

    /// How many timers are running.
    std::size_t pending() const noexcept { return pending_.size(); }

    /// Jumps to the earliest pending timer and fires it; false when there is none.
    bool advance();

private:
    class wake_up;

    hubpush::steady_time start_{std::chrono::hours(1000)};
    hubpush::steady_time now_ = start_;
    std::chrono::system_clock::time_point wall_start_{std::chrono::seconds(1'790'000'000)};
    std::list<wake_up*> pending_;
};

class virtual_clock::wake_up final : public hubpush::timer {
public:
    wake_up(virtual_clock& clock, asio::any_io_executor executor) : clock_(clock), executor_(std::move(executor)) {}
    ~wake_up() override { wake_up::cancel(); }

    void start(hubpush::steady_time at, std::function<void()> on_expiry) override {
        cancel();
        at_ = at;
        callback_ = std::make_shared<std::function<void()>>(std::move(on_expiry));
        clock_.pending_.push_back(this);
    }

    void cancel() noexcept override {
        clock_.pending_.remove(this);
        callback_.reset();
    }

    hubpush::steady_time at() const noexcept { return at_; }

    void fire() {
        clock_.pending_.remove(this);
        asio::post(executor_, [weak = std::weak_ptr<std::function<void()>>(callback_)] {
            if (const auto callback = weak.lock()) (*callback)();
        });
    }

private:
    virtual_clock& clock_;
    asio::any_io_executor executor_;
    hubpush::steady_time at_{};
    std::shared_ptr<std::function<void()>> callback_;
};

inline std::unique_ptr<hubpush::timer> virtual_clock::make_timer(asio::any_io_executor executor) {
    return std::make_unique<wake_up>(*this, std::move(executor));
}

inline bool virtual_clock::advance() {
    const auto next = std::min_element(pending_.begin(), pending_.end(), [](const wake_up* left, const wake_up* right) {
        return left->at() < right->at();
    });
    if (next == pending_.end()) return false;
    now_ = std::max(now_, (*next)->at());
    (*next)->fire();
    return true;
}

/// Runs `context` until nothing is ready and no timer is pending. Throws when that takes more than `limit` jumps: a
/// loop that waits for ever is a failed test, not a hung one.
inline void run_virtual(asio::io_context& context, virtual_clock& clock, std::size_t limit = 1'000'000) {
    for (std::size_t jumps = 0; jumps < limit; ++jumps) {
        context.restart();
        context.poll();
        if (!clock.advance()) return;
    }
    throw std::runtime_error("virtual time does not come to an end");
}

}  // namespace hubpush_test
