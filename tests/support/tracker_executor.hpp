#pragma once

#include <hubpush/core/asio.hpp>

#include <asio/execution.hpp>

#include <memory>
#include <utility>

namespace hubpush_test {

/// An executor that runs everything on another one and knows what runs on it right now: for tests that a handler runs
/// where it belongs. One thread only.
class tracker_executor {
public:
    explicit tracker_executor(asio::io_context::executor_type inner) : inner_(inner) {}

    /// How many functions have been run here.
    int calls() const noexcept { return *calls_; }
    /// True inside of a function that was run here.
    bool running() const noexcept { return *depth_ > 0; }

    asio::execution_context& query(asio::execution::context_t) const noexcept { return inner_.context(); }
    static constexpr asio::execution::blocking_t::never_t query(asio::execution::blocking_t) noexcept {
        return asio::execution::blocking.never;
    }

    template <class Function>
    void execute(Function function) const {
        asio::post(inner_, [function = std::move(function), calls = calls_, depth = depth_]() mutable {
            ++*calls;
            ++*depth;
            std::move(function)();
            --*depth;
        });
    }

    friend bool operator==(const tracker_executor& left, const tracker_executor& right) noexcept {
        return left.calls_ == right.calls_;
    }
    friend bool operator!=(const tracker_executor& left, const tracker_executor& right) noexcept {
        return !(left == right);
    }

private:
    asio::io_context::executor_type inner_;
    std::shared_ptr<int> calls_ = std::make_shared<int>(0);
    std::shared_ptr<int> depth_ = std::make_shared<int>(0);
};

}  // namespace hubpush_test
