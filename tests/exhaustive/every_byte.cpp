#include "catch.hpp"
#include "push_world.hpp"
#include "report.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// What one run goes through.
struct scenario {
    framing how = framing::length;
    bool folder = false;  ///< upload_folder, otherwise create_commit
    std::vector<damage> harm;
    std::size_t piece = 0;
};

task<commit_info> push(const client& hub, bool folder) {
    if (folder) return hub.upload_folder("acme/x", "/run", message("once"));
    return hub.create_commit("acme/x", add("config.json", content(std::string(push_world::regular))),
                             add("model.safetensors", content(std::string(push_world::large))), message("once"));
}

judgement run(const scenario& plan, std::vector<seen_exchange>* seen = nullptr) {
    return judged([&] {
        push_world world(plan.how);
        for (const damage& each : plan.harm) world.network->add(each);
        if (plan.piece != 0) world.network->piecewise(plan.piece);
        ended_as end;
        {
            const client hub = world.client();
            end = world.run(push(hub, plan.folder));
        }
        judgement result = world.judge(end);
        if (seen != nullptr) *seen = world.network->exchanges();
        if (result.problem.empty() && world.network->connections() != 0) result.problem = "keeps a connection";
        return result;
    });
}

std::vector<seen_exchange> exchanges_of(scenario plan) {
    std::vector<seen_exchange> seen;
    judgement first = run(plan, &seen);  // also warms up what is made once per program
    first = run(plan);
    REQUIRE(first.succeeded);
    REQUIRE(first.problem == "");
    return seen;
}

const char* name_of(ending how) {
    switch (how) {
        case ending::fin:
            return "FIN";
        case ending::reset:
            return "RST";
        case ending::silence:
            return "silence";
        case ending::split:
            break;
    }
    return "split";
}

const char* name_of(side which) { return which == side::request ? "request" : "reply"; }

void cut_everywhere(report& table, scenario plan, const seen_exchange& target, damage harm,
                    std::chrono::nanoseconds limit) {
    const std::size_t size = harm.where == side::request ? target.request : target.reply + 1;
    const std::string row = target.name + ", " + name_of(harm.where) + ", " + name_of(harm.how);
    for (harm.offset = harm.how == ending::split ? 1 : 0; harm.offset < size; ++harm.offset) {
        plan.harm.push_back(harm);
        judgement result = run(plan);
        plan.harm.pop_back();
        if (result.problem.empty() && result.elapsed > limit) result.problem = "takes too long";
        table.add(row, "byte " + std::to_string(harm.offset), result);
    }
}

}  // namespace

TEST_CASE("every byte, once", "[byte]") {
    report table("once, kept connections");
    scenario plan;
    const std::vector<seen_exchange> seen = exchanges_of(plan);
    REQUIRE(seen.size() == 5);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        for (const side where : {side::request, side::reply}) {
            for (const ending how : {ending::fin, ending::reset, ending::silence, ending::split}) {
                cut_everywhere(table, plan, seen[i], damage{i + 1, where, 0, how, false}, 400s);
            }
        }
    }
    table.print();
}
