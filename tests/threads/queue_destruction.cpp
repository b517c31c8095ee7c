#include <hubpush/queue/background.hpp>

#include "blocked.hpp"
#include "catch.hpp"
#include "test_seams.hpp"

#include <hubpush/async/notifier.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

// The end of a background in every state, while other threads are inside it (spec/reliability.md §3.8: P08).

using namespace std::chrono_literals;
using namespace hubpush;
using hubpush_test::blocked_call;

namespace {

constexpr int rounds = 64;

task<void> for_ever() {
    notifier never(co_await asio::this_coro::executor);
    for (;;) {
        co_await throw_if_cancelled();
        co_await never.wait();
    }
}

task<void> some_work() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 5; ++i) co_await asio::post(executor, asio::use_awaitable);
}

task<void> busy_server() {
    throw_error(errc::rate_limited, "slow down", error_details().retryable(true).retry_after(1h));
    co_return;
}

/// Nobody is there; and no certificates have to be read for it.
class no_network final : public connector {
public:
    task<std::unique_ptr<byte_stream>> connect(origin) override {
        throw_error(errc::transport, "no network");
        co_return nullptr;
    }
};

/// One background and what it reports.
struct fixture {
    template <class... Options>
    explicit fixture(Options... options)
        : hub(std::make_unique<background>(endpoint("http://127.0.0.1:9"), token(std::string("hf_canary_test")),
                                           worker_threads(1), use_connector(std::make_shared<no_network>()),
                                           log_to(log), std::move(options)...)) {}

    std::shared_ptr<hubpush_test::capturing_log> log = std::make_shared<hubpush_test::capturing_log>();
    std::unique_ptr<background> hub;
};

}  // namespace

TEST_CASE("a background ends with nothing to do, with work to do, and with work it has no time for",
          "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture idle;
        idle.hub.reset();
        CHECK(idle.log->lines().empty());

        fixture in_time;
        for (int i = 0; i < 5; ++i) in_time.hub->submit(some_work);
        in_time.hub.reset();
        CHECK(in_time.log->lines().empty());

        fixture late(close_within(0ms));
        for (int i = 0; i < 5; ++i) late.hub->submit(for_ever);
        late.hub.reset();
        CHECK(late.log->lines().size() == 5);
    }
}

TEST_CASE("a background ends while its head pauses before the next attempt, or is being cancelled",
          "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture retrying(close_within(0ms));
        const auto head = retrying.hub->submit(busy_server);
        if (round % 2 == 0) {
            while (head.status() != job_status::retrying) std::this_thread::yield();
        }
        retrying.hub.reset();
        CHECK(head.status() == job_status::cancelled);

        fixture cancelling;
        const auto running = cancelling.hub->submit(for_ever);
        const auto behind = cancelling.hub->submit(some_work);
        if (round % 2 == 0) {
            while (running.status() != job_status::running) std::this_thread::yield();
        }
        running.cancel();
        cancelling.hub.reset();
        CHECK(running.status() == job_status::cancelled);
        CHECK(behind.status() == job_status::done);
    }
}

TEST_CASE("a background ends while other threads drain it and wait for its jobs", "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture f(close_within(round % 2 == 0 ? 0ms : 5ms));
        const auto running = f.hub->submit(for_ever);
        const auto behind = f.hub->submit(some_work);
        std::size_t outcomes = 0;
        std::atomic<int> told = 0;
        const auto wait = [&told](const job<void>& handle) {
            try {
                handle.get();
            } catch (const cancelled&) {
                ++told;
            }
        };
        {
            blocked_call drains([&outcomes, hub = f.hub.get()] { outcomes = hub->drain().outcomes.size(); });
            blocked_call waits([&] { wait(running); });
            blocked_call waits_behind([&, copy = behind] { wait(copy); });
            drains.wait_until_blocked();
            f.hub.reset();
        }
        CHECK(told == 2);
        CHECK(outcomes == 2);  // also where the log was told first
    }
}

TEST_CASE("a background ends while other threads wait for a place in it", "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture f(queue_limit(1), when_full(full_queue::wait), close_within(0ms));
        f.hub->submit(for_ever);
        std::atomic<int> refused = 0;
        {
            const auto call = [hub = f.hub.get(), &refused] {
                try {
                    hub->submit(some_work);
                } catch (const error& failure) {
                    refused += failure.kind() == errc::queue_closed ? 1 : 0;
                }
            };
            blocked_call first(call);
            blocked_call second(call);
            first.wait_until_blocked();
            second.wait_until_blocked();
            f.hub.reset();
        }
        CHECK(refused == 2);
        CHECK(f.log->lines().size() == 1);
    }
}

TEST_CASE("a background ends after a drain that had no time, and after everything was cancelled",
          "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture f;
        for (int i = 0; i < 3; ++i) f.hub->submit(for_ever);
        const drain_result drained = f.hub->drain_until(std::chrono::steady_clock::now());
        CHECK(drained.remaining == 3);
        f.hub.reset();
        CHECK(f.log->lines().size() == 3);

        fixture all_cancelled;
        for (int i = 0; i < 3; ++i) all_cancelled.hub->submit(for_ever);
        all_cancelled.hub->cancel_all();
        if (round % 2 == 0) CHECK(all_cancelled.hub->drain().cancelled == 3);
        all_cancelled.hub.reset();
        CHECK(all_cancelled.log->lines().empty());
    }
}

TEST_CASE("places are given and jobs replaced from several threads until the end", "[threads][destroy]") {
    for (int round = 0; round < rounds; ++round) {
        fixture f(queue_limit(2), when_full(round % 2 == 0 ? full_queue::wait : full_queue::replace_oldest));
        {
            const auto submit = [&f] {
                for (int i = 0; i < 10; ++i) {
                    try {
                        f.hub->submit(some_work);
                    } catch (const queue_full&) {
                    }
                }
            };
            blocked_call one(submit);
            blocked_call two(submit);
        }
        const drain_result drained = f.hub->drain();
        CHECK(drained.remaining == 0);
        CHECK(drained.failed == 0);
        if (round % 2 == 0) CHECK(drained.done == 20);
    }
}
