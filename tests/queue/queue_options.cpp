#include <hubpush/queue/queue_options.hpp>

#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "virtual_queue.hpp"
#include "works.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using hubpush::errc;
using hubpush::failed_job;
using hubpush::fifo_queue;
using hubpush::full_queue;
using hubpush::job;
using hubpush::job_status;
using hubpush::queue_options;
using hubpush::task;
using hubpush_test::code_of;
using hubpush_test::outcome_of;
using hubpush_test::reason;
using hubpush_test::statuses;
using hubpush_test::virtual_queue;

namespace {

queue_options replacing(std::size_t limit) {
    return queue_options().limit(limit).when_full(full_queue::replace_oldest);
}

queue_options waiting(std::size_t limit, std::optional<std::chrono::milliseconds> longest = std::nullopt) {
    return queue_options().limit(limit).when_full(full_queue::wait, longest);
}

queue_options cancelling_the_rest() { return queue_options().after_failure(failed_job::cancel_the_rest); }

/// Starts to submit work that takes a second and then writes its name down.
outcome_of<job<void>> line_up(virtual_queue& f, std::vector<std::string>& done, std::string name) {
    const auto work = [&f, &done, name]() -> task<void> {
        co_await f.sleep(1s);
        done.push_back(name);
    };
    return {f.context.get_executor(), f.queue.async_submit(work, name)};
}

task<void> fail_with(errc code, hubpush::error_details details = hubpush::error_details()) {
    hubpush::throw_error(code, "no", std::move(details));
    co_return;
}

}  // namespace

TEST_CASE("a limit of no jobs is refused", "[queue][policy]") {
    asio::io_context context;
    CHECK_THROWS_AS(fifo_queue(context.get_executor(), queue_options().limit(0)), hubpush::invalid_argument);
}

TEST_CASE("replace_oldest: the oldest waiting job gives way and its outcome says for which", "[queue][policy]") {
    virtual_queue f(replacing(3));
    const auto captured = std::make_shared<int>(1);
    f.submit_sleep(1s, "a");
    const job<int> replaced = f.queue.submit([captured]() -> task<int> { co_return *captured; }, "b");
    f.submit_sleep(1s, "c");
    f.poll();
    const outcome_of<int> awaited(f.context.get_executor(), replaced.async_get());
    f.poll();
    f.submit_sleep(1s, "d");
    CHECK(captured.use_count() == 1);
    CHECK(replaced.status() == job_status::cancelled);
    f.submit_sleep(1s, "e");
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(statuses(drained) == std::vector{job_status::done, job_status::cancelled, job_status::cancelled,
                                           job_status::done, job_status::done});
    CHECK(reason(drained, 1) ==
          "job 2 (b) gave way to job 4 (d) in a full queue - set a higher queue_limit to keep both");
    CHECK(reason(drained, 2).find("job 3 (c) gave way to job 5 (e)") == 0);
    CHECK_THROWS_AS(replaced.get(), hubpush::cancelled);
    CHECK(code_of([&] { awaited.get(); }) == errc::cancelled);
    CHECK(f.world.clock->elapsed() == 3s);
}

TEST_CASE("replace_oldest: the head is never replaced once it has begun", "[queue][policy]") {
    virtual_queue f(replacing(1));
    const job<void> first = f.submit_sleep(1s, "first");
    const job<void> second = f.submit_sleep(1s, "second");  // the first has not begun
    CHECK(first.status() == job_status::cancelled);
    f.poll();
    CHECK(second.status() == job_status::running);
    CHECK_THROWS_AS(f.submit_sleep(1s, "third"), hubpush::queue_full);
    f.run();
    CHECK(second.status() == job_status::done);
    CHECK(f.queue.drain().outcomes.size() == 2);
}

TEST_CASE("replace_oldest: of fifty pushes the newest is always done and every outcome is told", "[queue][policy]") {
    virtual_queue f(replacing(3));
    for (int step = 0; step < 50; ++step) {
        f.submit_sleep(5s, std::to_string(step));
        f.poll();
        if (step % 5 == 4) f.world.clock->advance();
    }
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained.outcomes.size() == 50);
    CHECK(drained.done + drained.cancelled == 50);
    CHECK(drained.done == 12);  // nine ended on the way, and three were there at the end
    CHECK(drained.outcomes.back());
}

TEST_CASE("replaced jobs that nobody has drained are reported when the queue ends", "[queue][policy]") {
    hubpush_test::test_seams world;
    asio::io_context context;
    {
        fifo_queue queue(context.get_executor(), replacing(1).use(world.get()));
        queue.submit([]() -> task<void> { co_return; }, "old");
        queue.submit([]() -> task<void> { co_return; }, "new");
        context.run();
    }
    REQUIRE(world.log->lines().size() == 1);
    CHECK(world.log->lines().front().find("job 1 (old) was not done: job 1 (old) gave way to job 2 (new)") == 0);
}

TEST_CASE("wait: coroutines get their places first come, first served", "[queue][policy]") {
    virtual_queue f(waiting(2));
    std::vector<std::string> done;
    std::vector<outcome_of<job<void>>> submitted;
    for (const std::string name : {"a", "b", "c", "d", "e", "f"}) submitted.push_back(line_up(f, done, name));
    f.poll();
    CHECK(submitted[1].ended());
    CHECK_FALSE(submitted[2].ended());
    f.world.clock->advance();  // the first one ends, and the one that waits longest comes in, before anybody new
    f.poll();
    CHECK(submitted[2].get().number() == 3);
    submitted.push_back(line_up(f, done, "g"));
    f.run();
    CHECK(done == std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g"});
    CHECK(f.world.clock->elapsed() == 7s);
    CHECK(f.queue.drain().done == 7);
}

TEST_CASE("wait: a place that a cancelled job leaves goes to the line at once", "[queue][policy]") {
    virtual_queue f(waiting(2));
    std::vector<std::string> done;
    f.submit_sleep(1s, "head");
    const job<void> behind = f.submit_sleep(1s, "behind");
    auto in_line = line_up(f, done, "in line");
    f.poll();
    behind.cancel();
    f.poll();
    CHECK(in_line.get().status() == job_status::waiting);
    f.run();
    CHECK(f.world.clock->elapsed() == 2s);
}

TEST_CASE("wait: longest_wait ends the wait with queue_full and leaves nothing in the line", "[queue][policy]") {
    virtual_queue f(waiting(1, 500ms));
    std::vector<std::string> done;
    f.submit_sleep(1h, "head");
    const auto captured = std::make_shared<int>(1);
    const auto work = [captured]() -> task<void> { co_return; };
    const outcome_of<job<void>> late(f.context.get_executor(), f.queue.async_submit(work, "late"));
    f.poll();
    CHECK(captured.use_count() == 3);
    f.world.clock->advance();
    f.poll();
    CHECK(f.world.clock->elapsed() == 500ms);
    CHECK(code_of([&] { late.get(); }) == errc::queue_full);
    CHECK(captured.use_count() == 2);
    f.run();
    CHECK(f.queue.drain().outcomes.size() == 1);
}

TEST_CASE("wait: cancelling one that waits takes it out of the line and moves nobody else", "[queue][policy]") {
    using asio::cancellation_type;
    for (const auto type : {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        virtual_queue f(waiting(1));
        std::vector<std::string> done;
        auto head = line_up(f, done, "head");
        auto leaves = line_up(f, done, "leaves");
        auto stays = line_up(f, done, "stays");
        f.poll();
        leaves.cancel(type);
        f.poll();
        CHECK(code_of([&] { leaves.get(); }) == errc::cancelled);
        CHECK_FALSE(stays.ended());
        f.run();
        CHECK(done == std::vector<std::string>{"head", "stays"});
        CHECK(stays.get().number() == 2);
    }
}

TEST_CASE("wait: refusing, stopping and ending the queue tell those in line", "[queue][policy]") {
    const std::vector<std::function<void(std::unique_ptr<fifo_queue>&)>> ends{[](auto& queue) { queue->refuse_new(); },
                                                                              [](auto& queue) { queue->stop(); },
                                                                              [](auto& queue) { queue.reset(); }};
    for (const auto& end : ends) {
        hubpush_test::test_seams world;
        asio::io_context context;
        auto queue = std::make_unique<fifo_queue>(context.get_executor(), waiting(1).use(world.get()));
        const job<void> head = queue->submit([&] { return hubpush::sleep_for(*world.clock, 1s); });
        const auto work = []() -> task<void> { co_return; };
        const outcome_of<job<void>> in_line(context.get_executor(), queue->async_submit(work));
        context.poll();
        end(queue);
        hubpush_test::run_virtual(context, *world.clock);
        CHECK(code_of([&] { in_line.get(); }) == errc::queue_closed);
        CHECK(head.ready());
    }
}

TEST_CASE("wait: a coroutine destroyed in line leaves it, and one destroyed after it got a place does not",
          "[queue][policy]") {
    virtual_queue f(waiting(1));
    const auto captured = std::make_shared<int>(1);
    const auto work = [captured, &f] { return f.sleep(1s); };
    auto elsewhere = std::make_unique<asio::io_context>();
    f.submit_sleep(1s, "head");
    const outcome_of<job<void>> placed(elsewhere->get_executor(), f.queue.async_submit(work));
    const outcome_of<job<void>> in_line(elsewhere->get_executor(), f.queue.async_submit(work));
    elsewhere->poll();
    f.poll();
    f.world.clock->advance();
    f.poll();  // the head has ended and the first in line is at work; its coroutine has not been told
    CHECK(captured.use_count() == 4);
    elsewhere.reset();
    CHECK(captured.use_count() == 3);
    f.run();
    CHECK(captured.use_count() == 2);
    CHECK(f.queue.drain().done == 2);
}

TEST_CASE("wait: inside a job and on the executor's thread waiting for a place is a typed error", "[queue][policy]") {
    virtual_queue f(waiting(1));
    hubpush::fifo_queue on_strand(asio::make_strand(f.context), waiting(1).use(f.world.get()));
    std::vector<errc> codes;
    const auto work = []() -> task<void> { co_return; };
    f.queue.submit([&]() -> task<void> {
        codes.push_back(code_of([&] { f.queue.submit(work); }));
        try {
            co_await f.queue.async_submit(work);
        } catch (const hubpush::error& failure) {
            codes.push_back(failure.kind());
        }
        co_await f.sleep(1s);
    });
    on_strand.submit([&] { return f.sleep(1s); });
    f.poll();
    asio::post(f.context, [&] {
        codes.push_back(code_of([&] { f.queue.submit(work); }));
        codes.push_back(code_of([&] { on_strand.submit(work); }));
        codes.push_back(code_of([&] { on_strand.drain(); }));
    });
    f.run();
    CHECK(codes == std::vector<errc>(5, errc::wrong_thread));
    f.queue.submit(work);
    f.run();
    CHECK(f.queue.drain().done == 2);
}

TEST_CASE("wait: a thread is held up until it is its turn", "[queue][policy][threads]") {
    asio::io_context context;
    fifo_queue queue(context.get_executor(), waiting(1));
    std::vector<int> done;
    const auto number = [&done](int i) {
        return [&done, i]() -> task<void> {
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            done.push_back(i);
        };
    };
    const job<void> first = queue.submit(number(1));
    std::vector<bool> predecessor_ended;
    std::thread submitter([&] {
        const job<void> second = queue.submit(number(2));
        predecessor_ended.push_back(first.ready());
        const job<void> third = queue.submit(number(3));
        predecessor_ended.push_back(second.ready());
        third.get();
        context.stop();
    });
    const auto guard = asio::make_work_guard(context);
    context.run();
    submitter.join();
    CHECK(done == std::vector<int>{1, 2, 3});
    CHECK(predecessor_ended == std::vector<bool>{true, true});
}

TEST_CASE("wait: a thread is told when it has waited long enough or the queue ends", "[queue][policy][threads]") {
    asio::io_context context;
    const auto seams = hubpush_test::real_time_seams(std::make_shared<hubpush_test::capturing_log>());
    const auto work = []() -> task<void> { co_return; };
    fifo_queue short_of_time(context.get_executor(), waiting(1, 1ms).use(seams));
    short_of_time.submit(work);
    CHECK_THROWS_AS(short_of_time.submit(work), hubpush::queue_full);
    auto ends = std::make_unique<fifo_queue>(context.get_executor(), waiting(1).use(seams));
    ends->submit(work);
    fifo_queue& queue = *ends;
    errc told{};
    std::thread submitter([&] { told = code_of([&] { queue.submit(work); }); });
    ends->stop();
    submitter.join();
    CHECK(told == errc::queue_closed);
    context.run();
}

TEST_CASE("cancel_the_rest: nothing behind a failed job runs until the failure is drained", "[queue][policy]") {
    virtual_queue f(cancelling_the_rest());
    const auto captured = std::make_shared<int>(1);
    const auto work = [captured]() -> task<int> { co_return *captured; };
    f.submit_sleep(1s, "fine");
    f.queue.submit([] { return fail_with(errc::forbidden); }, "broken");
    f.queue.submit(work, "behind");
    f.run();
    const job<int> late = f.queue.submit(work, "late");
    CHECK(late.status() == job_status::cancelled);
    CHECK(captured.use_count() == 2);
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(statuses(drained) ==
          std::vector{job_status::done, job_status::failed, job_status::cancelled, job_status::cancelled});
    CHECK(reason(drained, 2) ==
          "job 2 (broken) failed, and this queue cancels the rest - mend the cause, drain the "
          "queue and submit it again");
    const job<int> again = f.queue.submit(work, "again");
    f.run();
    CHECK(again.get() == 1);
    CHECK(f.queue.drain());
}

TEST_CASE("cancel_the_rest: a job that was cancelled, or recovers, is no failure; giving up is", "[queue][policy]") {
    virtual_queue f(cancelling_the_rest().give_up_after(20s));
    const job<void> cancelled = f.submit_sleep(1h, "cancelled");
    f.poll();
    cancelled.cancel();
    f.queue.submit([attempts = 0]() mutable -> task<void> {
        if (++attempts < 3) co_await fail_with(errc::server_error, hubpush_test::retryable());
    });
    f.queue.submit([] { return fail_with(errc::server_error, hubpush_test::retryable()); });
    f.submit_sleep(1s, "behind");
    f.run();
    CHECK(statuses(f.queue.drain()) ==
          std::vector{job_status::cancelled, job_status::done, job_status::failed, job_status::cancelled});
}

TEST_CASE("cancel_the_rest: who waits for a place is cancelled with the rest, and drain_until lets the queue go on",
          "[queue][policy]") {
    virtual_queue f(waiting(2).after_failure(failed_job::cancel_the_rest));
    std::vector<std::string> done;
    f.queue.submit([&f]() -> task<void> {
        co_await f.sleep(1s);
        throw std::runtime_error("broken");
    });
    f.submit_sleep(1s, "behind");
    const auto in_line = line_up(f, done, "in line");
    f.poll();
    CHECK_FALSE(in_line.ended());
    f.run();
    CHECK_THROWS_AS(in_line.get().get(), hubpush::cancelled);
    CHECK(f.queue.drain_until(f.world.clock->now()).cancelled == 2);
    const auto after = line_up(f, done, "after");
    f.run();
    CHECK(done == std::vector<std::string>{"after"});
}

TEST_CASE("cancel_all ends what there is, tells no log, and the queue goes on", "[queue][cancel]") {
    hubpush_test::test_seams world;
    asio::io_context context;
    {
        fifo_queue queue(context.get_executor(), waiting(2).use(world.get()));
        const auto captured = std::make_shared<int>(1);
        queue.submit([&] { return hubpush::sleep_for(*world.clock, 1h); }, "running");
        queue.submit([captured]() -> task<void> { co_return; }, "waiting");
        const auto work = []() -> task<void> { co_return; };
        const outcome_of<job<void>> in_line(context.get_executor(), queue.async_submit(work));
        context.poll();
        queue.cancel_all();
        CHECK(captured.use_count() == 1);
        hubpush_test::run_virtual(context, *world.clock);
        in_line.get().get();
        CHECK(world.clock->elapsed() == 0s);
    }
    CHECK(world.log->lines().empty());
}

TEST_CASE("a queue that refuses new jobs goes on with those it has, also between two attempts", "[queue][close]") {
    virtual_queue f;
    const job<void> retried = f.queue.submit([attempts = 0]() mutable -> task<void> {
        if (++attempts < 3) co_await fail_with(errc::server_error, hubpush_test::retryable());
    });
    const job<void> behind = f.submit_sleep(1s, "behind");
    f.poll();
    f.queue.refuse_new();
    CHECK(code_of([&] { f.submit_sleep(1s, "late"); }) == errc::queue_closed);
    f.run();
    CHECK(retried.status() == job_status::done);
    CHECK(behind.status() == job_status::done);
}
