#include <hubpush/queue/background.hpp>

#include "catch.hpp"
#include "model_hub.hpp"
#include "scripted_stream.hpp"
#include "test_seams.hpp"
#include "works.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using hubpush::background;
using hubpush::client;
using hubpush::errc;
using hubpush::job;
using hubpush::job_status;
using hubpush::task;
using hubpush_test::code_of;
using hubpush_test::for_ever;

namespace {

std::shared_ptr<hubpush::clock> real_clock() {
    const auto world = std::make_shared<hubpush::seams>();
    return {world, &world->clock()};
}

/// A Hub that knows one answer. Each connection is refused or serves one request, as planned; later ones serve.
class tiny_hub final : public hubpush::connector {
public:
    explicit tiny_hub(std::deque<bool> plan = {}) : plan_(std::move(plan)) {}

    task<std::unique_ptr<hubpush::byte_stream>> connect(hubpush::origin where) override {
        const bool up = plan_.empty() || plan_.front();
        if (!plan_.empty()) plan_.pop_front();
        ++connections_;
        if (!up) {
            hubpush::throw_error(errc::transport, "no connection",
                                 hubpush::error_details().retryable(true).reached_server(false));
        }
        network_.next().expect_request().send(reply()).close();
        co_return co_await network_.connect(std::move(where));
    }

    std::size_t connections() const { return connections_; }

private:
    static std::string reply() {
        const std::string body = R"({"type":"user","name":"tester","orgs":[]})";
        return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    std::deque<bool> plan_;
    std::size_t connections_ = 0;  // read by the test after the job that caused them
    hubpush_test::scripted_connector network_{real_clock()};
};

/// Every pause is as short as jitter allows.
class no_jitter final : public hubpush::random_source {
public:
    std::uint64_t next() override { return 0; }
};

/// A background with that Hub behind it, in real time.
struct fixture {
    template <class... Options>
    explicit fixture(std::deque<bool> plan, Options... options)
        : network(std::make_shared<tiny_hub>(std::move(plan))),
          hub(std::make_unique<background>(
              hubpush::endpoint("http://127.0.0.1:9"), hubpush::token(std::string("hf_canary_test")),
              hubpush::use_connector(network), hubpush::worker_threads(1),
              hubpush::retry_policy(hubpush::attempts(1), hubpush::backoff(1ms, 1ms)),
              hubpush::use_seams(hubpush::seams(real_clock(), std::make_shared<no_jitter>(), log)),
              std::move(options)...)) {}
    fixture() : fixture(std::deque<bool>()) {}

    std::size_t logged(const std::string& text) const {
        const std::vector<std::string> lines = log->lines();
        return static_cast<std::size_t>(std::count_if(
            lines.begin(), lines.end(), [&](const std::string& line) { return line.find(text) != std::string::npos; }));
    }

    std::shared_ptr<hubpush_test::capturing_log> log = std::make_shared<hubpush_test::capturing_log>();
    std::shared_ptr<tiny_hub> network;
    std::unique_ptr<background> hub;
};

task<void> some_work(int steps) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (int i = 0; i < steps; ++i) co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace

TEST_CASE("jobs run on a thread of their own, in order, whoever keeps the handles", "[background]") {
    fixture f;
    std::vector<int> order;
    std::thread::id where;
    for (int i = 0; i < 20; ++i) {
        f.hub->submit([&order, i]() -> task<void> {
            co_await some_work(20 - i);
            order.push_back(i);
        });
    }
    const job<std::string> last = f.hub->submit([&where](client& hub) -> task<std::string> {
        where = std::this_thread::get_id();
        const auto user = co_await hub.whoami();
        co_return user.name();
    });
    CHECK(last.get() == "tester");
    CHECK(f.hub->whoami().get().name() == "tester");
    f.hub->submit(some_work(3), "a task");
    auto outcome = f.hub->drain();
    CHECK(outcome);
    CHECK(outcome.done == 23);
    CHECK(outcome.outcomes[21].name() == "whoami");
    CHECK(outcome.outcomes[22].name() == "a task");
    CHECK(where != std::this_thread::get_id());
    REQUIRE(order.size() == 20);
    CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("blocking calls on the background thread are a typed error", "[background]") {
    fixture f;
    job<std::vector<errc>> self;
    self = f.hub->submit([&]() -> task<std::vector<errc>> {
        std::vector<errc> codes;
        codes.push_back(code_of([&] { f.hub->drain(); }));
        codes.push_back(code_of([&] { f.hub->drain_until(hubpush::steady_time::max()); }));
        codes.push_back(code_of([&] { f.hub->whoami().get(); }));
        co_return codes;
    });
    CHECK(self.get() == std::vector<errc>(3, errc::wrong_thread));
    CHECK(f.hub->drain().done == 2);
}

TEST_CASE("until the endpoint has answered once, failing to reach it is final", "[background]") {
    fixture f({false, false, true, false, true});
    const auto first = f.hub->whoami();
    const auto second = f.hub->whoami();
    const auto third = f.hub->whoami();
    const auto fourth = f.hub->whoami();
    CHECK(code_of([&] { first.get(); }) == errc::transport);
    CHECK(code_of([&] { second.get(); }) == errc::transport);
    CHECK(third.get().name() == "tester");
    CHECK(fourth.get().name() == "tester");
    CHECK(f.network->connections() == 5);
    CHECK(f.log->warnings() == 1);
    CHECK(f.logged("job 4 (whoami) is tried again") == 1);
}

TEST_CASE("once it has answered, an outage is waited out at the head", "[background]") {
    fixture f({true, false, false, false, true});
    std::vector<decltype(f.hub->whoami())> jobs;
    for (int i = 0; i < 4; ++i) jobs.push_back(f.hub->whoami());
    for (const auto& each : jobs) CHECK(each.get().name() == "tester");
    CHECK(f.network->connections() == 7);
    CHECK(f.logged("job 2 (whoami) is tried again in 0 s") == 3);
    CHECK(f.log->warnings() == 3);
}

TEST_CASE("an error that no waiting cures fails its job at once: a file that changed", "[background]") {
    fixture f({true});
    f.hub->whoami().get();
    int attempts = 0;
    const job<void> changed = f.hub->submit([&attempts]() -> task<void> {
        ++attempts;
        hubpush::throw_error(errc::file_changed, "it grew");
        co_return;
    });
    CHECK(code_of([&] { changed.get(); }) == errc::file_changed);
    CHECK(attempts == 1);
}

TEST_CASE("give_up_after and queue_limit are taken by name", "[background]") {
    fixture f({true, false, false}, hubpush::give_up_after(0ms), hubpush::queue_limit(2));
    CHECK(f.hub->whoami().get().name() == "tester");
    CHECK(code_of([&] { f.hub->whoami().get(); }) == errc::transport);
    const job<void> endless = f.hub->submit(for_ever());
    f.hub->submit(for_ever());
    CHECK_THROWS_AS(f.hub->submit(for_ever()), hubpush::queue_full);
    CHECK_THROWS_AS(f.hub->whoami(), hubpush::queue_full);
    f.hub->drain_until(std::chrono::steady_clock::now());
}

TEST_CASE("when_full, after_failure and cancel_all are taken by name", "[background]") {
    fixture f({}, hubpush::queue_limit(2), hubpush::when_full(hubpush::full_queue::replace_oldest),
              hubpush::after_failure(hubpush::failed_job::cancel_the_rest));
    const job<void> endless = f.hub->submit(for_ever, "endless");
    while (endless.status() != job_status::running) std::this_thread::yield();
    f.hub->submit(for_ever, "old");
    f.hub->submit(for_ever, "new");
    f.hub->cancel_all();
    f.hub->submit([]() -> task<void> { throw std::runtime_error("broken"); }, "broken").wait_for(60s);
    const job<void> rest = f.hub->submit(for_ever, "rest");
    const hubpush::drain_result drained = f.hub->drain();
    CHECK(drained.cancelled == 4);
    CHECK(drained.failed == 1);
    CHECK(hubpush::describe(drained.outcomes.at(1).failure()).find("job 2 (old) gave way to job 3 (new)") == 0);
    CHECK(hubpush::describe(drained.outcomes.at(4).failure()).find("job 4 (broken) failed") == 0);
    CHECK(f.hub->whoami().get().name() == "tester");
}

TEST_CASE("when a full background waits, its own jobs get a typed error instead", "[background]") {
    fixture f({}, hubpush::queue_limit(1), hubpush::when_full(hubpush::full_queue::wait));
    const job<errc> inside =
        f.hub->submit([&]() -> task<errc> { co_return code_of([&] { f.hub->submit(some_work(0)); }); });
    const job<void> after = f.hub->submit(some_work(0));  // has waited for its place
    CHECK(inside.ready());
    CHECK(inside.get() == errc::wrong_thread);
    CHECK(f.hub->drain().done == 2);
    CHECK(after.ready());
}

TEST_CASE("a full background that waits is honest about a wait that takes too long", "[background]") {
    fixture f({}, hubpush::queue_limit(1), hubpush::when_full(hubpush::full_queue::wait, 1ms));
    const job<void> endless = f.hub->submit(for_ever);
    CHECK_THROWS_AS(f.hub->submit(for_ever), hubpush::queue_full);
    endless.cancel();
}

TEST_CASE("a limit of no jobs is refused at once", "[background]") {
    CHECK_THROWS_AS(fixture({}, hubpush::queue_limit(0)), hubpush::invalid_argument);
}

TEST_CASE("a handler that throws on the background thread is logged, and the jobs go on", "[background]") {
    fixture f;
    f.hub->submit([]() -> task<void> {
        asio::post(co_await asio::this_coro::executor, [] { throw std::runtime_error("a handler's"); });
        asio::post(co_await asio::this_coro::executor, [] { throw 42; });
        co_await some_work(5);
    });
    CHECK(f.hub->whoami().get().name() == "tester");
    CHECK(f.hub->drain().done == 2);
    CHECK(f.logged("on the background thread: a handler's") == 1);
    CHECK(f.logged("on the background thread: an exception that is not") == 1);
}

TEST_CASE("a progress callback that throws fails its own job", "[background]") {
    const auto model = std::make_shared<hubpush_test::model_hub>();
    background hub(hubpush::endpoint(hubpush_test::model_hub::endpoint), hubpush::token(std::string("hf_canary_test")),
                   hubpush::use_connector(model), hubpush::worker_threads(1));
    const auto standard = [](const hubpush::progress_view&) { throw std::runtime_error("a callback's"); };
    const auto strange = [](const hubpush::progress_view&) { throw 42; };
    const auto first = hub.upload_file("acme/x", hubpush::content("1"), "1.bin", hubpush::progress(standard));
    const auto second = hub.upload_file("acme/x", hubpush::content("2"), "2.bin", hubpush::progress(strange));
    const auto third = hub.upload_file("acme/x", hubpush::content("3"), "3.bin");
    CHECK_THROWS_WITH(first.get(), "a callback's");
    CHECK_THROWS_AS(second.get(), int);
    CHECK_FALSE(third.get().oid.empty());
    CHECK(hub.drain().failed == 2);
}

TEST_CASE("bad arguments and vanished folders fail their own job, before anything is sent", "[background]") {
    fixture f;
    const auto bad_id = f.hub->upload_folder("not/a/repo id", ".", hubpush::message("x"));
    const auto bad_path = f.hub->upload_file("acme/tiny", hubpush::content("x"), "../escape");
    const auto vanished = f.hub->upload_folder("acme/tiny", "no-such-folder-here");
    const auto empty =
        f.hub->create_commit("acme/tiny", hubpush::add("", hubpush::content("x")), hubpush::message("x"));
    const auto fine = f.hub->submit([]() -> task<int> { co_return 1; });
    CHECK(code_of([&] { bad_id.get(); }) == errc::invalid_argument);
    CHECK(code_of([&] { bad_path.get(); }) == errc::invalid_argument);
    CHECK(code_of([&] { vanished.get(); }) == errc::file_not_found);
    CHECK(code_of([&] { empty.get(); }) == errc::invalid_argument);
    CHECK(fine.get() == 1);
    CHECK(f.network->connections() == 0);
    const hubpush::drain_result drained = f.hub->drain();
    CHECK(drained.failed == 4);
    CHECK(drained.outcomes[0].name() == "upload_folder not/a/repo id");
    CHECK(hubpush::describe(drained.outcomes[2].failure()).find("no-such-folder-here") != std::string::npos);
}

TEST_CASE("the destructor does what is queued", "[background]") {
    int ended = 0;
    fixture f;
    for (int i = 0; i < 10; ++i) {
        f.hub->submit([&ended]() -> task<void> {
            co_await some_work(200);
            ++ended;
        });
    }
    f.hub.reset();
    CHECK(ended == 10);
    CHECK(f.log->lines().empty());
}

TEST_CASE("the destructor cancels after close_within and reports each loss once", "[background]") {
    fixture f({}, hubpush::close_within(0ms));
    const job<int> read = f.hub->submit([]() -> task<int> { throw std::runtime_error("read"); });
    f.hub->submit([]() -> task<int> { throw std::runtime_error("unread"); }, "lost");
    const job<void> running = f.hub->submit(for_ever, "running");
    f.hub->submit(for_ever, "waiting");
    CHECK_THROWS_WITH(read.get(), "read");
    f.hub->submit(some_work(0), "unwanted").cancel();
    f.hub.reset();
    CHECK(f.log->lines().size() == 3);
    CHECK(f.logged("job 2 (lost) failed: unread") + f.logged("job 2 (lost) was not done") == 1);
    CHECK(f.logged("job 3 (running) was not done: ") == 1);
    CHECK(f.logged("job 4 (waiting) was not done: ") == 1);
    CHECK_THROWS_AS(running.get(), hubpush::cancelled);
}

TEST_CASE("after drain_until has left work the destructor waits no longer", "[background]") {
    fixture f;
    const auto begin = std::chrono::steady_clock::now();
    f.hub->submit(some_work(10), "first").get();
    f.hub->submit(for_ever, "second");
    f.hub->submit(for_ever, "third");
    const hubpush::drain_result outcome = f.hub->drain_until(begin + 20ms);
    CHECK(outcome.done == 1);
    CHECK(outcome.remaining == 2);
    CHECK(outcome.left.at(0).name() == "second");
    f.hub.reset();
    CHECK(std::chrono::steady_clock::now() - begin < 60s);
    CHECK(f.log->lines().size() == 2);
}

TEST_CASE("a child process gets a typed error from every call and ends unharmed; the parent goes on",
          "[background][fork]") {
    fixture f;
    const job<void> endless = f.hub->submit(for_ever, "endless");
    const job<int> behind = f.hub->submit([]() -> task<int> { co_return 1; });
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const std::vector<errc> codes{code_of([&] { f.hub->whoami(); }),
                                      code_of([&] { f.hub->cancel_all(); }),
                                      code_of([&] { f.hub->upload_folder("a/b", "."); }),
                                      code_of([&] { f.hub->drain(); }),
                                      code_of([&] { f.hub->drain_until(hubpush::steady_time()); }),
                                      code_of([&] { endless.get(); }),
                                      code_of([&] { endless.cancel(); }),
                                      code_of([&] { static_cast<void>(behind.status()); }),
                                      code_of([&] { behind.wait_for(1h); })};
        f.hub.reset();
        ::_exit(std::count(codes.begin(), codes.end(), errc::forked) == 9 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    endless.cancel();
    CHECK(behind.get() == 1);
}

TEST_CASE("a child process makes a background of its own", "[background][fork]") {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    return;  // it kills children that start threads
#endif
#endif
    fixture parent;
    const job<void> endless = parent.hub->submit(for_ever, "endless");
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(60);
        fixture own;
        const std::string name = own.hub->whoami().get().name();
        own.hub.reset();
        ::_exit(name == "tester" ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    endless.cancel();
}

TEST_CASE("a background that ends inside its own job ends the program", "[background][fork]") {
    const ::pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::alarm(60);
        std::set_terminate([] { ::_exit(7); });
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
        ::_exit(7);  // it kills children that start threads
#endif
#endif
        fixture own;
        own.hub
            ->submit([&own]() -> task<void> {
                own.hub.reset();
                co_return;
            })
            .get();
        ::_exit(1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 7));
}
