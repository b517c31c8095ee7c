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
    int attempts = 6;
};

constexpr std::chrono::seconds commit_search{20};

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
            const client hub = world.client(retry_policy(attempts(plan.attempts)), commit_patience(commit_search));
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

/// The longest that a case may take in virtual time (spec/reliability.md §3.4): a connection that breaks costs a second
/// of listening and one short pause, a silent one the deadline of what is waited for; a commit is answered slowly.
std::chrono::nanoseconds limit(const seen_exchange& target, const damage& harm) {
    const bool silent = harm.how == ending::silence;
    const bool slow = target.name == "POST commit" && harm.where == side::reply;
    if (!harm.lasting) return silent ? (slow ? 302s : 62s) : 2s;
    // Behind a reply that was cut after its last byte the next exchange is hit: at worst all five of them twice. For
    // the commit the answer, the search as long as there is patience, and its last look.
    return silent ? 5 * 2 * 62s + 302s + commit_search + 2 * 62s : 5 * 2 * 2s + commit_search + 2 * 2s;
}

void harm_everywhere(report& table, scenario plan, const seen_exchange& target, damage harm) {
    const bool splits = harm.how == ending::split;
    const std::size_t size = harm.where == side::request ? target.request : target.reply + (splits ? 0 : 1);
    const std::string row = target.name + ", " + name_of(harm.where) + ", " + name_of(harm.how);
    for (harm.offset = splits ? 1 : 0; harm.offset < size; ++harm.offset) {
        plan.harm.push_back(harm);
        judgement result = run(plan);
        plan.harm.pop_back();
        if (result.problem.empty() && result.elapsed > limit(target, harm)) result.problem = "takes too long";
        // One connection that ends early is no reason to fail, except where its end is the end of the body.
        const bool told = plan.how != framing::until_close || harm.how != ending::fin;
        if (result.problem.empty() && !harm.lasting && told && !result.succeeded) result.problem = "gives up";
        table.add(row, "byte " + std::to_string(harm.offset), result);
    }
}

const std::vector<side> both_sides{side::request, side::reply};
const std::vector<ending> cuts{ending::fin, ending::reset, ending::silence};
const std::vector<ending> cuts_and_splits{ending::fin, ending::reset, ending::silence, ending::split};

/// Every exchange of the push, from the `first`-th on.
std::size_t harm_everything(const std::string& title, const scenario& plan, const std::vector<side>& sides,
                            const std::vector<ending>& endings, bool lasting, std::size_t first = 1) {
    report table(title);
    const std::vector<seen_exchange> seen = exchanges_of(plan);
    REQUIRE(seen.size() >= 5);
    for (std::size_t i = first; i <= seen.size(); ++i) {
        for (const side where : sides) {
            for (const ending how : endings)
                harm_everywhere(table, plan, seen[i - 1], damage{i, where, 0, how, lasting});
        }
    }
    table.print();
    return table.cases();
}

std::size_t byte_by_byte() {
    report table("in small pieces, both ways");
    for (std::size_t piece = 1; piece <= 64; ++piece) {
        for (const framing how : {framing::length, framing::chunked, framing::until_close}) {
            table.add("at most 64 bytes at once", std::to_string(piece) + " bytes", run({how, true, {}, piece}));
        }
    }
    table.print();
    return table.cases();
}

}  // namespace

TEST_CASE("every byte of every exchange of a push, on both sides, may be the last one, for a while or for good",
          "[byte]") {
    const scenario kept;
    scenario closed;
    closed.how = framing::chunked;
    closed.folder = true;
    scenario unframed = closed;
    unframed.how = framing::until_close;
    scenario impatient = kept;
    impatient.attempts = 2;
    scenario lost;  // the commit's answer, so that it has to be looked for
    lost.harm.push_back(damage{5, side::reply, 0, ending::reset, false});

    std::size_t cases = 0;
    cases += harm_everything("once; connections kept", kept, both_sides, cuts_and_splits, false);
    cases += harm_everything("once; chunked replies, then closed", closed, both_sides, cuts_and_splits, false);
    cases += harm_everything("once; replies until the end", unframed, {side::reply}, cuts, false);
    cases += harm_everything("once; looking for a lost commit", lost, both_sides, cuts_and_splits, false, 6);
    cases += harm_everything("from there on; two attempts", impatient, both_sides, cuts, true);
    cases += byte_by_byte();
    std::printf("every byte: %zu distinct cases\n", cases);
    CHECK(cases >= 30'000);
}
