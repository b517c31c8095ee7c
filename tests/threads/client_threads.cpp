#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "failing_files.hpp"
#include "model_hub.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>

#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// One client used from several threads, on an executor of several threads (spec/reliability.md §3.8: P10, P11).

using namespace std::chrono_literals;
using namespace hubpush;

namespace {

constexpr const char* canary = "hf_canaryToken0123456789";

/// An io_context that three threads run until this ends.
class runners {
public:
    runners() {
        for (int i = 0; i < 3; ++i) threads_.emplace_back([this] { context_.run(); });
    }
    ~runners() {
        work_.reset();
        for (std::thread& thread : threads_) thread.join();
    }
    asio::io_context& context() { return context_; }

private:
    asio::io_context context_;
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::vector<std::thread> threads_;
};

/// The commit, or that it was cancelled; everything else is an error of the test.
enum class push_end { committed, cancelled };

template <class Push>
push_end wait_for(std::future<Push>& push) {
    try {
        static_cast<void>(push.get());
        return push_end::committed;
    } catch (const cancelled&) {
        return push_end::cancelled;
    }
}

}  // namespace

TEST_CASE("threads push through one client, with progress, while others cancel: one commit for each that succeeds",
          "[threads][client]") {
    std::size_t cancelled_pushes = 0;
    for (std::uint64_t seed = 1; seed <= 64; ++seed) {
        const auto hub = std::make_shared<hubpush_test::model_hub>();
        const auto log = std::make_shared<hubpush_test::capturing_log>();
        std::atomic<std::size_t> committed = 0;
        std::atomic<std::size_t> reports = 0;
        {
            runners pool;
            const client pusher(pool.context().get_executor(), endpoint(hubpush_test::model_hub::endpoint),
                                token(std::string(canary)), use_connector(hub), worker_threads(2), log_to(log));
            // The last report waits until it is due, 100 ms after the one before, which would take most of the time.
            const auto told = [&reports](std::uint64_t round) {
                const auto count = [&reports](const progress_view&) { ++reports; };
                return round % 8 == 0 ? progress(count) : progress();
            };
            const auto use = [&](int thread) {
                for (int i = 0; i < 3; ++i) {
                    const std::string path = std::to_string(thread) + "-" + std::to_string(i) + ".bin";
                    const auto stop = std::make_shared<asio::cancellation_signal>();
                    std::promise<commit_info> promise;
                    std::future<commit_info> push = promise.get_future();
                    task<commit_info> work =
                        pusher.upload_file("acme/x", content(std::string(2'000, 'x') + path), path, told(seed));
                    initiate(pusher.get_executor(), std::move(work),
                             asio::bind_cancellation_slot(
                                 stop->slot(), [stop, promise = std::move(promise)](std::exception_ptr failure,
                                                                                    commit_info info) mutable {
                                     if (failure) {
                                         promise.set_exception(failure);
                                     } else {
                                         promise.set_value(std::move(info));
                                     }
                                 }));
                    if ((seed + static_cast<std::uint64_t>(thread)) % 3 == 0) {
                        asio::post(pusher.get_executor(), [stop] { stop->emit(asio::cancellation_type::terminal); });
                    }
                    if (wait_for(push) == push_end::committed) ++committed;
                }
            };
            std::vector<std::thread> users;
            for (int thread = 0; thread < 3; ++thread) users.emplace_back(use, thread);
            for (std::thread& user : users) user.join();
        }
        CHECK(hub->summaries().size() == committed);
        cancelled_pushes += 9 - committed;
        if (seed % 8 == 0) CHECK(reports >= committed);
    }
    CHECK(cancelled_pushes > 0);
}

TEST_CASE("threads push to a Hub over loopback through one client, each to a repository of its own",
          "[threads][client]") {
    const hubpush_test::temporary_folder folder;
    local_hub_options options(folder.path() / "hub");
    options.token(hub_token("tester", secret(canary), token_role::write));
    local_hub_thread hub(options);
    runners pool;
    const client pusher(pool.context().get_executor(), endpoint(hub.url()), token(std::string(canary)),
                        worker_threads(2), log_to(std::make_shared<hubpush_test::capturing_log>()));
    std::atomic<int> pushed = 0;
    const auto use = [&](int thread) {
        const std::string id = "acme/x" + std::to_string(thread);
        asio::co_spawn(pool.context(), pusher.create_repo(id), asio::use_future).get();
        for (int i = 0; i < 8; ++i) {
            const std::string path = i % 2 == 0 ? "weights.bin" : "config.json";
            task<commit_info> work =
                pusher.upload_file(id, content(std::string(50'000, 'x') + std::to_string(i)), path);
            if (!asio::co_spawn(pool.context(), std::move(work), asio::use_future).get().oid.empty()) ++pushed;
        }
    };
    std::vector<std::thread> users;
    for (int thread = 0; thread < 4; ++thread) users.emplace_back(use, thread);
    for (std::thread& user : users) user.join();
    CHECK(pushed == 32);
}
