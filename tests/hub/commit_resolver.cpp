#include <hubpush/hub/commit_resolver.hpp>

#include "catch.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace hubpush;
using namespace std::chrono_literals;

namespace {

using action = commit_decision::action;

constexpr const char* upload_id = "00112233445566778899aabbccddeeff";
const steady_time start{1h};

std::string oid_of(int number) {
    std::string digits = std::to_string(number);
    return std::string(40 - digits.size(), '0') + digits;
}

std::vector<commit_entry> history(std::vector<std::string> oids, const std::string& ours = "") {
    std::vector<commit_entry> commits;
    for (const std::string& oid : oids)
        commits.emplace_back(oid, "t", oid == ours ? "d\n\n" + commit_marker(upload_id) : "d");
    return commits;
}

std::exception_ptr answer(int status, std::optional<std::chrono::milliseconds> wait = std::nullopt) {
    error_details details;
    details.status(status).retryable(retryable_status(status));
    if (wait) details.retry_after(*wait);
    const errc kind = status == 409 || status == 412 ? errc::conflict
                      : status == 429                ? errc::rate_limited
                      : status == 403                ? errc::forbidden
                      : status >= 500                ? errc::server_error
                                                     : errc::bad_request;
    return make_exception(kind, "answer", details);
}

std::exception_ptr broken(bool reached = true) {
    return make_exception(errc::transport, "cut", error_details().reached_server(reached).retryable(true));
}

std::exception_ptr trouble_with_the_files() { return make_exception(errc::file_changed, "x"); }

errc kind_of_outcome(const commit_resolver& resolver) {
    try {
        std::rethrow_exception(resolver.failure());
    } catch (const error& failure) {
        return failure.kind();
    }
}

commit_resolver make_resolver(const std::string& parent = "", std::chrono::milliseconds patience = 5min) {
    return commit_resolver(upload_id, parent, retry_policy(), patience);
}

commit_resolver make_follower(const std::string& base) {
    return commit_resolver(upload_id, base, retry_policy(), 5min, std::nullopt);
}

commit_resolver make_comparer(const std::string& base) {
    return commit_resolver(upload_id, base, retry_policy(), 5min, on_conflict::rebase_if_disjoint);
}

/// Through a pause.
void expect_wait(commit_resolver& resolver) {
    REQUIRE(resolver.next().what() == action::wait);
    resolver.waited();
}

void expect_send(const commit_resolver& resolver, const std::string& parent) {
    REQUIRE(resolver.next().what() == action::send);
    CHECK(resolver.next().parent() == parent);
}

void expect_failure(const commit_resolver& resolver, errc kind) {
    REQUIRE(resolver.next().what() == action::finish);
    REQUIRE(resolver.failure());
    CHECK(kind_of_outcome(resolver) == kind);
}

void expect_success(const commit_resolver& resolver, const std::string& oid) {
    REQUIRE(resolver.next().what() == action::finish);
    CHECK_FALSE(resolver.failure());
    CHECK(resolver.oid() == oid);
}

}  // namespace

TEST_CASE("an applied commit is done") {
    commit_resolver resolver = make_resolver();
    expect_send(resolver, "");
    resolver.applied(oid_of(1));
    expect_success(resolver, oid_of(1));
}

TEST_CASE("a lost answer is looked up, and the commit found") {
    for (const std::exception_ptr& lost :
         {broken(), answer(500), answer(502), answer(503), answer(504), answer(408), answer(524)}) {
        commit_resolver resolver = make_resolver();
        resolver.failed(lost, true, start, 7);
        expect_wait(resolver);
        REQUIRE(resolver.next().what() == action::probe);
        resolver.probed(history({oid_of(3), oid_of(2), oid_of(1)}, oid_of(2)), start, 7);
        expect_success(resolver, oid_of(2));
    }
}

TEST_CASE("a commit that is not found is sent again on top of the head just read") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(3), oid_of(2)}), start, 7);
    expect_send(resolver, oid_of(3));
    resolver.failed(answer(412), true, start, 7);  // the first attempt came late
    expect_wait(resolver);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(4), oid_of(3)}, oid_of(4)), start, 7);
    expect_success(resolver, oid_of(4));
}

TEST_CASE("a refusal is final at once when nothing is unknown") {
    for (const int status : {400, 401, 403, 404, 413, 422, 302}) {
        commit_resolver resolver = make_resolver();
        const std::exception_ptr refusal = answer(status);
        resolver.failed(refusal, true, start, 7);
        REQUIRE(resolver.next().what() == action::finish);
        CHECK(resolver.failure() == refusal);
    }
}

TEST_CASE("a refusal after a lost answer is final once the branch was looked at") {
    for (const bool applied : {false, true}) {
        commit_resolver resolver = make_resolver();
        resolver.failed(answer(503), true, start, 7);
        expect_wait(resolver);
        resolver.probed(history({oid_of(1)}), start, 7);
        resolver.failed(answer(403), true, start, 7);
        REQUIRE(resolver.next().what() == action::probe);
        if (applied) {
            resolver.probed(history({oid_of(2), oid_of(1)}, oid_of(2)), start, 7);
            expect_success(resolver, oid_of(2));
        } else {
            resolver.probed(history({oid_of(1)}), start, 7);
            expect_failure(resolver, errc::forbidden);
        }
    }
}

TEST_CASE("a body that did not leave as a whole is sent again as it was, without a look") {
    commit_resolver resolver = make_resolver();
    for (int attempt = 1; attempt < 6; ++attempt) {
        resolver.failed(broken(), false, start, 7);
        expect_wait(resolver);
        expect_send(resolver, "");
    }
    resolver.failed(broken(), false, start, 7);
    expect_failure(resolver, errc::transport);
}

TEST_CASE("what never reached the server was repeated below and is final here, unless an attempt is unknown") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(false), true, start, 7);
    expect_failure(resolver, errc::transport);

    commit_resolver unknown = make_resolver();
    unknown.failed(broken(), true, start, 7);
    expect_wait(unknown);
    unknown.probe_failed(broken(false), start, 7);
    expect_wait(unknown);
    CHECK(unknown.next().what() == action::probe);
}

TEST_CASE("an attempt that does not reach the server says nothing about one whose answer was lost") {
    commit_resolver resolver = make_resolver();
    resolver.failed(answer(504), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(1)}), start, 7);
    for (const bool complete : {true, false}) {
        expect_send(resolver, oid_of(1));
        resolver.failed(broken(false), complete, start, 7);
        expect_wait(resolver);
        REQUIRE(resolver.next().what() == action::probe);
        resolver.probed(history({oid_of(1)}), start, 7);
    }
    resolver.failed(broken(false), true, start + 6min, 7);  // out of patience
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(1)}), start + 6min, 7);
    expect_failure(resolver, errc::outcome_unknown);
}

TEST_CASE("only the Hub can refuse: what a proxy answers, and trouble with the files, leaves a lost commit unknown") {
    const auto by_a_proxy = [](int status) {
        return make_exception(errc::proxy_failed, "x", error_details().status(status).reached_server(false));
    };
    for (const std::exception_ptr& trouble : {by_a_proxy(407), by_a_proxy(412), trouble_with_the_files()}) {
        for (const bool made : {false, true}) {
            commit_resolver resolver = make_resolver();
            resolver.failed(answer(504), true, start, 7);
            expect_wait(resolver);
            resolver.probed(history({oid_of(1)}), start, 7);
            resolver.failed(trouble, false, start, 7);
            REQUIRE(resolver.next().what() == action::probe);
            resolver.probe_failed(broken(false), start, 7);  // there is patience for another look
            expect_wait(resolver);
            REQUIRE(resolver.next().what() == action::probe);
            resolver.probed(history({oid_of(2), oid_of(1)}, made ? oid_of(2) : ""), start, 7);
            if (made) {
                expect_success(resolver, oid_of(2));
            } else {
                expect_failure(resolver, errc::outcome_unknown);
            }
        }
    }
}

TEST_CASE("trouble with the files is final") {
    commit_resolver resolver = make_resolver();
    resolver.failed(trouble_with_the_files(), false, start, 7);
    expect_failure(resolver, errc::file_changed);
}

TEST_CASE("a busy branch and a rate limit are waited out and the same is sent again") {
    for (const int status : {409, 429}) {
        for (const std::string& parent : {std::string(), oid_of(5)}) {
            commit_resolver resolver = make_resolver(parent);
            for (int attempt = 1; attempt < 6; ++attempt) {
                expect_send(resolver, parent);
                resolver.failed(answer(status, 2s), true, start, 7);
                REQUIRE(resolver.next().what() == action::wait);
                CHECK(resolver.next().delay() >= 2s);
                resolver.waited();
            }
            resolver.failed(answer(status), true, start, 7);
            expect_failure(resolver, status == 409 ? errc::conflict : errc::rate_limited);
        }
    }
}

TEST_CASE("a race that an attempt without a parent has lost is run again, as often as the policy allows") {
    commit_resolver resolver = make_resolver();
    for (int attempt = 1; attempt < 6; ++attempt) {
        expect_send(resolver, "");
        resolver.failed(answer(412), true, start, 7);
        expect_wait(resolver);
    }
    resolver.failed(answer(412), true, start, 7);
    expect_failure(resolver, errc::conflict);
}

TEST_CASE("a rate limit of more than five minutes is told to the caller") {
    commit_resolver resolver = make_resolver();
    resolver.failed(answer(429, 301s), true, start, 7);
    expect_failure(resolver, errc::rate_limited);
}

TEST_CASE("a stranger's commits are followed for eight rounds") {
    commit_resolver resolver = make_follower(oid_of(1));
    for (int round = 1; round <= commit_resolver::most_rounds; ++round) {
        resolver.failed(answer(412), true, start, 7);
        expect_wait(resolver);
        REQUIRE(resolver.next().what() == action::probe);
        resolver.probed(history({oid_of(round + 1), oid_of(round)}), start, 7);
        expect_send(resolver, oid_of(round + 1));
    }
    resolver.failed(answer(412), true, start, 7);
    expect_failure(resolver, errc::conflict);
}

TEST_CASE("losing every round after a lost answer leaves the outcome unknown") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(1)}), start, 7);
    for (int round = 1; round <= commit_resolver::most_rounds; ++round) {
        resolver.failed(answer(412), true, start, 7);
        expect_wait(resolver);
        resolver.probed(history({oid_of(round + 1), oid_of(round)}), start, 7);
    }
    resolver.failed(answer(412), true, start, 7);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(99), oid_of(98)}), start, 7);
    expect_failure(resolver, errc::outcome_unknown);
}

TEST_CASE("a parent that the caller gave is never replaced") {
    commit_resolver resolver = make_resolver(oid_of(5));
    expect_send(resolver, oid_of(5));
    resolver.failed(answer(412), true, start, 7);
    expect_failure(resolver, errc::conflict);

    commit_resolver lost = make_resolver(oid_of(5));
    lost.failed(broken(), true, start, 7);
    expect_wait(lost);
    lost.probed(history({oid_of(5)}), start, 7);
    expect_send(lost, oid_of(5));
    lost.failed(answer(412), true, start, 7);
    REQUIRE(lost.next().what() == action::probe);
    SECTION("our first attempt moved the head") {
        lost.probed(history({oid_of(6), oid_of(5)}, oid_of(6)), start, 7);
        expect_success(lost, oid_of(6));
    }
    SECTION("somebody else did") {
        lost.probed(history({oid_of(6), oid_of(5)}), start, 7);
        expect_failure(lost, errc::conflict);
    }
    SECTION("the listing is a stale copy, and shows our commit later") {
        lost.probed(history({oid_of(5), oid_of(4)}), start, 7);
        expect_wait(lost);
        REQUIRE(lost.next().what() == action::probe);
        lost.probed(history({oid_of(4)}), start, 7);
        expect_wait(lost);
        lost.probed(history({oid_of(6), oid_of(5)}, oid_of(6)), start, 7);
        expect_success(lost, oid_of(6));
    }
}

TEST_CASE("a base that nobody insists on is replaced by the head") {
    commit_resolver resolver = make_follower(oid_of(5));
    expect_send(resolver, oid_of(5));
    resolver.failed(answer(412), true, start, 7);
    expect_wait(resolver);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(7), oid_of(6), oid_of(5)}), start, 7);
    expect_send(resolver, oid_of(7));
}

TEST_CASE("an attempt that is unknown is repeated on the same parent as long as nobody else has moved the branch") {
    for (commit_resolver resolver : {make_follower(oid_of(5)), make_comparer(oid_of(5)), make_resolver(oid_of(5))}) {
        resolver.failed(broken(), true, start, 7);
        expect_wait(resolver);
        resolver.probed(history({oid_of(5)}), start, 7);
        expect_send(resolver, oid_of(5));
    }
}

TEST_CASE("a listing that lags behind costs a round, one of a rewritten history none") {
    commit_resolver resolver = make_follower(oid_of(5));
    resolver.failed(answer(412), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(5), oid_of(4)}), start, 7);  // refused a moment ago
    expect_wait(resolver);
    resolver.probed(history({oid_of(9)}), start, 7);  // one commit, that of a squash
    expect_send(resolver, oid_of(9));
}

TEST_CASE("the paths are compared before the commit goes on top of a new head, always with the base") {
    const std::string base(40, 'a');
    commit_resolver resolver = make_comparer(base.substr(0, 7));
    for (const int head : {6, 7}) {
        resolver.failed(answer(412), true, start, 7);
        expect_wait(resolver);
        resolver.probed(history({oid_of(head), base}), start, 7);
        REQUIRE(resolver.next().what() == action::compare);
        CHECK(resolver.next().parent() == base);  // whole
        CHECK(resolver.next().head() == oid_of(head));
        resolver.compared(nullptr);
        expect_send(resolver, oid_of(head));
    }
    resolver.failed(answer(412), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(8), oid_of(7), base}), start, 7);
    const std::exception_ptr overlap = std::make_exception_ptr(branch_moved("x", base, oid_of(8)));
    resolver.compared(overlap);
    REQUIRE(resolver.next().what() == action::finish);
    CHECK(resolver.failure() == overlap);
}

TEST_CASE("an overlap after a lost answer is told only when the history shows that ours is not in it") {
    commit_resolver resolver = make_comparer(oid_of(5));
    resolver.failed(broken(), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(6), oid_of(5)}), start, 7);
    REQUIRE(resolver.next().what() == action::compare);
    resolver.compared(std::make_exception_ptr(branch_moved("x", oid_of(5), oid_of(6))));
    REQUIRE(resolver.next().what() == action::probe);
    SECTION("it is not") {
        resolver.probed(history({oid_of(6), oid_of(5)}), start, 7);
        expect_failure(resolver, errc::conflict);
    }
    SECTION("the listing is too old to tell") {
        resolver.probed(history({oid_of(5), oid_of(4)}), start, 7);
        expect_wait(resolver);
        CHECK(resolver.next().what() == action::probe);
    }
}

TEST_CASE("a comparison that fails in passing is repeated, another failure is final") {
    commit_resolver resolver = make_comparer(oid_of(5));
    resolver.failed(answer(412), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(6), oid_of(5)}), start, 7);
    resolver.compare_failed(broken(), start, 7);
    expect_wait(resolver);
    REQUIRE(resolver.next().what() == action::compare);
    CHECK(resolver.next().head() == oid_of(6));
    resolver.compare_failed(answer(403), start, 7);
    expect_failure(resolver, errc::forbidden);
}

TEST_CASE("after an empty listing nothing is sent again") {
    commit_resolver resolver(upload_id, "", retry_policy(), 1min, std::nullopt,
                             commit_wording("the thing may be there", "the list of things"));
    steady_time now = start;
    resolver.failed(broken(), true, now, 7);
    int looks = 0;
    while (resolver.next().what() != action::finish) {
        REQUIRE(resolver.next().what() != action::send);
        now += resolver.next().delay();
        if (resolver.next().what() == action::wait) {
            resolver.waited();
        } else {
            ++looks;
            resolver.probed({}, now, 7);
        }
    }
    CHECK(looks > 3);
    CHECK(now <= start + 1min);
    expect_failure(resolver, errc::outcome_unknown);
    CHECK(describe(resolver.failure()).find("the thing may be there") != std::string::npos);
    CHECK(describe(resolver.failure()).find("in the list of things before") != std::string::npos);
}

TEST_CASE("a stale listing is not trusted with a new guard") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(1)}), start, 7);
    resolver.failed(answer(412), true, start, 7);
    expect_wait(resolver);
    resolver.probed(history({oid_of(1)}), start, 7);  // refused a moment ago: this is not the head
    expect_wait(resolver);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(2), oid_of(1)}, oid_of(2)), start, 7);
    expect_success(resolver, oid_of(2));
}

TEST_CASE("an outage after a lost answer is waited out as long as there is patience") {
    commit_resolver resolver = make_resolver("", 2h);
    steady_time now = start;
    resolver.failed(answer(504), true, now, 7);
    int probes = 0;
    while (now < start + 110min) {
        REQUIRE(resolver.next().what() == action::wait);
        CHECK(resolver.next().delay() <= 30s);
        now += resolver.next().delay();
        resolver.waited();
        REQUIRE(resolver.next().what() == action::probe);
        ++probes;
        resolver.probe_failed(probes % 2 == 0 ? broken(false) : answer(503), now, static_cast<std::uint64_t>(probes));
    }
    CHECK(probes < 1000);
    expect_wait(resolver);
    resolver.probed(history({oid_of(2)}, oid_of(2)), now, 7);
    expect_success(resolver, oid_of(2));
}

TEST_CASE("when patience ends the outcome is unknown, and the error says what to look for") {
    commit_resolver resolver = make_resolver("", 10s);
    resolver.failed(answer(504), true, start, 7);
    expect_wait(resolver);
    resolver.probe_failed(broken(false), start + 10s, 7);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probe_failed(broken(false), start + 10s, 7);
    expect_failure(resolver, errc::outcome_unknown);
    try {
        std::rethrow_exception(resolver.failure());
    } catch (const error& failure) {
        CHECK(failure.hint().find(commit_marker(upload_id)) != std::string::npos);
    }
}

TEST_CASE("a probe that is refused leaves the outcome unknown") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(), true, start, 7);
    expect_wait(resolver);
    resolver.probe_failed(answer(403), start, 7);
    expect_failure(resolver, errc::outcome_unknown);
}

TEST_CASE("cancelling before the request has left is a plain cancellation") {
    commit_resolver resolver = make_resolver();
    resolver.cancelled(false);
    expect_failure(resolver, errc::cancelled);
}

TEST_CASE("cancelling after the request has left gives the real outcome or outcome_unknown") {
    for (const int found : {0, 1, 2}) {
        commit_resolver resolver = make_resolver();
        resolver.cancelled(true);
        REQUIRE(resolver.next().what() == action::probe);
        if (found == 2) {
            resolver.probe_failed(broken(), start, 7);
        } else {
            resolver.probed(history({oid_of(1)}, found == 1 ? oid_of(1) : ""), start, 7);
        }
        if (found == 1) {
            expect_success(resolver, oid_of(1));
        } else {
            expect_failure(resolver, errc::outcome_unknown);
        }
    }
}

TEST_CASE("cancelling while a lost commit is looked for ends with one more look") {
    commit_resolver resolver = make_resolver();
    resolver.failed(broken(), true, start, 7);
    REQUIRE(resolver.next().what() == action::wait);
    resolver.cancelled(false);
    REQUIRE(resolver.next().what() == action::probe);
    resolver.probed(history({oid_of(1)}), start, 7);
    expect_failure(resolver, errc::outcome_unknown);
}

TEST_CASE("an exception of another kind is unknown once the request has left, and kept when it has not") {
    const std::exception_ptr foreign = std::make_exception_ptr(std::bad_alloc());
    commit_resolver before = make_resolver();
    before.failed(foreign, false, start, 7);
    REQUIRE(before.next().what() == action::finish);
    CHECK(before.failure() == foreign);
    commit_resolver after = make_resolver();
    after.failed(foreign, true, start, 7);
    expect_wait(after);
    CHECK(after.next().what() == action::probe);
}

namespace {

/// A Hub with one branch, and everything that can go wrong on the way to it. Requests are carried out in the order of
/// their arrival; one whose answer is lost may be carried out later, but before the next one (the branch has a lock).
class simulated_hub {
public:
    /// `strangers`: how likely somebody else commits before each request, in percent. `very_late`: a late request may
    /// also be carried out after any number of others.
    simulated_hub(std::uint64_t seed, unsigned strangers, bool very_late)
        : engine_(seed), strangers_(strangers), very_late_(very_late) {
        branch_.push_back(commit_entry(oid_of(0), "initial", ""));
    }

    /// Sends a commit; nothing when it was applied and told so, with its id in `oid`.
    std::exception_ptr commit(const std::string& parent, std::string& oid, bool& complete) {
        if (!very_late_ || engine_() % 4 == 0) carry_out_pending();
        stranger_may_commit();
        complete = true;
        const bool first = attempts_++ == 0;  // when nothing is unknown yet, what ends an attempt early is just final
        switch (engine_() % 20) {
            case 0:
                complete = false;
                return broken();
            case 1:
                return broken();  // lost before it arrived
            case 2:
                return pending(parent), broken();  // late
            case 3:
                return pending(parent), answer(504);  // late, and told so
            case 4:
                return answer(409);
            case 5:
                return answer(429, std::chrono::seconds(engine_() % 5));
            case 6:
                return answer(503);
            case 7:
                return apply(parent), broken();  // applied, answer cut
            case 8:
                return apply(parent), answer(500);
            case 9:
                if (first) break;
                complete = engine_() % 2 == 0;
                return broken(false);  // no way to the server
            case 10:
                if (first) break;
                complete = false;
                return trouble_with_the_files();
            default:
                break;
        }
        if (!apply(parent)) return answer(412);
        oid = branch_.front().oid();
        return nullptr;
    }

    /// Lists commits; nothing on success.
    std::exception_ptr list(std::vector<commit_entry>& out) {
        if (engine_() % 3 == 0) carry_out_pending();
        stranger_may_commit();
        switch (engine_() % 8) {
            case 0:
                return broken(engine_() % 2 == 0);
            case 1:
                return answer(503);
            case 2:
                out = stale_;
                return nullptr;
            default:
                break;
        }
        out = stale_ = branch_;
        return nullptr;
    }

    void carry_out_pending() {
        for (const std::string& parent : std::exchange(pending_, {})) apply(parent);
    }

    int ours() const {
        return static_cast<int>(std::count_if(branch_.begin(), branch_.end(), [](const commit_entry& each) {
            return each.text().find(upload_id) != std::string::npos;
        }));
    }
    std::string our_oid() const {
        for (const commit_entry& each : branch_) {
            if (each.text().find(upload_id) != std::string::npos) return each.oid();
        }
        return "";
    }

private:
    void pending(const std::string& parent) { pending_.push_back(parent); }
    bool apply(const std::string& parent) {
        if (!parent.empty() && branch_.front().oid() != parent) return false;
        add("\n" + commit_marker(upload_id));
        return true;
    }
    void stranger_may_commit() {
        if (engine_() % 100 < strangers_) add("somebody else");
    }
    void add(const std::string& text) { branch_.insert(branch_.begin(), commit_entry(oid_of(++number_), "t", text)); }

    std::size_t attempts_ = 0;
    std::mt19937_64 engine_;
    unsigned strangers_;
    bool very_late_;
    std::vector<commit_entry> branch_;
    std::vector<commit_entry> stale_{commit_entry(oid_of(0), "initial", "")};
    std::vector<std::string> pending_;
    int number_ = 0;
};

/// Runs one commit to its end. `stop_at`: the step before which the caller cancels, or a large number. `very_late`:
/// requests may be carried out at any time, which only a commit that always has a parent can stand.
void run_simulation(std::uint64_t seed, const std::string& parent, int stop_at, std::map<std::string, int>& seen,
                    unsigned strangers = 20, std::optional<on_conflict> when_moved = on_conflict::fail,
                    bool very_late = false) {
    INFO("seed " << seed << ", parent '" << parent << "', cancelled before step " << stop_at);
    simulated_hub hub(seed, strangers, very_late);
    std::mt19937_64 random(seed * 31 + 7);
    commit_resolver resolver(upload_id, parent, retry_policy(), 10min, when_moved);
    steady_time now = start;
    bool stopped = false;
    for (int step = 0; resolver.next().what() != action::finish; ++step) {
        REQUIRE(step < 2000);
        if (!stopped && step >= stop_at && resolver.next().what() != action::send) {
            stopped = true;
            resolver.cancelled(false);
            continue;
        }
        std::vector<commit_entry> commits;
        std::string oid;
        bool complete = true;
        std::exception_ptr failure;
        switch (resolver.next().what()) {
            case action::send:
                failure = hub.commit(resolver.next().parent(), oid, complete);
                now += 1s;
                failure ? resolver.failed(failure, complete, now, random()) : resolver.applied(oid);
                break;
            case action::probe:
                failure = hub.list(commits);
                failure ? resolver.probe_failed(failure, now, random()) : resolver.probed(commits, now, random());
                break;
            case action::compare:
                if (random() % 5 == 0) {
                    resolver.compare_failed(broken(), now, random());
                } else {
                    resolver.compared(random() % 8 == 0 ? answer(412) : nullptr);
                }
                break;
            default:
                now += resolver.next().delay();
                resolver.waited();
                break;
        }
    }
    CHECK(now < start + 20min);
    hub.carry_out_pending();
    CHECK(hub.ours() <= 1);
    if (!resolver.failure()) {
        CHECK(hub.ours() == 1);
        CHECK(resolver.oid() == hub.our_oid());
        ++seen["applied"];
    } else if (kind_of_outcome(resolver) == errc::outcome_unknown) {
        ++seen["unknown"];
    } else {
        CHECK(hub.ours() == 0);
        ++seen[kind_of_outcome(resolver) == errc::cancelled ? "cancelled" : "failed"];
    }
}

}  // namespace

TEST_CASE("whatever gets lost, there is exactly one commit, or the outcome is known to be unknown") {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed) run_simulation(seed, "", 1'000'000, seen);
    CAPTURE(seen["applied"], seen["unknown"], seen["failed"]);
    CHECK(seen["applied"] > 19'000);
}

TEST_CASE("on a branch that others keep moving, the outcome told is true") {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 10'000; ++seed) run_simulation(seed, "", 1'000'000, seen, 90);
    CHECK(seen["applied"] > 1'000);
    CHECK(seen["unknown"] > 100);
    CHECK(seen["failed"] > 0);
}

TEST_CASE("with a parent of the caller's, the commit stands on it or the conflict is told") {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 5'000; ++seed) run_simulation(seed, oid_of(0), 1'000'000, seen);
    CHECK(seen["applied"] > 1'000);
    CHECK(seen["failed"] > 1'000);
}

TEST_CASE("a commit that always has a parent is made at most once, however late its requests are carried out") {
    for (const std::optional<on_conflict> when_moved : {std::optional<on_conflict>(), std::optional(on_conflict::fail),
                                                        std::optional(on_conflict::rebase_if_disjoint)}) {
        std::map<std::string, int> seen;
        for (std::uint64_t seed = 1; seed <= 10'000; ++seed)
            run_simulation(seed, oid_of(0), 1'000'000, seen, 20, when_moved, true);
        CAPTURE(seen["applied"], seen["unknown"], seen["failed"]);
        CHECK(seen["applied"] > (when_moved == on_conflict::fail ? 2'000 : 8'000));
        CHECK((seen["failed"] > 100 || !when_moved));
    }
}

TEST_CASE("cancelled at any step, the outcome told is true") {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
        for (int step = 1; step <= 8; ++step) run_simulation(seed, "", step, seen);
    }
    CHECK(seen["unknown"] > 100);
    CHECK(seen["cancelled"] > 10);
}
