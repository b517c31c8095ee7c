#include <hubpush/local_hub/faults.hpp>

#include "catch.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace hubpush;

/// Which of `calls` calls a rule hits: one letter each.
std::string hits(fault_rule rule, int calls) {
    std::string result;
    for (int i = 0; i < calls; ++i)
        result += rule.hits(hub_listener::hub, "POST", "/api/models/a/b/commit/main") ? 'x' : '.';
    return result;
}

fault_rule rule(const std::string& method, const std::string& pattern) {
    return fault_rule(method, pattern, fault::apply_then_reset());
}

}  // namespace

TEST_CASE("a rule chooses its calls", "[faults]") {
    CHECK(hits(rule("", ""), 4) == "xxxx");
    CHECK(hits(rule("POST", "/commit/").nth(3), 5) == "..x..");
    CHECK(hits(rule("POST", "/commit/").first(2), 5) == "xx...");
    CHECK(hits(rule("POST", "/commit/").every(2), 5) == ".x.x.");
    CHECK(hits(rule("PUT", "/commit/"), 3) == "...");
    CHECK(hits(rule("", "/preupload/"), 3) == "...");
    CHECK(hits(rule("", "/api/*/commit/*"), 2) == "xx");
    CHECK(hits(rule("", "*/commit"), 2) == "..");
    CHECK(hits(rule("", "").on(hub_listener::storage), 2) == "..");
}

TEST_CASE("chance depends on nothing but its seed", "[faults]") {
    const std::string first = hits(rule("", "").with_probability(0.2, 7), 1000);
    CHECK(first == hits(rule("", "").with_probability(0.2, 7), 1000));
    CHECK(first != hits(rule("", "").with_probability(0.2, 8), 1000));
    const auto count = std::count(first.begin(), first.end(), 'x');
    CHECK(count > 150);
    CHECK(count < 250);
}

TEST_CASE("of several rules the first that hits wins, and all count", "[faults]") {
    fault_plan plan;
    plan.add(fault_rule("", "/x", fault::reset_after(5)).nth(1));
    plan.add(fault_rule("", "/x", fault::answer_instead(fault_answer(503))).nth(2));
    CHECK(plan.decide(hub_listener::hub, "GET", "/x")->name() == "reset_request");
    CHECK(plan.decide(hub_listener::hub, "GET", "/x")->answer().status() == 503);
    CHECK_FALSE(plan.decide(hub_listener::hub, "GET", "/x"));
    plan.add(fault_rule("", "/x", fault::stall_after(0)));
    plan.clear();
    CHECK_FALSE(plan.decide(hub_listener::hub, "GET", "/x"));
}

TEST_CASE("a rule looks at the query and at one header", "[faults]") {
    fault_plan plan;
    plan.add(fault_rule("POST", "/commit/", fault::apply_then_reset()).with_query("create_pr=1"));
    plan.add(fault_rule("", "", fault::store_nothing()).with_header("x-test", "lose"));
    CHECK(plan.decide(hub_listener::hub, "POST", "/commit/main?create_pr=1")->name() == "apply_then_reset");
    CHECK_FALSE(plan.decide(hub_listener::hub, "POST", "/commit/main"));
    CHECK_FALSE(plan.decide(hub_listener::hub, "POST", "/commit/create_pr=1"));
    CHECK_FALSE(plan.decide(hub_listener::hub, "PUT", "/x", {{"X-Test", "keep"}}));
    CHECK(plan.decide(hub_listener::hub, "PUT", "/x", {{"X-Test", "lose it"}})->name() == "store_nothing");
}
