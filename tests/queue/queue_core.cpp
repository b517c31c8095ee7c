#include <hubpush/queue/queue_core.hpp>

#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "virtual_queue.hpp"
#include "works.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// The life of a queue: what its users' code throws, calls from inside, and its end in every state
// (spec/reliability.md §3.8: P06 to P10, P12, P13; §5.3: SK05).

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
using hubpush_test::statuses;
using hubpush_test::virtual_queue;

namespace {

/// A result with a temper.
class result {
public:
    enum class throws { never, on_copy, on_move, on_url };
    explicit result(throws when) : when_(when) {}
    result(const result& other) : when_(other.when_) { check(throws::on_copy); }
    result(result&& other) : when_(other.when_) { check(throws::on_move); }
    std::string url() const {
        check(throws::on_url);
        return "https://hub.test/1";
    }

private:
    void check(throws now) const {
        if (when_ == now) throw std::runtime_error("a result throws");
    }
    throws when_;
};

task<void> nothing() { co_return; }

/// Runs `action` when the last copy goes.
std::shared_ptr<void> at_end(std::function<void()> action) {
    return {nullptr, [action = std::move(action)](void*) { action(); }};
}

}  // namespace

TEST_CASE("results that throw: copying fails the reader, moving fails the job, an address is left out",
          "[queue][exceptions]") {
    virtual_queue f;
    const auto make = [&](result::throws when) {
        return f.queue.submit([when]() -> task<result> { co_return result(when); });
    };
    const job<result> copied = make(result::throws::on_copy);
    const job<result> moved = make(result::throws::on_move);
    const job<result> addressed = make(result::throws::on_url);
    const job<result> fine = make(result::throws::never);
    f.run();
    CHECK_THROWS_WITH(copied.get(), "a result throws");
    CHECK_THROWS_WITH(copied.get(), "a result throws");
    CHECK_THROWS_WITH(moved.get(), "a result throws");
    addressed.get();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(statuses(drained) == std::vector{job_status::done, job_status::failed, job_status::done, job_status::done});
    CHECK(drained.outcomes[2].result().empty());
    CHECK(drained.outcomes[3].result() == fine.get().url());
}

TEST_CASE("an address is asked for without a lock", "[queue][exceptions]") {
    class asks_back {
    public:
        explicit asks_back(fifo_queue& queue) : queue_(&queue) {}
        std::string url() const { return queue_->submit(nothing(), "from url()").name(); }

    private:
        fifo_queue* queue_;
    };
    virtual_queue f;
    f.queue.submit([&]() -> task<asks_back> { co_return asks_back(f.queue); });
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained.done == 2);
    CHECK(drained.outcomes[0].result() == "from url()");
}

TEST_CASE("work that cannot be copied throws where it is submitted, and the queue goes on", "[queue][exceptions]") {
    class stubborn {
    public:
        stubborn() = default;
        stubborn(const stubborn&) { throw std::runtime_error("no copies"); }
        task<int> operator()() { co_return 1; }
    };
    virtual_queue f;
    const stubborn work;
    CHECK_THROWS_WITH(f.queue.submit(work), "no copies");
    const job<void> next = f.queue.submit(nothing());
    f.run();
    next.get();
    CHECK(next.number() == 1);
}

TEST_CASE("exceptions that are no std::exception are kept and told", "[queue][exceptions]") {
    virtual_queue f;
    f.queue.submit([]() -> task<void> { throw 42; });
    f.queue.submit([]() -> task<int> { throw "text"; });
    f.run();
    const hubpush::drain_result drained = f.queue.drain();
    CHECK(drained.failed == 2);
    CHECK_THROWS_AS(std::rethrow_exception(drained.outcomes[0].failure()), int);
    CHECK(hubpush_test::reason(drained, 1) == "an exception that is not a std::exception");
}

TEST_CASE("the destructor of what a job captured may use the queue, however the job ends", "[queue][reentry]") {
    const auto policy = queue_options().limit(4).when_full(full_queue::replace_oldest);
    virtual_queue f(queue_options(policy).after_failure(failed_job::cancel_the_rest));
    std::size_t ended = 0;
    const job<void> other = f.queue.submit(nothing());
    const auto ask = [&] {
        ended += other.ready() ? 1 : 0;
        other.cancel();
    };
    f.run();
    const auto submit = [&](bool fails) {
        auto work = [guard = at_end(ask), fails]() -> task<void> {
            if (fails) throw std::runtime_error("broken");
            co_return;
        };
        return f.queue.submit(std::move(work));
    };
    submit(false);  // done
    f.run();
    CHECK(ended == 1);
    for (int i = 0; i < 5; ++i) submit(false);  // one is replaced
    CHECK(ended == 2);
    submit(false).cancel();  // and one more is replaced
    CHECK(ended == 4);
    f.run();
    const std::size_t before = ended;
    submit(true);  // the rest is cancelled
    submit(false);
    f.run();
    CHECK(ended == before + 2);
    submit(false);
    submit(false);
    f.queue.cancel_all();
    CHECK(ended == before + 4);
    submit(false);
    f.queue.stop();
    CHECK(ended == before + 5);
}

TEST_CASE("a queue may be used from a job, from a completion handler, and from another queue's job",
          "[queue][reentry]") {
    virtual_queue f;
    fifo_queue other(f.context.get_executor(), queue_options().use(f.world.get()));
    std::vector<std::string> done;
    const auto write = [&done](std::string name) {
        return [&done, name]() -> task<void> {
            done.push_back(name);
            co_return;
        };
    };
    const job<void> outer = f.queue.submit([&]() -> task<void> {
        f.queue.submit(write("from a job"));
        const job<void> there = other.submit(write("in the other queue"));
        co_await there.async_get();
    });
    hubpush::initiate(f.context.get_executor(), outer.async_get(), [&](std::exception_ptr) {
        f.queue.submit(write("from a handler"));
        outer.cancel();
        CHECK(code_of([&] { f.queue.drain(); }) == errc::wrong_thread);
    });
    f.run();
    CHECK(done == std::vector<std::string>{"in the other queue", "from a job", "from a handler"});
}

TEST_CASE("draining and closing inside a job is a typed error", "[queue][reentry]") {
    virtual_queue f;
    std::vector<errc> codes;
    const auto awaited = [&codes](task<void> work) -> task<void> {
        try {
            co_await std::move(work);
        } catch (const hubpush::error& failure) {
            codes.push_back(failure.kind());
        }
    };
    const auto drain = [](task<hubpush::drain_result> work) -> task<void> { co_await std::move(work); };
    const job<void> inside = f.queue.submit([&]() -> task<void> {
        co_await awaited(drain(f.queue.async_drain()));
        co_await awaited(drain(f.queue.async_drain_until(hubpush::steady_time::max())));
        co_await awaited(f.queue.close());
    });
    f.run();
    CHECK(codes == std::vector<errc>(3, errc::wrong_thread));
    CHECK(inside.ready());
}

TEST_CASE("a job may end the queue that runs it", "[queue][destroy]") {
    hubpush_test::test_seams world;
    asio::io_context context;
    auto queue = std::make_unique<fifo_queue>(context.get_executor(), queue_options().use(world.get()));
    bool went_on = false;
    const job<void> ends = queue->submit([&]() -> task<void> {
        queue.reset();
        co_await hubpush::sleep_for(*world.clock, 1s);
        went_on = true;
    });
    const job<void> behind = queue->submit(nothing());
    hubpush_test::run_virtual(context, *world.clock);
    CHECK_FALSE(went_on);
    CHECK(ends.status() == job_status::cancelled);
    CHECK(behind.status() == job_status::cancelled);
}

TEST_CASE("an executor that stops and starts again loses nothing", "[queue][destroy]") {
    virtual_queue f;
    const job<void> first = f.submit_sleep(1s, "first");
    const job<void> second = f.submit_sleep(1s, "second");
    f.poll();
    f.context.stop();
    const outcome_of<hubpush::drain_result> drained(f.context.get_executor(), f.queue.async_drain());
    CHECK(f.context.poll() == 0);
    CHECK(first.status() == job_status::running);
    f.run();
    CHECK(drained.get().done == 2);
}

TEST_CASE("after its executor has ended under it a queue refuses", "[queue][destroy]") {
    hubpush_test::test_seams world;
    auto context = std::make_unique<asio::io_context>();
    fifo_queue queue(context->get_executor(), queue_options().use(world.get()));
    const job<void> endless = queue.submit(hubpush_test::for_ever);
    context->poll();
    context.reset();
    CHECK(endless.status() == job_status::cancelled);
    CHECK(code_of([&] { queue.submit(nothing()); }) == errc::queue_closed);
    CHECK(queue.drain().cancelled == 1);
}

TEST_CASE("a full queue, those in line and its executor may end in any order after any number of steps",
          "[queue][destroy]") {
    std::size_t ends = 0;
    for (const bool queue_first : {true, false}) {
        for (std::size_t steps = 0; steps < 80; ++steps) {
            hubpush_test::test_seams world;
            auto context = std::make_unique<asio::io_context>();
            auto elsewhere = std::make_unique<asio::io_context>();
            const auto policy = queue_options().limit(2).when_full(full_queue::wait, 5s);
            auto queue = std::make_unique<fifo_queue>(
                context->get_executor(),
                queue_options(policy).after_failure(failed_job::cancel_the_rest).use(world.get()));
            const auto captured = std::make_shared<std::string>("a captured string that is long enough for the heap");
            std::vector<outcome_of<job<std::string>>> in_line;
            for (int i = 0; i < 6; ++i) {
                const auto work = [captured, &world, i, failed = false]() mutable -> task<std::string> {
                    co_await hubpush::sleep_for(*world.clock, 1s);
                    if (i == 4) throw std::runtime_error("broken");
                    if (!std::exchange(failed, true)) {
                        hubpush::throw_error(errc::transport, "broken", hubpush_test::retryable());
                    }
                    co_return *captured;
                };
                in_line.emplace_back((i % 2 == 0 ? context : elsewhere)->get_executor(), queue->async_submit(work));
            }
            for (std::size_t step = 0; step < steps; ++step) {
                context->restart();
                elsewhere->restart();
                if (context->poll_one() + elsewhere->poll_one() == 0) world.clock->advance();
            }
            if (steps % 4 == 1) elsewhere.reset();
            if (queue_first) queue.reset();
            context.reset();
            queue.reset();
            elsewhere.reset();
            for (const auto& each : in_line) ends += each.ended() ? 1 : 0;
            in_line.clear();
            REQUIRE(captured.use_count() == 1);
        }
    }
    CHECK(ends > 200);
}

namespace {

/// Every job of a storm writes down when it begins and ends.
struct storm {
    explicit storm(std::uint64_t seed) : dice(seed), f(policy()) {}

    queue_options policy() {
        queue_options result;
        result.give_up_after(10s);
        if (dice() % 4 != 0) result.limit(1 + dice() % 8);
        result.when_full(static_cast<full_queue>(dice() % 3));
        result.after_failure(static_cast<failed_job>(dice() % 2));
        return result;
    }

    task<void> work(std::uint64_t kind, std::size_t number) {
        CHECK(running++ == 0);
        CHECK(std::exchange(last_begun, number) <= number);  // I4; equal when it is tried again
        ++begun;
        const auto end = at_end([this] { --running; });
        if (kind % 3 == 0) co_await f.sleep(std::chrono::milliseconds(kind % 50));
        if (kind % 17 == 0) throw std::runtime_error("broken");
        if (kind % 11 == 0) hubpush::throw_error(errc::server_error, "busy", hubpush_test::retryable());
    }

    task<void> submit(std::uint64_t kind, std::size_t number, std::shared_ptr<int> alive) {
        const auto item = [this, kind, number, alive] { return work(kind, number); };
        try {
            handles.push_back(co_await f.queue.async_submit(item));
        } catch (const hubpush::queue_full&) {
            ++refused;
        }
    }

    void step() {
        const std::uint64_t kind = dice() % 1000;
        if (kind < 200) {
            hubpush::initiate(f.context.get_executor(), submit(kind, ++submitted, life),
                              [](std::exception_ptr failure) { CHECK(!failure); });
        } else if (kind < 280 && !handles.empty()) {
            handles[dice() % handles.size()].cancel();
        } else if (kind < 282) {
            f.queue.cancel_all();
        } else if (kind < 300) {
            take(f.queue.drain_until(hubpush::steady_time()));
            handles.clear();
        } else if (kind < 900) {
            f.context.restart();
            for (std::uint64_t n = kind % 8; n != 0; --n) f.context.poll_one();
        } else {
            f.world.clock->advance();
        }
    }

    void take(const hubpush::drain_result& drained) {
        for (const hubpush::job_outcome& outcome : drained.outcomes) {
            CHECK(outcomes[outcome.number()]++ == 0);
            CHECK(has_ended(outcome.status()));
        }
    }

    std::mt19937_64 dice;
    virtual_queue f;
    std::shared_ptr<int> life = std::make_shared<int>(0);
    std::vector<job<void>> handles;
    std::map<std::uint64_t, int> outcomes;
    std::size_t submitted = 0;
    std::size_t refused = 0;
    std::size_t begun = 0;
    std::size_t last_begun = 0;
    int running = 0;
};

}  // namespace

TEST_CASE("a storm of submitting and cancelling under every policy: each job ends once and leaves nothing",
          "[queue][storm]") {
    std::size_t submitted = 0;
    std::size_t begun = 0;
    for (std::uint64_t seed = 1; seed <= 64; ++seed) {
        storm s(seed);
        INFO("seed " << seed);
        for (int i = 0; i < 2000; ++i) s.step();
        s.f.run();
        s.take(s.f.queue.drain());
        REQUIRE(s.outcomes.size() + s.refused == s.submitted);  // I5: each has exactly one end
        REQUIRE(s.outcomes.rbegin()->first == s.outcomes.size());
        REQUIRE(s.life.use_count() == 1);
        submitted += s.submitted;
        begun += s.begun;
    }
    WARN(submitted << " submitted, " << begun << " attempts");
}

TEST_CASE("a hundred thousand jobs submitted and cancelled: in order, each once, and no memory is kept",
          "[queue][storm]") {
    virtual_queue f;
    const auto life = std::make_shared<int>(0);
    std::uint64_t last = 0;
    std::size_t done = 0;
    std::size_t cancelled = 0;
    for (int round = 0; round < 100; ++round) {
        std::vector<job<void>> handles;
        for (std::uint64_t i = 1; i <= 1000; ++i) {
            handles.push_back(
                f.queue.submit([&last, life, number = 1000U * static_cast<unsigned>(round) + i]() -> task<void> {
                    CHECK(std::exchange(last, number) < number);  // I4
                    co_return;
                }));
        }
        for (std::size_t i = 0; i < handles.size(); i += 2) handles[(i * 7) % 1000].cancel();
        CHECK(life.use_count() <= 501);
        f.run();
        const hubpush::drain_result drained = f.queue.drain();
        CHECK(drained.outcomes.size() == 1000);
        done += drained.done;
        cancelled += drained.cancelled;
        CHECK(life.use_count() == 1);
    }
    CHECK(done == 50'000);
    CHECK(cancelled == 50'000);
}
