#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> steps(int count) {
    std::vector<std::string> result;
    for (int step = 1; step <= count; ++step) result.push_back("step " + std::to_string(step));
    return result;
}

/// Queues one push per step, each of a folder of its own.
void queue_pushes(simulation& world, const client& hub, fifo_queue& queue, int count) {
    for (const std::string& step : steps(count)) {
        const std::string folder = "/" + step;
        world.files->write(folder + "/config.json", "{\"at\":\"" + step + "\"}");
        world.files->write(folder + "/model.safetensors", step + std::string(70'000, 'w'));
        queue.submit([&hub, folder, step] { return hub.upload_folder("acme/x", folder, message(step)); }, step);
    }
}

drain_result drain(simulation& world, fifo_queue& queue) { return world.run(queue.async_drain()); }

/// Runs one queued push of a large file to its end.
template <class... Options>
job_outcome push_queued(simulation& world, const client& hub, Options... options) {
    world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
    fifo_queue queue(hub.get_executor(), queue_options().use(world.seams.get()));
    queue.submit([&] { return hub.upload_folder("acme/x", "/run", message("ours"), options...); }, "push");
    return drain(world, queue).outcomes.at(0);
}

error failure_of(const job_outcome& job) {
    try {
        std::rethrow_exception(job.failure());
    } catch (const error& failure) {
        return failure;
    }
}

/// Every commit gets this answer.
auto to_commits(const std::string& status, const std::string& fields, const std::string& body) {
    const std::string bytes = "HTTP/1.1 " + status + "\r\n" + fields +
                              "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                              "\r\n\r\n" + body;
    return [bytes](const model_request& request) -> std::optional<std::string> {
        const bool commit = request.method == "POST" && request.target.find("/commit/") != std::string::npos;
        return commit ? std::optional<std::string>(bytes) : std::nullopt;
    };
}

const std::string no_such_object = R"({"error":"LFS pointer pointed to a file that does not exist"})";

}  // namespace

TEST_CASE("two hours of outage with twenty jobs queued: all are committed, in order, each once") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        simulation world(seed);
        // The Hub is away from the first minute on, in the middle of whatever happens then.
        const steady_time begin = world.seams.clock->now();
        std::size_t served = 0;
        world.hub->fault = [&](const std::string& method, const std::string&) {
            const auto passed = world.seams.clock->now() - begin;
            if (served >= 3 + seed % 9 && passed < 2h) {
                return method == "CONNECT" ? model_fault::refuse_connection : model_fault::apply_then_reset;
            }
            served += method == "CONNECT" ? 0 : 1;
            return model_fault::none;
        };
        const client hub = world.client(commit_patience(6h));
        fifo_queue queue(hub.get_executor(), queue_options().use(world.seams.get()));
        queue_pushes(world, hub, queue, 20);
        const drain_result outcome = drain(world, queue);
        INFO("seed " << seed);
        for (const job_outcome& job : outcome.outcomes) INFO(job.name() << ": " << describe(job.failure()));
        CHECK(outcome.done == 20);
        CHECK(world.hub->summaries() == steps(20));
        CHECK(world.seams.clock->elapsed() >= 2h);
        CHECK(world.seams.clock->elapsed() < 3h);
        CHECK(world.seams.log->warnings() > 0);
    }
}

TEST_CASE("one request in five fails, for a hundred seeds: twenty commits, in order, each once") {
    const std::vector<model_fault> faults{model_fault::reset_before, model_fault::apply_then_reset,
                                          model_fault::apply_then_504, model_fault::status_503,
                                          model_fault::status_429};
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        simulation world(seed);
        std::mt19937_64 dice(seed);
        world.hub->fault = [&](const std::string& method, const std::string&) {
            if (method == "CONNECT" || dice() % 5 != 0) return model_fault::none;
            return faults[dice() % faults.size()];
        };
        const client hub = world.client();
        fifo_queue queue(hub.get_executor(), queue_options().use(world.seams.get()));
        queue_pushes(world, hub, queue, 20);
        const drain_result outcome = drain(world, queue);
        INFO("seed " << seed);
        CHECK(outcome.done == 20);
        CHECK(world.hub->summaries() == steps(20));
    }
}

TEST_CASE("a job whose pull request is open is not repeated, and its failure says where to push again") {
    enum class trouble { no_such_object, rate_limit, outage };
    for (const trouble what : {trouble::no_such_object, trouble::rate_limit, trouble::outage}) {
        simulation world;
        std::optional<steady_time> opened;
        if (what == trouble::no_such_object) world.hub->instead = to_commits("400 Bad Request", "", no_such_object);
        if (what == trouble::rate_limit) world.hub->instead = to_commits("429 Slow Down", "Retry-After: 60\r\n", "{}");
        world.hub->fault = [&](const std::string& method, const std::string&) {
            if (!opened && !world.hub->discussions.empty()) opened = world.seams.clock->now();
            const bool away = what == trouble::outage && opened && world.seams.clock->now() - *opened < 1h;
            if (!away) return model_fault::none;
            return method == "CONNECT" ? model_fault::refuse_connection : model_fault::reset_before;
        };
        const client hub = world.client(commit_patience(20min));
        const job_outcome job = push_queued(world, hub, create_pr());
        INFO("trouble " << static_cast<int>(what) << ": " << describe(job.failure()));
        CHECK(world.hub->discussions.size() == 1);
        REQUIRE(job.failure());
        const error failure = failure_of(job);
        const std::vector<errc> expected{errc::integrity, errc::rate_limited, errc::transport};
        CHECK(failure.kind() == expected[static_cast<std::size_t>(what)]);
        CHECK_FALSE(failure.retryable());
        CHECK(failure.hint().find("revision(\"refs/pr/1\")") != std::string::npos);
        CHECK(world.seams.clock->elapsed() < 40min);
    }
}

TEST_CASE("an object that the Hub never keeps fails its job after one more try, not after hours") {
    simulation world;
    world.hub->instead = to_commits("400 Bad Request", "", no_such_object);
    const client hub = world.client();
    const job_outcome job = push_queued(world, hub);
    REQUIRE(job.failure());
    CHECK(failure_of(job).kind() == errc::integrity);
    CHECK(world.hub->count("POST", "/commit/") == 2);
    CHECK(world.seams.clock->elapsed() < 1min);
}
