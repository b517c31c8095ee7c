#include "catch.hpp"
#include "simulation.hpp"

#include <array>
#include <iomanip>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

// Every way in which the answer to a request that must not be carried out twice can get lost, and what the push makes
// of it (spec/reliability.md §3.4, §3.9 S01 to S03; spec/acceptance.md T10).

using namespace hubpush;
using namespace hubpush_test;

namespace {

using ending = model_loss::ending;
using effect = model_loss::effect;

/// How a push reaches its commit, and which of its requests is lost.
enum class way { plain, with_parent, rebasing, pull_request, opening, pull_request_by_commit };

constexpr std::array<way, 6> all_ways{way::plain,        way::with_parent, way::rebasing,
                                      way::pull_request, way::opening,     way::pull_request_by_commit};

const char* name_of(way how) {
    switch (how) {
        case way::plain:
            return "commit";
        case way::with_parent:
            return "commit, parent_commit";
        case way::rebasing:
            return "commit, rebase_if_disjoint";
        case way::pull_request:
            return "pull request: commit to its ref";
        case way::opening:
            return "pull request: POST discussions";
        case way::pull_request_by_commit:
            return "pull request by the commit route";
    }
    return "";
}

const char* name_of(effect done) {
    switch (done) {
        case effect::applied:
            return "applied";
        case effect::not_applied:
            return "not applied";
        case effect::after_first_look:
            return "after the first look";
        case effect::after_repetition:
            return "after the repetition";
    }
    return "";
}

bool is_lost_request(way how, const std::string& method, const std::string& target) {
    if (method != "POST") return false;
    return how == way::opening ? target.ends_with("/discussions") : target.find("/commit/") != std::string::npos;
}

task<commit_info> push(const client& hub, way how, std::size_t bytes) {
    content text(std::string(bytes, 'x'));
    switch (how) {
        case way::plain:
            return hub.upload_file("acme/x", text, "ours.txt", message("ours"));
        case way::with_parent:
            return hub.upload_file("acme/x", text, "ours.txt", message("ours"), parent_commit(std::string(40, '0')));
        case way::rebasing:
            return hub.upload_file("acme/x", text, "ours.txt", message("ours"), on_conflict::rebase_if_disjoint);
        default:
            return hub.upload_file("acme/x", text, "ours.txt", message("ours"), create_pr());
    }
}

enum class verdict { exactly_one, unknown, refused, wrong };

/// One push whose request is lost once.
class lost_push {
public:
    lost_push(way how, model_loss loss, bool stranger, std::size_t bytes) : how_(how) {
        world_.hub->has_discussions = how != way::pull_request_by_commit;
        world_.hub->loss = [this, loss, done = false](const std::string& method, const std::string& target) mutable {
            if (!is_lost_request(how_, method, target)) return std::optional<model_loss>();
            ++attempts_;
            return !std::exchange(done, true) ? std::optional<model_loss>(loss) : std::nullopt;
        };
        if (stranger) {
            world_.hub->after_loss = [this](const model_request&) {
                world_.hub->stranger_commits(how_ == way::pull_request ? "refs/pr/1" : "main", "theirs.txt", "x");
            };
        }
        const client hub = world_.client();
        std::exception_ptr failure;
        commit_info info;
        try {
            info = world_.run(push(hub, how_, bytes));
        } catch (...) {
            failure = std::current_exception();
        }
        text_ = describe(failure);
        world_.hub->carry_out_late();
        verdict_ = judge(failure, info);
    }

    verdict result() const noexcept { return verdict_; }
    const std::string& text() const noexcept { return text_; }

    /// How often the request was sent again.
    std::size_t repetitions() const noexcept { return attempts_ - 1; }
    /// The length of the lost request's answer.
    std::size_t reply_bytes() const {
        for (const model_request& request : world_.hub->requests) {
            if (is_lost_request(how_, request.method, request.target)) return request.reply_bytes;
        }
        return 0;
    }
    std::size_t body_bytes() const {
        for (const model_request& request : world_.hub->requests) {
            if (is_lost_request(how_, request.method, request.target)) return request.body.size();
        }
        return 0;
    }

private:
    verdict judge(const std::exception_ptr& failure, const commit_info& info) const {
        const std::size_t made = world_.hub->commits_named("ours");
        const std::size_t opened = world_.hub->discussions.size();
        if (made > 1 || opened > 1) return verdict::wrong;
        if (!failure) return made == 1 && told_right(info) ? verdict::exactly_one : verdict::wrong;
        try {
            std::rethrow_exception(failure);
        } catch (const outcome_unknown&) {
            return how_ == way::opening && made != 0 ? verdict::wrong : verdict::unknown;
        } catch (const branch_moved& moved) {
            const bool both = !moved.expected_head().empty() && !moved.actual_head().empty();
            return made == 0 && both && how_ == way::with_parent ? verdict::refused : verdict::wrong;
        } catch (...) {
            return verdict::wrong;
        }
    }

    bool told_right(const commit_info& info) const {
        const bool asked = how_ != way::plain && how_ != way::with_parent && how_ != way::rebasing;
        if (!asked) return info.pr_num == 0 && has_ours(world_.hub->commits, info.oid);
        return info.pr_revision == "refs/pr/1" && has_ours(world_.hub->pull_requests.at("refs/pr/1"), info.oid);
    }
    static bool has_ours(const std::vector<model_commit>& history, const std::string& oid) {
        return std::any_of(history.begin(), history.end(),
                           [&](const model_commit& each) { return each.oid == oid && each.summary == "ours"; });
    }

    way how_;
    std::size_t attempts_ = 0;
    simulation world_;
    std::string text_;
    verdict verdict_ = verdict::wrong;
};

struct tally {
    std::size_t cases = 0;
    std::size_t exactly_one = 0;
    std::size_t unknown = 0;
    std::size_t refused = 0;
    std::size_t repetitions = 0;

    void add(const lost_push& done) {
        ++cases;
        exactly_one += done.result() == verdict::exactly_one ? 1 : 0;
        unknown += done.result() == verdict::unknown ? 1 : 0;
        refused += done.result() == verdict::refused ? 1 : 0;
        repetitions += done.repetitions();
    }
    void add(const tally& other) {
        cases += other.cases;
        exactly_one += other.exactly_one;
        unknown += other.unknown;
        refused += other.refused;
        repetitions += other.repetitions;
    }
    void print(const std::string& name) const {
        std::cout << std::left << std::setw(78) << name << std::right << std::setw(7) << cases << std::setw(12)
                  << exactly_one << std::setw(9) << unknown << std::setw(9) << refused << std::setw(10) << repetitions
                  << '\n';
    }
};

void print_head() {
    std::cout << '\n'
              << std::left << std::setw(78) << "lost answers" << std::right << std::setw(7) << "cases" << std::setw(12)
              << "exactly one" << std::setw(9) << "unknown" << std::setw(9) << "refused" << std::setw(10) << "repeated"
              << '\n';
}

/// Runs one case and counts it, or fails with what it was.
void run_case(way how, const model_loss& loss, bool stranger, std::size_t bytes, tally& row) {
    const lost_push done(how, loss, stranger, bytes);
    if (done.result() == verdict::wrong) {
        FAIL(name_of(how) << ", " << name_of(loss.done) << ", ending " << static_cast<int>(loss.end) << " after "
                          << (loss.body_bytes ? *loss.body_bytes : loss.reply_bytes) << " bytes of the "
                          << (loss.body_bytes ? "body" : "reply") << (stranger ? ", a stranger in between: " : ": ")
                          << done.text());
    }
    row.add(done);
}

std::string row_name(way how, const std::string& what, bool stranger) {
    return std::string(name_of(how)) + "; " + what + (stranger ? "; a stranger in between" : "");
}

constexpr std::array<ending, 3> all_endings{ending::fin, ending::reset, ending::silence};
constexpr std::array<effect, 4> all_effects{effect::applied, effect::not_applied, effect::after_first_look,
                                            effect::after_repetition};

model_loss make_loss(ending end, effect done) {
    model_loss loss;
    loss.end = end;
    loss.done = done;
    return loss;
}

tally every_byte_of_the_reply(way how, effect done, bool stranger) {
    tally row;
    const std::size_t length = lost_push(how, make_loss(ending::fin, done), false, 10).reply_bytes();
    REQUIRE(length > 50);
    for (const ending end : all_endings) {
        for (std::size_t bytes = 0; bytes <= length; ++bytes) {
            model_loss loss = make_loss(end, done);
            loss.reply_bytes = bytes;
            run_case(how, loss, stranger, 10, row);
        }
    }
    return row;
}

tally twenty_places_of_the_body(way how, bool stranger) {
    // The client reads one block ahead of what it writes: a body of three blocks can break off so early that the client
    // knows that it did, which matters where nothing else allows to send it again.
    const std::size_t content_bytes = how == way::pull_request_by_commit ? 1'600'000 : 100'000;
    tally row;
    const std::size_t length =
        lost_push(how, make_loss(ending::fin, effect::applied), false, content_bytes).body_bytes();
    for (const ending end : all_endings) {
        for (std::size_t place = 0; place < 20; ++place) {
            model_loss loss = make_loss(end, effect::not_applied);
            loss.body_bytes = place * (length - 1) / 19;
            run_case(how, loss, stranger, content_bytes, row);
        }
    }
    return row;
}

}  // namespace

TEST_CASE("T10: whatever part of an answer gets lost, there is exactly one commit, or the outcome is told unknown") {
    print_head();
    tally all;
    for (const way how : all_ways) {
        for (const effect done : all_effects) {
            for (const bool stranger : {false, true}) {
                const tally row = every_byte_of_the_reply(how, done, stranger);
                row.print(row_name(how, name_of(done), stranger));
                all.add(row);
                // What can be repeated on a parent is never left unknown, and what cannot is never repeated.
                const bool unrepeatable = how == way::opening || how == way::pull_request_by_commit;
                if (unrepeatable) CHECK(row.repetitions == 0);
                if (!unrepeatable) CHECK(row.unknown == 0);
                if (done == effect::applied || done == effect::after_first_look) CHECK(row.unknown == 0);
                if (done == effect::applied) CHECK(row.exactly_one == row.cases);
            }
        }
    }
    all.print("all");
    CHECK(all.cases > 18'000);
}

TEST_CASE("wherever a request breaks off, there is exactly one commit, or the outcome is told unknown") {
    print_head();
    tally all;
    for (const way how : all_ways) {
        for (const bool stranger : {false, true}) {
            const tally row = twenty_places_of_the_body(how, stranger);
            row.print(row_name(how, "20 places of the body", stranger));
            all.add(row);
            // A pull request is opened again only when its request cannot have arrived as a whole.
            if (how == way::opening) CHECK(row.repetitions == 0);
            if (how == way::pull_request_by_commit) CHECK((row.repetitions == row.exactly_one && row.unknown > 0));
            if (how == way::pull_request_by_commit) CHECK(row.exactly_one > 10);
        }
    }
    all.print("all");
    CHECK(all.cases == 720);
}
