#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "failing_files.hpp"
#include "model_hub.hpp"
#include "test_seams.hpp"

#include <hubpush/async/all.hpp>
#include <hubpush/async/tap.hpp>
#include <hubpush/async/timeout.hpp>

#include <asio/system_executor.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// Where users await: one thread, a strand, threads without a strand, and Asio's own.
class places {
public:
    places() {
        all_.emplace_back("io_context", context_.get_executor());
        all_.emplace_back("strand", asio::make_strand(pool_.get_executor()));
        all_.emplace_back("thread_pool", pool_.get_executor());
        all_.emplace_back("system_executor", asio::system_executor());
    }
    ~places() {
        guard_.reset();
        thread_.join();
        pool_.join();
    }
    const auto& all() const { return all_; }

private:
    asio::io_context context_;
    asio::thread_pool pool_{4};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(context_);
    std::thread thread_{[this] { context_.run(); }};
    std::vector<std::pair<std::string, asio::any_io_executor>> all_;
};

/// A client on threads of its own, and a Hub in memory.
struct world {
    world() {
        files->write("/run/config.json", "{}");
        files->write("/run/model.safetensors", std::string(100'000, 'w'));
    }

    asio::thread_pool threads{2};
    std::shared_ptr<model_hub> server = std::make_shared<model_hub>();
    std::shared_ptr<failing_files> files = std::make_shared<failing_files>();
    client hub{threads.get_executor(),
               endpoint(model_hub::endpoint),
               token("hf_canaryToken0123456789"),
               use_connector(server),
               use_file_system(files),
               use_seams(real_time_seams(std::make_shared<capturing_log>())),
               worker_threads(2)};
};

/// Never gives anything.
class endless : public step_base {
public:
    task<void> operator()(context&, stream<file>&) const {
        notifier never(co_await asio::this_coro::executor);
        for (;;) {
            co_await throw_if_cancelled();
            co_await never.wait();
        }
    }
};

/// One pipeline, two calls at once, and a limit around them.
task<std::size_t> push_three_times(client hub, int number) {
    std::atomic<int> seen{0};
    const auto look = [&seen](const file&) { ++seen; };
    const auto steps = scan("/run") | tap(look) | classify() | transfer() | commit("pipeline");
    co_await steps(hub, "acme/x");
    const std::string name = std::to_string(number);
    auto both = all(hub.upload_file("acme/x", content("a" + name), "a" + name),
                    hub.async_upload_file("acme/x", content("b" + name), "b" + name, asio::use_awaitable));
    const std::tuple<commit_info, commit_info> made = co_await timeout(std::move(both), 1h);
    co_return static_cast<std::size_t>(seen) + std::get<0>(made).files_committed + std::get<1>(made).files_committed;
}

task<errc> cut_off(client hub, std::chrono::microseconds limit) {
    const auto steps = endless() | classify() | transfer() | commit("never");
    try {
        auto one = steps(hub, "acme/x");
        auto other = steps.async_run(hub, "acme/x");
        auto both = all(std::move(one), std::move(other));
        co_await timeout(std::move(both), limit);
    } catch (const error& failure) {
        co_return failure.kind();
    }
    co_return errc();
}

}  // namespace

TEST_CASE("pipelines and calls are awaited from any executor, several at once") {
    world outside;
    places where;
    std::vector<std::future<std::size_t>> pushes;
    for (int round = 0; round < 4; ++round) {
        for (const auto& [name, executor] : where.all()) {
            const int number = static_cast<int>(pushes.size());
            pushes.push_back(initiate(executor, push_three_times(outside.hub, number), asio::use_future));
        }
    }
    for (auto& each : pushes) CHECK(each.get() == 4);
    outside.threads.join();
    CHECK(outside.server->files.size() == 2 + 2 * pushes.size());
}

TEST_CASE("a cancellation crosses from any executor to the client's, at any moment") {
    world outside;
    places where;
    std::vector<std::future<errc>> pushes;
    for (int round = 0; round < 25; ++round) {
        for (const auto& [name, executor] : where.all()) {
            const std::chrono::microseconds limit(40 * round);
            pushes.push_back(initiate(executor, cut_off(outside.hub, limit), asio::use_future));
        }
    }
    for (auto& each : pushes) CHECK(each.get() == errc::timed_out);
    outside.threads.join();
    CHECK(outside.server->commits.size() == 1);
}
