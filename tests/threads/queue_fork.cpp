#include <hubpush/queue/background.hpp>

#include "blocked.hpp"
#include "catch.hpp"
#include "child_process.hpp"
#include "shell.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/async/notifier.hpp>
#include <hubpush/local_hub/local_hub_thread.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// fork and exec while a queue is busy (spec/reliability.md §3.8: P05).

using namespace std::chrono_literals;
using namespace hubpush;
using hubpush_test::holds_in_child;
using hubpush_test::is_refused;

namespace {

constexpr const char* canary = "hf_canaryToken0123456789";

task<void> some_work() {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < 5; ++i) co_await asio::post(executor, asio::use_awaitable);
}

std::vector<std::string> descriptors_of_a_child() {
    return hubpush_test::shell_lines(
        "for each in 0 1 2 3 4 5 6 7 8 9 $(ls /proc/$$/fd); do readlink /proc/$$/fd/$each; done; true");
}

}  // namespace

TEST_CASE("children of a process whose queue is busy are refused and end; the parent loses nothing",
          "[threads][fork]") {
    background hub(endpoint("http://127.0.0.1:9"), token(std::string(canary)), worker_threads(1),
                   log_to(std::make_shared<hubpush_test::capturing_log>()));
    std::atomic<bool> stop = false;
    std::atomic<std::size_t> submitted = 0;
    std::vector<std::thread> users;
    for (int i = 0; i < 2; ++i) {
        users.emplace_back([&] {
            while (!stop) {
                const job<void> last = hub.submit(some_work);
                if (++submitted % 8 == 0) last.wait_for(1s);
            }
        });
    }
    const job<void> known = hub.submit(some_work);
    int harmless = 0;
    for (int i = 0; i < 64; ++i) {
        harmless += holds_in_child([&] {
            return is_refused([&] { hub.submit(some_work); }) && is_refused([&] { hub.drain(); }) &&
                   is_refused([&] { hub.cancel_all(); }) && is_refused([&] { known.cancel(); }) &&
                   is_refused([&] { known.get(); });
        });
    }
    stop = true;
    for (std::thread& user : users) user.join();
    CHECK(harmless == 64);
    CHECK(hub.drain().done == submitted + 1);
}

TEST_CASE("a bare queue is refused in a child and may end there, while threads of the parent wait for it",
          "[threads][fork]") {
    asio::io_context context;
    auto work = std::make_optional(asio::make_work_guard(context));
    std::thread runner([&context] { context.run(); });
    auto queue = std::make_unique<fifo_queue>(context.get_executor(), queue_options().limit(1));
    std::optional<job<void>> endless = queue->submit([]() -> task<void> {
        notifier never(co_await asio::this_coro::executor);
        for (;;) {
            co_await throw_if_cancelled();
            co_await never.wait();
        }
    });
    {
        hubpush_test::blocked_call drains([&] { queue->drain(); });
        drains.wait_until_blocked();
        for (int i = 0; i < 16; ++i) {
            CHECK(holds_in_child([&] {
                const bool refused = is_refused([&] { queue->submit(some_work); }) &&
                                     is_refused([&] { queue->stop(); }) && is_refused([&] { queue->refuse_new(); }) &&
                                     is_refused([&] { queue->cancel_all(); }) && queue->forked();
                queue.reset();
                endless.reset();
                return refused;
            }));
        }
        queue->stop();
    }
    work.reset();
    runner.join();
}

TEST_CASE("a program started in the middle of a push inherits no descriptor of it", "[threads][fork]") {
    const std::vector<std::string> before = descriptors_of_a_child();
    const hubpush_test::temporary_folder folder;
    local_hub_options options(folder.path() / "hub");
    options.token(hub_token("tester", secret(canary), token_role::write));
    local_hub_thread hub(options);
    folder.write("run/model.safetensors", std::string(3'000'000, 'w'));
    folder.write("run/config.json", "{}");
    background pusher(endpoint(hub.url()), token(std::string(canary)),
                      log_to(std::make_shared<hubpush_test::capturing_log>()));
    pusher.create_repo("acme/x").get();
    std::vector<std::vector<std::string>> during;
    const auto look = [&during](const progress_view&) { during.push_back(descriptors_of_a_child()); };
    pusher.upload_folder("acme/x", folder.path() / "run", progress(look)).get();
    REQUIRE_FALSE(during.empty());
    for (const std::vector<std::string>& each : during) CHECK(each.size() == before.size());
}
