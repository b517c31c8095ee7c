#include <hubpush/queue/fifo_queue.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <chrono>
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
