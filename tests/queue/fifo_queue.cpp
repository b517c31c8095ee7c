#include <hubpush/queue/fifo_queue.hpp>

#include <hubpush/async/timing.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "test_seams.hpp"
#include "virtual_queue.hpp"
#include "works.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hubpush::errc;
using hubpush::job;
using hubpush::job_status;
using hubpush::task;
using hubpush_test::code_of;

namespace {

using fixture = hubpush_test::virtual_queue;
using hubpush_test::retryable;
using hubpush_test::statuses;

/// Work that fails retryably until the clock reaches `end_of_outage`.
class fails_until {
public:
    fails_until(fixture& world, std::chrono::nanoseconds end_of_outage, std::string name,
                std::vector<std::string>& done)
        : world_(world), end_(end_of_outage), name_(std::move(name)), done_(done) {}
    task<int> operator()() {
        ++attempts;
        if (world_.world.clock->elapsed() < end_) hubpush::throw_error(errc::transport, "no connection", retryable());
        done_.push_back(name_);
        co_return attempts;
    }
    int attempts = 0;

private:
    fixture& world_;
    std::chrono::nanoseconds end_;
    std::string name_;
    std::vector<std::string>& done_;
};

}  // namespace

TEST_CASE("jobs run one at a time, in order of submission", "[queue]") {
    fixture f;
    std::vector<std::string> events;
    const auto submit = [&](std::string name, std::chrono::seconds duration) {
        return f.queue.submit([&f, &events, name, duration]() -> task<std::string> {
            events.push_back(name + " begins");
            co_await f.sleep(duration);
            events.push_back(name + " ends");
            co_return name;
        });
    };
    const job<std::string> first = submit("a", 30s);
    const job<std::string> second = submit("b", 1s);
    const job<std::string> third = submit("c", 0s);
    CHECK(events.empty());
    CHECK(first.status() == job_status::waiting);
    f.poll();
    CHECK(first.status() == job_status::running);
    CHECK(second.status() == job_status::waiting);
    f.run();
    CHECK(events == std::vector<std::string>{"a begins", "a ends", "b begins", "b ends", "c begins", "c ends"});
    CHECK(first.get() == "a");
    CHECK(second.get() == "b");
    CHECK(third.get() == "c");
    CHECK(third.get() == "c");
    CHECK(third.number() == 3);
    CHECK(f.context.stopped());
}

TEST_CASE("the queue takes tasks and callables, with and without a result", "[queue]") {
    fixture f;
    bool ran = false;
    const auto nothing = [&ran]() -> task<void> {
        ran = true;
        co_return;
    };
    const job<void> a = f.queue.submit(nothing());
    const job<void> b = f.queue.submit(nothing, "named");
    const job<std::unique_ptr<int>> c = f.queue.submit([]() -> task<std::unique_ptr<int>> { co_return nullptr; });
    f.run();
    a.get();
    b.get();
    CHECK(ran);
    CHECK(b.name() == "named");
    CHECK(c.status() == job_status::done);
}

TEST_CASE("what a job captured is freed when it ends, not when its last handle goes", "[queue]") {
    fixture f;
    const auto captured = std::make_shared<int>(8);
    const job<int> ended = f.queue.submit([captured]() -> task<int> { co_return *captured; });
    CHECK(captured.use_count() == 2);
    f.run();
    CHECK(captured.use_count() == 1);
    CHECK(ended.get() == 8);
}

TEST_CASE("an exception ends its own job and no other", "[queue]") {
    fixture f;
    const job<int> thrown_early = f.queue.submit([]() -> task<int> { throw std::runtime_error("not a coroutine"); });
    const job<int> thrown_late = f.queue.submit([&f]() -> task<int> {
        co_await f.sleep(1s);
        throw 42;
    });
    const job<int> typed = f.queue.submit([]() -> task<int> {
        hubpush::throw_error(errc::forbidden, "read-only token");
        co_return 0;
    });
    const job<int> fine = f.queue.submit([]() -> task<int> { co_return 7; });
    f.run();
    CHECK_THROWS_AS(thrown_early.get(), std::runtime_error);
    CHECK_THROWS_AS(thrown_late.get(), int);
    CHECK_THROWS_AS(typed.get(), hubpush::forbidden);
    CHECK_THROWS_AS(typed.get(), hubpush::forbidden);
    CHECK(fine.get() == 7);
}

TEST_CASE("a job that fails retryably waits at the head until it succeeds", "[queue][retry]") {
    fixture f;
    std::vector<std::string> done;
    const job<int> first = f.queue.submit(fails_until(f, 10min, "first", done), "first");
    const job<int> second = f.queue.submit(fails_until(f, 0s, "second", done), "second");
    f.poll();
    CHECK(first.status() == job_status::retrying);
    CHECK(second.status() == job_status::waiting);
    f.run();
    CHECK(done == std::vector<std::string>{"first", "second"});
    CHECK(first.get() > 10);  // a minute at most between attempts
    CHECK(f.world.clock->elapsed() <= 11min);
    CHECK(f.world.log->warnings() == static_cast<std::size_t>(first.get() - 1));
    CHECK(f.world.log->lines().front().find("job 1 (first) is tried again in") == 0);
}

TEST_CASE("two hours of outage lose nothing and change no order", "[queue][retry]") {
    fixture f;
    std::vector<std::string> done;
    std::vector<std::string> expected;
    for (int i = 1; i <= 20; ++i) {
        expected.push_back("job " + std::to_string(i));
        f.queue.submit(fails_until(f, 2h, expected.back(), done), expected.back());
    }
    f.run();
    CHECK(done == expected);
    CHECK(f.world.clock->elapsed() < 2h + 61s);
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained);
    CHECK(drained.done == 20);
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(drained.outcomes[i].name() == expected[i]);
}

TEST_CASE("a job gives up after its own time and the next one goes on", "[queue][retry]") {
    fixture f(hubpush::queue_options().give_up_after(20s));
    std::vector<std::string> done;
    const job<int> first = f.queue.submit(fails_until(f, 30s, "first", done));
    const job<int> second = f.queue.submit(fails_until(f, 30s, "second", done));
    f.run();
    CHECK(code_of([&] { first.get(); }) == errc::transport);
    CHECK(second.get() > 1);  // its own 20 s began with its own first failure
    CHECK(done == std::vector<std::string>{"second"});
}

TEST_CASE("final errors, tasks that run once and refused waiting are not tried again", "[queue][retry]") {
    const auto rule = [](const hubpush::error& failure) { return failure.kind() != errc::name_not_found; };
    fixture f(hubpush::queue_options().may_wait_out(rule));
    int attempts = 0;
    const auto fail = [&attempts](errc code, bool may_pass) {
        return [&attempts, code, may_pass]() -> task<void> {
            ++attempts;
            hubpush::throw_error(code, "refused", hubpush::error_details().retryable(may_pass));
            co_return;
        };
    };
    const auto transport = fail(errc::transport, true);
    const job<void> final_error = f.queue.submit(fail(errc::forbidden, false));
    const job<void> runs_once = f.queue.submit(transport());
    const job<void> refused = f.queue.submit(fail(errc::name_not_found, true));
    f.run();
    CHECK(attempts == 3);
    CHECK(f.world.clock->elapsed() == 0s);
    CHECK(code_of([&] { final_error.get(); }) == errc::forbidden);
    CHECK(code_of([&] { runs_once.get(); }) == errc::transport);
    CHECK(code_of([&] { refused.get(); }) == errc::name_not_found);
}

TEST_CASE("a rule that throws fails the job, not the queue", "[queue][retry]") {
    const auto rule = [](const hubpush::error&) -> bool { throw std::runtime_error("broken rule"); };
    fixture f(hubpush::queue_options().may_wait_out(rule));
    std::vector<std::string> done;
    const job<int> first = f.queue.submit(fails_until(f, 1s, "first", done));
    const job<int> second = f.queue.submit(fails_until(f, 0s, "second", done));
    f.run();
    CHECK(first.status() == job_status::failed);
    CHECK(second.get() == 1);
}

TEST_CASE("the server's retry_after is honoured", "[queue][retry]") {
    fixture f;
    int attempts = 0;
    const job<void> limited = f.queue.submit([&attempts]() -> task<void> {
        if (++attempts > 1) co_return;
        hubpush::throw_error(errc::rate_limited, "slow down", retryable().retry_after(400s));
    });
    f.run();
    limited.get();
    CHECK(attempts == 2);
    CHECK(f.world.clock->elapsed() >= 400s);
    CHECK(f.world.clock->elapsed() <= 401s);
}

TEST_CASE("a waiting job is cancelled at once and its captures are freed", "[queue][cancel]") {
    fixture f;
    const auto captured = std::make_shared<int>(1);
    const job<void> first = f.queue.submit([&f]() -> task<void> { co_await f.sleep(1h); });
    const job<int> second = f.queue.submit([captured]() -> task<int> { co_return *captured; });
    const job<int> third = f.queue.submit([]() -> task<int> { co_return 3; });
    f.poll();
    second.cancel();
    second.cancel();
    CHECK(second.status() == job_status::cancelled);
    CHECK(captured.use_count() == 1);
    CHECK_THROWS_AS(second.get(), hubpush::cancelled);
    f.run();
    first.get();
    CHECK(third.get() == 3);
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(statuses(drained) == std::vector{job_status::done, job_status::cancelled, job_status::done});
    CHECK_FALSE(drained);
    CHECK(drained.done == 2);
    CHECK(drained.cancelled == 1);
}

TEST_CASE("a running job is cancelled where it stands", "[queue][cancel]") {
    fixture f;
    const job<void> running = f.queue.submit([&f]() -> task<void> { co_await f.sleep(1h); });
    const job<int> next = f.queue.submit([]() -> task<int> { co_return 1; });
    f.poll();
    running.cancel();
    f.poll();
    CHECK(running.status() == job_status::cancelled);
    CHECK(next.get() == 1);
    CHECK(f.world.clock->elapsed() == 0s);
    next.cancel();
    CHECK(next.get() == 1);
}

TEST_CASE("a job that pauses before the next attempt is cancelled at once", "[queue][cancel]") {
    fixture f;
    std::vector<std::string> done;
    const job<int> pausing = f.queue.submit(fails_until(f, 1h, "pausing", done));
    f.poll();
    REQUIRE(pausing.status() == job_status::retrying);
    pausing.cancel();
    f.poll();
    CHECK(pausing.status() == job_status::cancelled);
    CHECK(done.empty());
}

TEST_CASE("work that swallows its cancellation is not tried again", "[queue][cancel]") {
    fixture f;
    int attempts = 0;
    const job<void> deaf = f.queue.submit([&f, &attempts]() -> task<void> {
        ++attempts;
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await f.sleep(10s);
        hubpush::throw_error(errc::server_error, "busy", retryable());
    });
    f.poll();
    deaf.cancel();
    f.run();
    CHECK(attempts == 1);
    CHECK(deaf.status() == job_status::cancelled);
    CHECK(f.world.clock->elapsed() == 10s);
}

TEST_CASE("a pause can be cancelled whatever the work did to its cancellation", "[queue][cancel]") {
    fixture f;
    const job<void> deaf = f.queue.submit([]() -> task<void> {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        hubpush::throw_error(errc::rate_limited, "slow down", retryable().retry_after(1h));
    });
    f.poll();
    REQUIRE(deaf.status() == job_status::retrying);
    deaf.cancel();
    f.poll();
    CHECK(deaf.status() == job_status::cancelled);
}

TEST_CASE("a job may cancel itself and the ones behind it, and submit more", "[queue][cancel]") {
    fixture f;
    job<int> self;
    job<int> behind;
    job<int> added;
    self = f.queue.submit([&]() -> task<int> {
        behind.cancel();
        self.cancel();
        added = f.queue.submit([]() -> task<int> { co_return 5; });
        co_await f.sleep(1h);
        co_return 1;
    });
    behind = f.queue.submit([]() -> task<int> { co_return 2; });
    f.run();
    CHECK(self.status() == job_status::cancelled);
    CHECK(behind.status() == job_status::cancelled);
    CHECK(added.get() == 5);
    CHECK(f.world.clock->elapsed() == 0s);
}

TEST_CASE("a job that ends although it was cancelled keeps its result", "[queue][cancel]") {
    fixture f;
    const job<int> stubborn = f.queue.submit([&f]() -> task<int> {
        try {
            co_await f.sleep(1h);
        } catch (const hubpush::cancelled&) {
        }
        co_return 9;
    });
    f.poll();
    stubborn.cancel();
    f.run();
    CHECK(stubborn.get() == 9);
}

TEST_CASE("draining gives every outcome once, in order, also of jobs without handles", "[queue][drain]") {
    fixture f;
    f.queue.submit([]() -> task<int> { co_return 1; }, "one");
    f.queue.submit([]() -> task<int> { throw std::runtime_error("two is broken"); }, "two");
    f.queue.submit([]() -> task<int> { co_return 3; }, "three");
    f.run();
    const hubpush::drain_result outcome = f.queue.drain();
    CHECK_FALSE(outcome);
    CHECK(outcome.done == 2);
    CHECK(outcome.failed == 1);
    CHECK(outcome.remaining == 0);
    REQUIRE(outcome.outcomes.size() == 3);
    CHECK(outcome.outcomes[0].number() == 1);
    CHECK(outcome.outcomes[1].name() == "two");
    CHECK(hubpush::describe(outcome.outcomes[1].failure()) == "two is broken");
    CHECK_FALSE(outcome.outcomes[1]);
    const hubpush::drain_result again = f.queue.drain();
    CHECK(again);
    CHECK(again.outcomes.empty());
}

TEST_CASE("an outcome carries the address of what the job made", "[queue][drain]") {
    struct with_member {
        std::string url;
    };
    class with_function {
    public:
        std::string url() const { return "https://hub.test/acme/tiny"; }
    };
    fixture f;
    f.queue.submit([]() -> task<with_member> { co_return with_member{"https://hub.test/commit/1"}; });
    f.queue.submit([]() -> task<with_function> { co_return with_function(); });
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained.outcomes.at(0).result() == "https://hub.test/commit/1");
    CHECK(drained.outcomes.at(1).result() == "https://hub.test/acme/tiny");
}

TEST_CASE("draining until a deadline says what is left", "[queue][drain]") {
    fixture f;
    for (int i = 1; i <= 10; ++i) f.queue.submit([&f]() -> task<void> { co_await f.sleep(1s); }, std::to_string(i));
    hubpush::drain_result first;
    hubpush::drain_result rest;
    const auto body = [](fixture& world, hubpush::drain_result& early, hubpush::drain_result& late) -> task<void> {
        early = co_await world.queue.async_drain_until(world.world.clock->now() + 2500ms);
        CHECK(world.world.clock->elapsed() == 2500ms);
        late = co_await world.queue.async_drain();
    };
    hubpush::initiate(f.context.get_executor(), body(f, first, rest),
                      [](std::exception_ptr failure) { CHECK(!failure); });
    f.run();
    CHECK(first.done == 2);
    CHECK(first.remaining == 8);
    CHECK_FALSE(first);
    REQUIRE(first.left.size() == 8);
    CHECK(first.left[0].name() == "3");
    CHECK(first.left[0].status() == job_status::running);
    CHECK(first.left[1].status() == job_status::waiting);
    CHECK(rest.done == 8);
    CHECK(rest);
    CHECK(f.world.clock->elapsed() == 10s);
}

TEST_CASE("draining does not wait for what is submitted afterwards", "[queue][drain]") {
    fixture f;
    f.queue.submit([&f]() -> task<void> { co_await f.sleep(1s); });
    bool drained = false;
    const auto body = [](fixture& world, bool& ended) -> task<void> {
        co_await world.queue.async_drain();
        CHECK(world.world.clock->elapsed() == 1s);
        ended = true;
    };
    hubpush::initiate(f.context.get_executor(), body(f, drained), [](std::exception_ptr failure) { CHECK(!failure); });
    f.poll();
    f.queue.submit([&f]() -> task<void> { co_await f.sleep(1h); });
    f.run();
    CHECK(drained);
}

TEST_CASE("a coroutine awaits a job; cancelling the coroutine leaves the job alone", "[queue][await]") {
    fixture f;
    const job<int> slow = f.queue.submit([&f]() -> task<int> {
        co_await f.sleep(1h);
        co_return 4;
    });
    asio::cancellation_signal stop;
    std::exception_ptr cancelled_wait;
    int awaited = 0;
    hubpush::initiate(
        f.context.get_executor(), slow.async_get(),
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure, int) { cancelled_wait = failure; }));
    hubpush::initiate(f.context.get_executor(), slow.async_get(),
                      [&](std::exception_ptr, int value) { awaited = value; });
    f.poll();
    stop.emit(asio::cancellation_type::total);
    f.poll();
    REQUIRE(cancelled_wait);
    CHECK_THROWS_AS(std::rethrow_exception(cancelled_wait), hubpush::cancelled);
    CHECK(slow.status() == job_status::running);
    f.run();
    CHECK(awaited == 4);
    CHECK(slow.get() == 4);
}

TEST_CASE("waiting inside a job for itself or for the jobs behind it is a typed error", "[queue][await]") {
    fixture f;
    job<int> self;
    job<int> behind;
    const job<int> before = f.queue.submit([]() -> task<int> { co_return 1; });
    std::vector<errc> codes;
    self = f.queue.submit([&]() -> task<int> {
        codes.push_back(code_of([&] { self.get(); }));
        codes.push_back(code_of([&] { behind.wait_for(1h); }));
        codes.push_back(code_of([&] { before.get(); }));  // it has ended, but the mistake must not depend on timing
        codes.push_back(code_of([&] { f.queue.drain(); }));
        codes.push_back(code_of([&] { f.queue.drain_until(hubpush::steady_time::max()); }));
        try {
            co_await behind.async_get();
        } catch (const hubpush::error& failure) {
            codes.push_back(failure.kind());
        }
        co_return co_await before.async_get();
    });
    behind = f.queue.submit([]() -> task<int> { co_return 2; });
    f.run();
    CHECK(codes == std::vector<errc>(6, errc::wrong_thread));
    CHECK(self.get() == 1);
}

TEST_CASE("blocking on the executor's thread is a typed error only where it would block", "[queue][await]") {
    fixture f;
    const job<int> ended = f.queue.submit([]() -> task<int> { co_return 1; });
    f.run();
    const job<int> waiting = f.queue.submit([&f]() -> task<int> {
        co_await f.sleep(1s);
        co_return 2;
    });
    asio::post(f.context, [&] {
        CHECK(ended.get() == 1);
        CHECK(code_of([&] { waiting.get(); }) == errc::wrong_thread);
        CHECK(code_of([&] { f.queue.drain(); }) == errc::wrong_thread);
    });
    f.run();
    CHECK(waiting.get() == 2);
}

TEST_CASE("a full queue refuses, and takes jobs again when one has ended", "[queue]") {
    fixture f(hubpush::queue_options().limit(2));
    const auto work = [&f]() -> task<void> { co_await f.sleep(1s); };
    f.queue.submit(work);
    const job<void> second = f.queue.submit(work);
    CHECK_THROWS_AS(f.queue.submit(work), hubpush::queue_full);
    second.cancel();
    f.queue.submit(work);
    CHECK_THROWS_AS(f.queue.submit(work), hubpush::queue_full);
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained.outcomes.size() == 3);
    CHECK(drained.done == 2);
}

TEST_CASE("closing cancels what is left, waits for what runs, and refuses what comes", "[queue][close]") {
    fixture f;
    bool cleaned_up = false;
    const job<void> running = f.queue.submit([&]() -> task<void> {
        try {
            co_await f.sleep(1h);
        } catch (const hubpush::cancelled&) {
            cleaned_up = true;
        }
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        co_await f.sleep(5s);
    });
    const job<void> waiting = f.queue.submit([]() -> task<void> { co_return; });
    f.poll();
    bool closed = false;
    hubpush::initiate(f.context.get_executor(), f.queue.close(), [&](std::exception_ptr failure) {
        CHECK(!failure);
        CHECK(cleaned_up);
        CHECK(f.world.clock->elapsed() == 5s);
        closed = true;
    });
    f.run();
    CHECK(closed);
    running.get();
    CHECK_THROWS_AS(waiting.get(), hubpush::cancelled);
    CHECK(code_of([&] { f.queue.submit([]() -> task<void> { co_return; }); }) == errc::queue_closed);
    CHECK(f.queue.drain().outcomes.size() == 2);
}

TEST_CASE("failures nobody has read go to the log when the queue ends, once each", "[queue][close]") {
    fixture f;
    asio::io_context& context = f.context;
    auto queue =
        std::make_unique<hubpush::fifo_queue>(context.get_executor(), hubpush::queue_options().use(f.world.get()));
    const auto fail = []() -> task<void> {
        hubpush::throw_error(errc::forbidden, "read-only token");
        co_return;
    };
    queue->submit(fail, "drained");
    const job<void> read = queue->submit(fail, "read");
    const job<void> kept = queue->submit(fail, "kept");
    queue->submit(fail, "dropped");
    f.run();
    CHECK_THROWS(read.get());
    const job<void> running = queue->submit([&f]() -> task<void> { co_await f.sleep(1h); }, "running");
    queue->submit(fail, "waiting");
    const job<void> unwanted = queue->submit(fail, "unwanted");
    unwanted.cancel();
    f.poll();
    CHECK(f.world.log->lines().empty());
    queue.reset();
    f.run();
    const std::vector<std::string> lines = f.world.log->lines();
    const auto mentions = [&](const std::string& text) {
        return std::count_if(lines.begin(), lines.end(),
                             [&](const auto& line) { return line.find(text) != line.npos; });
    };
    CHECK(lines.size() == 5);
    CHECK(mentions("job 1 (drained) failed: read-only token") == 1);
    CHECK(mentions("(read)") == 0);
    CHECK(mentions("(kept)") == 1);
    CHECK(mentions("(dropped)") == 1);
    CHECK(mentions("job 5 (running) was not done: ") == 1);
    CHECK(mentions("(waiting) was not done: ") == 1);
    CHECK(mentions("(unwanted)") == 0);
    CHECK_THROWS_AS(kept.get(), hubpush::forbidden);
    CHECK_THROWS_AS(running.get(), hubpush::cancelled);
}

TEST_CASE("a job that was cancelled and cannot say what it has done is reported", "[queue][close]") {
    fixture f;
    auto queue =
        std::make_unique<hubpush::fifo_queue>(f.context.get_executor(), hubpush::queue_options().use(f.world.get()));
    const auto commit = [&f]() -> task<void> {
        try {
            co_await f.sleep(1h);
        } catch (const hubpush::cancelled&) {
        }
        hubpush::throw_error(errc::outcome_unknown, "the answer was lost");
    };
    queue->submit(commit, "push");
    f.poll();
    queue->cancel_all();
    f.poll();
    CHECK(f.world.log->lines().empty());
    queue.reset();
    REQUIRE(f.world.log->lines().size() == 1);
    CHECK(f.world.log->lines().front().find("job 1 (push) failed: the answer was lost") == 0);
}

TEST_CASE("a job that ends with its executor, after its queue, is reported", "[queue][close]") {
    hubpush_test::test_seams world;
    auto context = std::make_unique<asio::io_context>();
    {
        hubpush::fifo_queue queue(context->get_executor(), hubpush::queue_options().use(world.get()));
        queue.submit(hubpush_test::for_ever, "lost");
        context->poll();
    }
    CHECK(world.log->lines().empty());
    context.reset();
    REQUIRE(world.log->lines().size() == 1);
    CHECK(world.log->lines().front().find("job 1 (lost) was not done: ") == 0);
}

TEST_CASE("failures are described without a lock", "[queue][close]") {
    class asks_back : public std::runtime_error {
    public:
        explicit asks_back(const job<void>& other) : std::runtime_error("asked"), other_(&other) {}
        const char* what() const noexcept override {
            static_cast<void>(other_->status());
            return std::runtime_error::what();
        }

    private:
        const job<void>* other_;
    };
    hubpush_test::test_seams world;
    asio::io_context context;
    job<void> before;
    {
        hubpush::fifo_queue queue(context.get_executor(), hubpush::queue_options().use(world.get()));
        before = queue.submit([]() -> task<void> { co_return; });
        queue.submit([&before]() -> task<void> { throw asks_back(before); }, "asking");
        context.run();
    }
    REQUIRE(world.log->lines().size() == 1);
    CHECK(world.log->lines().front() == "job 2 (asking) failed: asked");
}

TEST_CASE("drained failures are not reported again", "[queue][close]") {
    hubpush_test::test_seams world;
    asio::io_context context;
    {
        hubpush::fifo_queue queue(context.get_executor(), hubpush::queue_options().use(world.get()));
        queue.submit([]() -> task<void> { throw std::runtime_error("seen"); });
        context.run();
        CHECK(queue.drain().failed == 1);
    }
    CHECK(world.log->lines().empty());
}

TEST_CASE("names are made printable before they reach a log", "[queue]") {
    fixture f;
    f.queue.submit([]() -> task<void> { throw std::runtime_error("x"); }, "evil\nname");
    f.run();
    CHECK(f.queue.drain().outcomes.at(0).name().find('\n') == std::string::npos);
}

TEST_CASE("a queue and its executor may end in any order after any number of steps", "[queue][destroy]") {
    for (const bool queue_first : {true, false}) {
        for (std::size_t steps = 0; steps < 40; ++steps) {
            hubpush_test::test_seams world;
            auto context = std::make_unique<asio::io_context>();
            auto queue = std::make_unique<hubpush::fifo_queue>(context->get_executor(),
                                                               hubpush::queue_options().use(world.get()));
            const auto captured = std::make_shared<std::string>("a captured string that is long enough for the heap");
            std::vector<job<std::string>> handles;
            for (int i = 0; i < 4; ++i) {
                handles.push_back(queue->submit([captured, &world, failed = false]() mutable -> task<std::string> {
                    co_await hubpush::sleep_for(*world.clock, 1s);
                    if (!std::exchange(failed, true)) hubpush::throw_error(errc::transport, "broken", retryable());
                    co_return *captured;
                }));
            }
            hubpush::initiate(context->get_executor(), handles.back().async_get(),
                              [](std::exception_ptr, std::string) {});
            std::size_t outcomes = 0;
            const auto count = [&](std::exception_ptr, const hubpush::drain_result& drained) {
                outcomes += drained.outcomes.size();
            };
            hubpush::initiate(context->get_executor(), queue->async_drain(), count);
            handles[2].cancel();
            for (std::size_t step = 0; step < steps; ++step) {
                context->restart();
                if (context->poll_one() == 0) world.clock->advance();
            }
            if (steps % 3 == 1) handles.clear();
            if (queue_first) queue.reset();
            context.reset();
            for (const job<std::string>& handle : handles) {
                REQUIRE(handle.ready());
                if (handle.status() == job_status::cancelled) CHECK_THROWS_AS(handle.get(), hubpush::cancelled);
            }
            if (queue) {
                CHECK(queue->drain().outcomes.size() + outcomes == 4);
                queue.reset();
            }
            handles.clear();
            CHECK(captured.use_count() == 1);
        }
    }
}
