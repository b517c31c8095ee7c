#include <hubpush/async/retry.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <hubpush/async/timeout.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// Repeats whatever it is asked about, ten times.
struct reckless {
    std::optional<std::chrono::milliseconds> next_wait(const error&, int number, std::chrono::milliseconds,
                                                       std::uint64_t) const {
        if (number == 10) return std::nullopt;
        return 1s;
    }
};

/// The faults, one after the other, that the commit requests meet.
auto at_commits(std::vector<model_fault> faults) {
    return [=, next = std::size_t{0}](const std::string& method, const std::string& target) mutable {
        if (method != "POST" || target.find("/commit/") == std::string::npos) return model_fault::none;
        return next < faults.size() ? faults[next++] : faults.back();
    };
}

}  // namespace

static_assert(decides_retries<retry_policy>);

TEST_CASE("retry(commit) makes one commit, whatever happens to the answers and whatever the policy says") {
    const std::vector<model_fault> faults{
        model_fault::none,           model_fault::reset_before, model_fault::apply_then_reset,
        model_fault::apply_then_504, model_fault::status_503,   model_fault::status_429};
    for (const model_fault first : faults) {
        for (const model_fault second : faults) {
            for (const model_fault rest : {model_fault::none, model_fault::status_503}) {
                for (const bool history_is_readable : {true, false}) {
                    simulation world;
                    world.files->write("/run/config.json", "{}");
                    world.hub->fault = [&, commits = at_commits({first, second, rest})](
                                           const std::string& method, const std::string& target) mutable {
                        if (!history_is_readable && target.find("/commits/") != std::string::npos) {
                            return model_fault::status_503;
                        }
                        return commits(method, target);
                    };
                    const client hub = world.client();
                    const auto push =
                        scan("/run") | classify() | transfer() | retry(hubpush::commit("once"), reckless());
                    INFO("faults " << static_cast<int>(first) << ' ' << static_cast<int>(second) << ' '
                                   << static_cast<int>(rest) << ", history " << history_is_readable);
                    try {
                        const commit_info info = world.run(push(hub, "acme/x"));
                        CHECK(info.oid == world.hub->commits.back().oid);
                        CHECK(world.hub->summaries() == std::vector<std::string>{"once"});
                    } catch (const error& failure) {
                        CHECK(world.hub->commits.size() <= 2);
                        if (world.hub->commits.size() == 2) CHECK(failure.kind() == errc::outcome_unknown);
                    }
                }
            }
        }
    }
}

TEST_CASE("a commit that is cut off by a timeout gives the commit, or says that nobody knows") {
    simulation world;
    world.files->write("/run/config.json", "{}");
    const client hub = world.client();
    world.hub->fault = at_commits({model_fault::apply_then_reset});
    const std::shared_ptr<hubpush::clock> clock = world.seams.clock;
    // The answer is lost at once; the look at the history comes after a pause, in the middle of which time is up.
    const commit_info info = world.run(timeout(hub.upload_folder("acme/x", "/run"), 1ms, clock));
    CHECK(info.oid == world.hub->commits.back().oid);

    simulation silent;
    silent.files->write("/run/config.json", "{}");
    const client other = silent.client();
    silent.hub->fault = [&](const std::string&, const std::string& target) {
        if (target.find("/commits/") != std::string::npos) return model_fault::status_503;
        return target.find("/commit/") != std::string::npos ? model_fault::apply_then_reset : model_fault::none;
    };
    CHECK(silent.error_of(timeout(other.upload_folder("acme/x", "/run"), 1ms, silent.seams.clock)) ==
          errc::outcome_unknown);
    CHECK(silent.hub->commits.size() == 2);
}

TEST_CASE("a handle with another policy shares connections, token and what is known of the endpoint") {
    simulation world;
    std::size_t connections = 0;
    bool broken = false;
    world.hub->fault = [&](const std::string& method, const std::string&) {
        if (method == "CONNECT") ++connections;
        return broken && method != "CONNECT" ? model_fault::status_503 : model_fault::none;
    };
    const client hub = world.client(retry_policy(attempts(1)));
    const client patient = hub.with(retry_policy(attempts(4)));
    CHECK_FALSE(patient.has_answered());
    world.run(hub.upload_file("acme/x", content(std::string("1")), "a.txt"));
    CHECK(connections == 1);
    world.run(patient.upload_file("acme/x", content(std::string("2")), "b.txt"));
    CHECK(connections == 1);
    CHECK(patient.has_answered());
    CHECK(world.hub->requests.back().head.find("Authorization: Bearer") != std::string::npos);

    broken = true;
    const std::size_t before = world.hub->requests.size();
    CHECK(world.error_of(hub.upload_file("acme/x", content(std::string("3")), "c.txt")) == errc::server_error);
    const std::size_t between = world.hub->requests.size();
    CHECK(world.error_of(patient.upload_file("acme/x", content(std::string("3")), "c.txt")) == errc::server_error);
    CHECK(between - before == 1);
    CHECK(world.hub->requests.size() - between == 4);
}

TEST_CASE("a predicate can forbid retries by what the failure is") {
    simulation world;
    world.files->write("/run/config.json", "{}");
    std::vector<std::string> asked;
    const auto only_slow_down = [&asked](const error& failure) {
        asked.push_back(std::to_string(failure.status()));
        CHECK(failure.retryable());
        if (failure.status() == 429) CHECK(failure.retry_after() == 7s);
        return failure.kind() == errc::rate_limited;
    };
    const client hub = world.client().with(retry_policy().when(only_slow_down));
    world.hub->fault = [seen = 0](const std::string& method, const std::string&) mutable {
        if (method == "CONNECT") return model_fault::none;
        ++seen;
        return seen == 1 ? model_fault::status_429 : seen == 2 ? model_fault::status_503 : model_fault::none;
    };
    CHECK(world.error_of(hub.upload_folder("acme/x", "/run")) == errc::server_error);
    CHECK(asked == std::vector<std::string>{"429", "503"});
    CHECK(world.hub->requests.size() == 2);

    world.hub->fault = at_commits({model_fault::status_429});
    const auto never = [](const error&) { return false; };
    CHECK(world.error_of(hub.with(retry_policy().when(never)).upload_folder("acme/x", "/run")) == errc::rate_limited);
    CHECK(world.hub->count("POST", "/commit/") == 1);
}
