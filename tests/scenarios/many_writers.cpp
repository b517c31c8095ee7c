#include "catch.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

// Several writers on one branch (spec/acceptance.md T12), all in virtual time and in every order of a few seeds.

using namespace hubpush;
using namespace hubpush_test;

namespace {

constexpr int writers = 4;
constexpr int commits_each = 25;

struct outcome {
    std::size_t made = 0;
    std::size_t conflicts = 0;
    std::size_t without_heads = 0;
};

template <class... Options>
task<void> write(const client& hub, std::string path, std::string name, outcome& done, Options... options) {
    for (int i = 0; i < commits_each; ++i) {
        const std::string label = name + " " + std::to_string(i);
        const content text(label);
        try {
            co_await hub.upload_file("acme/x", text, path, message(label), options...);
            ++done.made;
        } catch (const branch_moved& moved) {
            ++done.conflicts;
            done.without_heads += moved.expected_head().empty() || moved.actual_head().empty() ? 1 : 0;
        }
    }
}

/// All writers at once, each on a client of its own.
template <class... Options>
outcome write_together(simulation& world, bool same_path, Options... options) {
    outcome done;
    world.hub->travel = [&world] {
        const auto time = std::chrono::milliseconds(10 + world.seams.random->next() % 90);
        return sleep_for(*world.seams.clock, time);
    };
    std::vector<client> clients;
    std::exception_ptr failure;
    for (int i = 0; i < writers; ++i) clients.push_back(world.client());
    for (int i = 0; i < writers; ++i) {
        const std::string name = "writer " + std::to_string(i);
        initiate(world.context.get_executor(),
                 write(clients[static_cast<std::size_t>(i)], same_path ? "shared.txt" : name + ".txt", name, done,
                       options...),
                 [&](std::exception_ptr thrown) { failure = thrown ? thrown : failure; });
    }
    run_virtual(world.context, *world.seams.clock);
    if (failure) std::rethrow_exception(failure);
    return done;
}

/// How often the commit with the most attempts was sent.
std::size_t most_attempts(const simulation& world) {
    std::map<std::string, std::size_t> attempts;
    for (const model_request& request : world.hub->requests) {
        if (request.target.find("/commit/") == std::string::npos) continue;
        const std::size_t at = request.body.find("\"summary\":");
        ++attempts[request.body.substr(at, request.body.find("\",", at) - at)];
    }
    std::size_t most = 0;
    for (const auto& [summary, count] : attempts) most = std::max(most, count);
    return most;
}

void check_hundred_commits(const simulation& world, const outcome& done, const std::string& name) {
    const std::vector<std::string> summaries = world.hub->summaries();
    CHECK(done.made == 100);
    CHECK(summaries.size() == 100);
    CHECK(std::set<std::string>(summaries.begin(), summaries.end()).size() == 100);
    const std::size_t attempts = world.hub->count("POST", "/commit/");
    std::cout << name << ": 100 commits, " << attempts << " attempts, at most " << most_attempts(world) << " for one, "
              << world.hub->requests.size() << " requests\n";
    CHECK(attempts <= 400);
    CHECK(most_attempts(world) <= 9);
}

}  // namespace

TEST_CASE("T12: four writers of 25 commits each on disjoint paths") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation world(seed);
        const outcome done = write_together(world, false, on_conflict::rebase_if_disjoint);
        check_hundred_commits(world, done, "disjoint paths, rebase_if_disjoint, seed " + std::to_string(seed));
        for (int i = 0; i < writers; ++i) CHECK(world.hub->files.contains("writer " + std::to_string(i) + ".txt"));
    }
}

TEST_CASE("T12: four writers of 25 commits each that follow the branch, on one path") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation world(seed);
        const outcome done = write_together(world, true);
        check_hundred_commits(world, done, "one path, no option, seed " + std::to_string(seed));
    }
}

TEST_CASE("T12: four writers on one path that want to fail: each conflict names both heads, requests are bounded") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        simulation world(seed);
        const outcome done = write_together(world, true, on_conflict::fail);
        CHECK(done.made + done.conflicts == 100);
        CHECK(done.conflicts > 0);
        CHECK(done.without_heads == 0);
        CHECK(world.hub->summaries().size() == done.made);
        std::cout << "one path, fail, seed " << seed << ": " << done.made << " commits, " << done.conflicts
                  << " conflicts, " << world.hub->requests.size() << " requests\n";
        CHECK(world.hub->count("POST", "/commit/") == 100);
        CHECK(world.hub->requests.size() <= 300);
    }
}

TEST_CASE("T12: four writers on one path that rebase what is disjoint: none overwrites what it has not seen") {
    simulation world;
    const outcome done = write_together(world, true, on_conflict::rebase_if_disjoint);
    CHECK(done.made + done.conflicts == 100);
    CHECK(done.conflicts > 0);
    CHECK(done.without_heads == 0);
    CHECK(world.hub->summaries().size() == done.made);
}
