// What a training loop pays for queueing a push: the time of 2,000 calls of upload_folder while a job is at the head,
// and the memory that each waiting job holds. Fails when the 99th percentile reaches 100 microseconds.

#include <hubpush/hubpush.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <malloc.h>

namespace {

constexpr std::size_t calls = 2000;

hubpush::task<void> wait_for_cancellation() {
    hubpush::notifier never(co_await asio::this_coro::executor);
    for (;;) {
        co_await hubpush::throw_if_cancelled();
        co_await never.wait();
    }
}

class silent_log final : public hubpush::log_sink {
public:
    void write(hubpush::log_level, std::string_view) noexcept override {}
};

}  // namespace

int main() {
    hubpush::background hub(hubpush::endpoint("http://127.0.0.1:9"), hubpush::token("hf_benchmark"),
                            hubpush::log_to(std::make_shared<silent_log>()));
    hub.submit(wait_for_cancellation());
    std::vector<double> microseconds;
    microseconds.reserve(calls);
    const std::size_t before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < calls; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        hub.upload_folder("user/model", "checkpoints/step-100", hubpush::message("step 100"));
        const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
        microseconds.push_back(time.count());
    }
    const std::size_t bytes = (mallinfo2().uordblks - before) / calls;
    const std::size_t waiting = hub.drain_until(std::chrono::steady_clock::now()).remaining;
    std::sort(microseconds.begin(), microseconds.end());
    const double p99 = microseconds[calls * 99 / 100];
    std::printf(
        "enqueue, %zu calls: p50 %.1f us, p99 %.1f us (under 100), longest %.1f us; %zu bytes per waiting job\n", calls,
        microseconds[calls / 2], p99, microseconds.back(), bytes);
    return p99 < 100 && waiting == calls + 1 ? 0 : 1;
}
