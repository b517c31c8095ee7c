#pragma once

#include <hubpush/core/seams.hpp>

#include <cstdio>
#include <mutex>
#include <random>
#include <string>

namespace hubpush::inline v0::detail {

/// A wake-up on an Asio timer. The callback is shared with the wait handler, which runs it only if it is still the
/// current one: a handler that was already queued when the timer was cancelled finds nothing.
class asio_wake_up final : public timer {
public:
    explicit asio_wake_up(asio::any_io_executor executor) : timer_(std::move(executor)) {}
    ~asio_wake_up() override { asio_wake_up::cancel(); }

    void start(steady_time at, std::function<void()> on_expiry) override {
        cancel();
        current_ = std::make_shared<std::function<void()>>(std::move(on_expiry));
        timer_.expires_at(at);
        timer_.async_wait([current = std::weak_ptr<std::function<void()>>(current_)](const std::error_code& failure) {
            const auto callback = current.lock();
            if (!failure && callback) (*callback)();
        });
    }

    void cancel() noexcept override {
        if (!current_) return;
        current_.reset();
        try {
            timer_.cancel();
        } catch (...) {  // the callback is gone already, which is all that was promised
        }
    }

private:
    asio::steady_timer timer_;
    std::shared_ptr<std::function<void()>> current_;
};

class asio_clock final : public clock {
public:
    steady_time now() const noexcept override { return std::chrono::steady_clock::now(); }
    std::chrono::system_clock::time_point wall() const noexcept override { return std::chrono::system_clock::now(); }
    std::unique_ptr<timer> make_timer(asio::any_io_executor executor) override {
        return std::make_unique<asio_wake_up>(std::move(executor));
    }
};

class system_random final : public random_source {
public:
    std::uint64_t next() override {
        const std::lock_guard lock(mutex_);
        return (std::uint64_t{device_()} << 32) | device_();
    }

private:
    std::mutex mutex_;
    std::random_device device_;
};

class standard_error_log final : public log_sink {
public:
    void write(log_level level, std::string_view line) noexcept override {
        if (level < log_level::warning) return;
        std::fprintf(stderr, "hubpush: %.*s\n", static_cast<int>(line.size()), line.data());
    }
};

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL std::shared_ptr<clock> steady_clock() { return std::make_shared<detail::asio_clock>(); }

HUBPUSH_DECL seams::seams()
    : seams(steady_clock(), std::make_shared<detail::system_random>(), std::make_shared<detail::standard_error_log>()) {
}

}  // namespace hubpush::inline v0
