#include <hubpush/upload/commit.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

const std::string base(40, '0');  // the model's first commit

task<commit_info> push_one(const client& hub, std::string path, parent_commit parent) {
    return hub.upload_file("acme/x", content("text"), path, message("ours"), parent);
}

/// The failure of a push whose branch has moved.
template <class Work>
branch_moved moved_in(simulation& world, Work work) {
    std::optional<branch_moved> failure;
    try {
        world.run(std::move(work));
    } catch (const branch_moved& thrown) {
        failure = thrown;
    }
    REQUIRE(failure);
    CHECK(failure->kind() == errc::conflict);
    return *failure;
}

/// Somebody commits `path` when the first commit request arrives, before it is looked at.
void disturb_first_commit(simulation& world, const std::string& path) {
    world.hub->fault = [&world, path, done = false](const std::string& method, const std::string& target) mutable {
        if (method == "POST" && target.find("/commit/") != std::string::npos && !std::exchange(done, true))
            world.hub->stranger_commits("main", path, "theirs");
        return model_fault::none;
    };
}

std::vector<std::string> targets(const simulation& world, std::size_t from = 0) {
    std::vector<std::string> result;
    for (std::size_t i = from; i < world.hub->requests.size(); ++i)
        result.push_back(world.hub->requests[i].method + " " + world.hub->requests[i].target);
    return result;
}

const std::string api = "/api/models/acme/x/";

bool is_commit(const model_request& request) {
    return request.method == "POST" && request.target.find("/commit/") != std::string::npos;
}

std::string answer(const std::string& status, const std::string& fields, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\n" + fields +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("a push with a parent stands on it") {
    for (const std::string& parent : {base, base.substr(0, 7), base.substr(0, 5)}) {
        simulation world;
        const client hub = world.client();
        const commit_info info = world.run(push_one(hub, "a.txt", parent_commit(parent)));
        CHECK(info.oid == world.hub->commits.back().oid);
        CHECK(world.hub->requests.back().body.find("\"parentCommit\":\"" + parent + "\"") != std::string::npos);
    }
}

TEST_CASE("a parent that is no commit id is refused before the first request") {
    simulation world;
    const client hub = world.client();
    for (const char* parent : {"", "0000", "main", "00000000000000000000000000000000000000000"}) {
        CHECK_THROWS_AS(world.run(push_one(hub, "a.txt", parent_commit(parent))), invalid_argument);
    }
    CHECK_THROWS_AS(commit("x", parent_commit("main")), invalid_argument);
    CHECK(world.hub->requests.empty());
}

TEST_CASE("a branch that has moved away from the caller's parent is told with both heads") {
    simulation world;
    world.hub->stranger_commits("main", "theirs.txt", "1");
    const client hub = world.client();
    const branch_moved failure = moved_in(world, push_one(hub, "a.txt", parent_commit("0000000")));
    CHECK(failure.expected_head() == "0000000");
    CHECK(failure.actual_head() == world.hub->commits.back().oid);
    CHECK(std::string(failure.what()).find(failure.actual_head()) != std::string::npos);
    CHECK(failure.status() == 412);
    CHECK(world.hub->count("POST", "/commit/") == 1);
    CHECK(world.hub->commits_named("ours") == 0);
}

TEST_CASE("a moved branch whose head cannot be read is told without it") {
    simulation world;
    world.hub->stranger_commits("main", "theirs.txt", "1");
    world.hub->fault = [](const std::string& method, const std::string&) {
        return method == "GET" ? model_fault::status_503 : model_fault::none;
    };
    const client hub = world.client();
    const branch_moved failure = moved_in(world, push_one(hub, "a.txt", parent_commit(base)));
    CHECK(failure.actual_head().empty());
    CHECK(world.seams.clock->elapsed() < std::chrono::seconds(15));
}

TEST_CASE("without an option a push follows the branch, whatever has changed") {
    simulation world;
    disturb_first_commit(world, "a.txt");
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content("text"), "a.txt", message("ours")));
    CHECK(world.hub->summaries() == std::vector<std::string>{"somebody else", "ours"});
}

TEST_CASE("the first attempt stands on the head that the Hub named when it was asked about the files") {
    simulation world;
    world.hub->stranger_commits("main", "theirs.txt", "1");
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content("text"), "a.txt"));
    CHECK(world.hub->requests.size() == 2);
    CHECK(world.hub->requests.back().body.find("\"parentCommit\":\"" + world.hub->commits[1].oid) != std::string::npos);
}

TEST_CASE("fail: any commit since the Hub was asked is a conflict") {
    simulation world;
    disturb_first_commit(world, "elsewhere.txt");
    const client hub = world.client();
    const branch_moved failure =
        moved_in(world, hub.upload_file("acme/x", content("text"), "a.txt", message("ours"), on_conflict::fail));
    CHECK(failure.expected_head() == base);
    CHECK(failure.actual_head() == world.hub->commits.back().oid);
    CHECK(world.hub->commits_named("ours") == 0);
    CHECK(world.hub->count("POST", "/commit/") == 1);
}

TEST_CASE("rebase_if_disjoint: others' files do not matter, ours do") {
    for (const bool same : {false, true}) {
        simulation world;
        disturb_first_commit(world, same ? "b.txt" : "elsewhere.txt");
        const client hub = world.client();
        auto push = hub.create_commit("acme/x", add("a.txt", content("1")), add("b.txt", content("2")), message("ours"),
                                      on_conflict::rebase_if_disjoint);
        if (same) {
            const branch_moved failure = moved_in(world, std::move(push));
            CHECK(failure.file() == "b.txt");
            CHECK(std::string(failure.what()).find("'b.txt'") != std::string::npos);
            CHECK(failure.expected_head() == base);
            CHECK(failure.actual_head() == world.hub->commits.back().oid);
            CHECK(world.hub->commits_named("ours") == 0);
        } else {
            world.run(std::move(push));
            CHECK(world.hub->summaries() == std::vector<std::string>{"somebody else", "ours"});
            CHECK(world.hub->count("POST", "/paths-info/") == 2);
        }
    }
}

TEST_CASE("rebase_if_disjoint with a parent: the caller's base is what paths are compared with") {
    simulation world;
    world.hub->stranger_commits("main", "theirs.txt", "1");
    const client hub = world.client();
    auto push = [&](const std::string& path) {
        return hub.upload_file("acme/x", content("text"), path, message("ours"), parent_commit(base.substr(0, 8)),
                               on_conflict::rebase_if_disjoint);
    };
    world.run(push("a.txt"));
    CHECK(world.hub->summaries() == std::vector<std::string>{"somebody else", "ours"});
    CHECK(moved_in(world, push("theirs.txt")).file() == "theirs.txt");
}

TEST_CASE("rebase_if_disjoint: a folder to be removed is compared with everything in it") {
    for (const bool same : {false, true}) {
        simulation world;
        world.hub->stranger_commits("main", "old/1.txt", "1");
        disturb_first_commit(world, same ? "old/2.txt" : "older/2.txt");
        const client hub = world.client();
        auto push =
            hub.create_commit("acme/x", hubpush::remove("old/"), message("ours"), on_conflict::rebase_if_disjoint);
        if (same) {
            CHECK(moved_in(world, std::move(push)).file() == "old/");
        } else {
            world.run(std::move(push));
            CHECK_FALSE(world.hub->files.contains("old/1.txt"));
            CHECK(world.hub->files.contains("older/2.txt"));
        }
    }
}

TEST_CASE("rebase_if_disjoint: a file that was left out as unchanged is one of the push's paths") {
    for (const bool same : {false, true}) {
        simulation world;
        const client hub = world.client();
        world.run(
            hub.create_commit("acme/x", add("a.txt", content("1")), add("b.txt", content("2")), message("before")));
        disturb_first_commit(world, same ? "a.txt" : "elsewhere.txt");
        auto push = hub.create_commit("acme/x", add("a.txt", content("1")), add("b.txt", content("3")), message("ours"),
                                      on_conflict::rebase_if_disjoint);
        if (same) {
            CHECK(moved_in(world, std::move(push)).file() == "a.txt");
            CHECK(world.hub->commits_named("ours") == 0);
        } else {
            CHECK(world.run(std::move(push)).files_unchanged == 1);
            CHECK(world.hub->commits_named("ours") == 1);
        }
    }
}

TEST_CASE("a commit that is sent again after an object was lost is found as the same commit") {
    simulation world;
    world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
    const client hub = world.client();
    std::size_t attempts = 0;
    model_request first;
    // The first attempt ends in a 504 and stays at work until the third one comes.
    world.hub->instead = [&](const model_request& request) -> std::optional<std::string> {
        if (!is_commit(request)) return std::nullopt;
        ++attempts;
        if (attempts == 1) first = request;
        if (attempts == 1) return answer("504 Gateway Timeout", "", "{}");
        if (attempts == 2) world.hub->objects.clear();
        if (attempts == 2) return answer("400 Bad Request", "", R"({"error":"LFS pointer pointed to no file"})");
        if (attempts > 3) return std::nullopt;
        ++attempts;
        std::string late = first.head + "\r\n\r\n" + first.body;
        REQUIRE(world.hub->serve(model_hub::endpoint, late));
        return std::nullopt;
    };
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run", message("ours")));
    CHECK(attempts == 5);
    CHECK(world.hub->summaries() == std::vector<std::string>{"ours"});
    CHECK(info.oid == world.hub->commits.back().oid);
}

TEST_CASE("a description that leaves no room for the line of hubpush's own is refused before the first request") {
    simulation world;
    const client hub = world.client();
    const std::string longest(64 * 1024 - 53, 'd');
    const auto push = [&](const std::string& text) {
        return hub.upload_file("acme/x", content("x"), "a.txt", description(text));
    };
    CHECK_THROWS_AS(world.run(push(longest + "d")), invalid_argument);
    CHECK(world.hub->requests.empty());
    world.run(push(longest));
    CHECK(world.hub->commits.back().description.size() == 64 * 1024);
}

TEST_CASE("a branch that never stands still is given up after eight rounds, with either policy that follows it") {
    for (const bool compares : {false, true}) {
        simulation world;
        world.hub->fault = [&world, n = 0](const std::string& method, const std::string& target) mutable {
            if (method == "POST" && target.find("/commit/") != std::string::npos)
                world.hub->stranger_commits("main", "theirs.txt", std::to_string(++n));
            return model_fault::none;
        };
        const client hub = world.client();
        auto follow = [&] { return hub.upload_file("acme/x", content("x"), "a.txt"); };
        auto compare = [&] {
            return hub.upload_file("acme/x", content("x"), "a.txt", on_conflict::rebase_if_disjoint);
        };
        const branch_moved failure = moved_in(world, compares ? compare() : follow());
        CHECK(world.hub->count("POST", "/commit/") == 9);
        CHECK(failure.actual_head() == world.hub->commits.back().oid);
    }
}

TEST_CASE("a history that was rewritten behind the push's back is followed all the same") {
    simulation world;
    world.hub->fault = [&world, done = false](const std::string& method, const std::string& target) mutable {
        if (method == "POST" && target.find("/commit/") != std::string::npos && !std::exchange(done, true))
            world.hub->commits = {{std::string(40, '9'), "squashed", "", {}, {}}};
        return model_fault::none;
    };
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content("x"), "a.txt", message("ours")));
    CHECK(world.hub->summaries() == std::vector<std::string>{"ours"});
    CHECK(world.seams.clock->elapsed() < std::chrono::seconds(5));
}

TEST_CASE("create_pr opens a pull request by the discussions route, after the content, and commits to its branch") {
    simulation world;
    world.files->write("/run/config.json", "{\"a\":1}");
    world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
    const client hub = world.client();
    const commit_info info =
        world.run(hub.upload_folder("acme/x", "/run", message("Add run"), description("details"), create_pr()));
    CHECK(info.pr_num == 1);
    CHECK(info.pr_revision == "refs/pr/1");
    CHECK(info.pr_url == std::string(model_hub::endpoint) + "/acme/x/discussions/1");
    CHECK(info.oid == world.hub->pull_requests.at("refs/pr/1").back().oid);
    CHECK(world.hub->commits.size() == 1);
    CHECK(world.hub->discussions.front().title == "Add run");
    CHECK(world.hub->discussions.front().text.starts_with("details\n\nhubpush-upload-id: "));
    CHECK(world.hub->discussions.front().status == "open");
    const std::vector<std::string> sent = targets(world);
    REQUIRE(sent.size() == 8);
    CHECK(sent[0] == "POST " + api + "preupload/main?create_pr=1");
    CHECK(sent[1] == "POST /acme/x.git/info/lfs/objects/batch");
    CHECK(world.hub->requests[1].body.find("\"ref\"") == std::string::npos);
    CHECK(sent[2].starts_with("PUT "));
    CHECK(sent[3] == "POST /api/verify");
    CHECK(std::vector<std::string>(sent.begin() + 4, sent.end()) ==
          std::vector<std::string>{"POST " + api + "discussions", "GET " + api + "commits/refs%2Fpr%2F1?limit=1",
                                   "POST " + api + "commit/refs%2Fpr%2F1", "POST " + api + "discussions/1/status"});
    CHECK(world.hub->requests[6].body.find("\"parentCommit\":\"" + base) != std::string::npos);
}

TEST_CASE("a server without discussions gets the commit route") {
    simulation world;
    world.hub->has_discussions = false;
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr()));
    CHECK(info.pr_num == 1);
    CHECK(info.pr_revision == "refs/pr/1");
    CHECK(info.pr_url == std::string(model_hub::endpoint) + "/acme/x/discussions/1");
    CHECK(info.oid == world.hub->pull_requests.at("refs/pr/1").back().oid);
    CHECK(world.hub->commits.size() == 1);
    CHECK(targets(world, 1) ==
          std::vector<std::string>{"POST " + api + "discussions", "POST " + api + "commit/main?create_pr=1"});
    CHECK(world.hub->requests.back().body.find("parentCommit") == std::string::npos);
}

TEST_CASE("the commit route loses a race for a pull request and tries again") {
    simulation world;
    world.hub->has_discussions = false;
    world.hub->instead = [done = false](const model_request& request) mutable -> std::optional<std::string> {
        if (!is_commit(request) || std::exchange(done, true)) return std::nullopt;
        return answer("412 Precondition Failed", "", R"({"error":"The branch was updated"})");
    };
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr()));
    CHECK(info.pr_num == 1);
    CHECK(world.hub->commits_named("ours") == 1);
    CHECK(world.seams.clock->elapsed() < std::chrono::seconds(5));
}

TEST_CASE("a pull request that begins at a parent, or is for another branch, is opened by the commit route") {
    simulation world;
    world.hub->stranger_commits("main", "theirs.txt", "1");
    const client hub = world.client();
    const commit_info info = world.run(
        hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr(), parent_commit("0000000")));
    CHECK(info.pr_num == 1);
    CHECK(world.hub->pull_requests.at("refs/pr/1").size() == 2);  // the first commit and ours
    CHECK(world.hub->count("POST", "/discussions") == 0);

    const commit_info onto = world.run(
        hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr(), revision("refs/pr/1")));
    CHECK(onto.nothing_to_do);
    world.run(hub.upload_file("acme/x", content("y"), "a.txt", message("ours"), create_pr(), revision("refs/pr/1")));
    CHECK(targets(world).back() == "POST " + api + "commit/refs%2Fpr%2F1?create_pr=1");
}

TEST_CASE("a pull request that begins elsewhere than where the files were compared is not opened") {
    simulation world;
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content("x"), "same.txt"));
    auto push = hub.create_commit("acme/x", add("same.txt", content("x")), add("new.txt", content("y")),
                                  message("ours"), create_pr(), parent_commit(base));
    const branch_moved failure = moved_in(world, std::move(push));
    CHECK(failure.expected_head() == base);
    CHECK(failure.actual_head() == world.hub->commits.back().oid);
    CHECK(world.hub->discussions.empty());
}

TEST_CASE("nothing to commit opens no pull request") {
    simulation world;
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content("x"), "a.txt"));
    const commit_info info = world.run(hub.upload_file("acme/x", content("x"), "a.txt", create_pr()));
    CHECK(info.nothing_to_do);
    CHECK(info.pr_num == 0);
    CHECK(info.pr_revision.empty());
    CHECK(world.hub->discussions.empty());
}

TEST_CASE("titles are brought to what the Hub takes") {
    for (const std::string& title :
         {std::string("v1"), std::string("\xe6\x97\xa5"), std::string(300, 'x'), std::string("  a\nb")}) {
        simulation world;
        const client hub = world.client();
        world.run(hub.upload_file("acme/x", content("x"), "a.txt", message(title), create_pr()));
        CHECK(world.hub->discussions.size() == 1);
        CHECK(world.hub->pull_requests.at("refs/pr/1").back().summary == title);
    }
}

TEST_CASE("a pull request that cannot be set to open stays a draft, which is a line in the log and no failure") {
    simulation world;
    world.hub->fault = [](const std::string&, const std::string& target) {
        return target.ends_with("/status") ? model_fault::forbid : model_fault::none;
    };
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_file("acme/x", content("x"), "a.txt", create_pr()));
    CHECK(info.pr_num == 1);
    CHECK(world.hub->discussions.front().status == "draft");
    CHECK(world.seams.log->warnings() == 1);
    CHECK(world.seams.log->lines().back().find("stays a draft") != std::string::npos);
}

TEST_CASE("a commit that fails on an opened pull request says which one is left behind") {
    simulation world;
    world.hub->fault = [](const std::string&, const std::string& target) {
        return target.find("/commit/") != std::string::npos ? model_fault::forbid : model_fault::none;
    };
    const client hub = world.client();
    CHECK(world.error_of(hub.upload_file("acme/x", content("x"), "a.txt", create_pr())) == errc::forbidden);
    CHECK(world.seams.log->lines().back().find("revision(\"refs/pr/1\")") != std::string::npos);
}

TEST_CASE("an outage after a pull request was opened is waited out: it gets its commit, and no second one is opened") {
    simulation world;
    std::optional<steady_time> opened;
    world.hub->fault = [&](const std::string& method, const std::string&) {
        if (!opened && !world.hub->discussions.empty()) opened = world.seams.clock->now();
        const bool away = opened && world.seams.clock->now() - *opened < std::chrono::hours(1);
        if (!away) return model_fault::none;
        return method == "CONNECT" ? model_fault::refuse_connection : model_fault::reset_before;
    };
    const client hub = world.client(commit_patience(std::chrono::hours(6)));
    const commit_info info = world.run(hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr()));
    CHECK(info.pr_num == 1);
    CHECK(world.hub->discussions.size() == 1);
    CHECK(world.hub->commits_named("ours") == 1);
    CHECK(world.seams.clock->elapsed() < std::chrono::minutes(75));
}

TEST_CASE("the commit of an open pull request waits as long as the Hub asks, or says that this is too long") {
    for (const int seconds : {100, 3600}) {
        simulation world;
        std::vector<steady_time> attempts;
        world.hub->instead = [&](const model_request& request) -> std::optional<std::string> {
            if (!is_commit(request)) return std::nullopt;
            attempts.push_back(world.seams.clock->now());
            return answer("429 Too Many Requests", "Retry-After: " + std::to_string(seconds) + "\r\n", "{}");
        };
        const client hub = world.client(commit_patience(std::chrono::minutes(15)));
        INFO(seconds);
        CHECK(world.error_of(hub.upload_file("acme/x", content("x"), "a.txt", create_pr())) == errc::rate_limited);
        CHECK(world.last_error.find("revision(\"refs/pr/1\")") != std::string::npos);
        for (std::size_t i = 1; i < attempts.size(); ++i)
            CHECK(attempts[i] - attempts[i - 1] >= std::chrono::seconds(seconds));
        CHECK((seconds == 100 ? attempts.size() > 3 : attempts.size() == 1));
        CHECK(world.seams.clock->elapsed() < std::chrono::minutes(21));
    }
}

TEST_CASE("an object that the Hub has forgotten does not open a second pull request") {
    for (const bool discussions : {true, false}) {
        simulation world;
        world.files->write("/run/model.safetensors", std::string(70'000, 'w'));
        world.hub->has_discussions = discussions;
        world.hub->forgets_objects_once = true;
        const client hub = world.client();
        const commit_info info = world.run(hub.upload_folder("acme/x", "/run", message("ours"), create_pr()));
        CHECK(info.pr_num == 1);
        CHECK(world.hub->discussions.size() == 1);
        CHECK(world.hub->commits_named("ours") == 1);
        CHECK(world.hub->count("PUT", "/o/") == 2);
    }
}

TEST_CASE("pipelines take the same: where it goes when they run, what it stands on in their commit") {
    simulation world;
    world.files->write("/run/a.txt", "1");
    const client hub = world.client();
    auto push = scan("/run") | classify() | transfer() | commit("ours", parent_commit(base), on_conflict::fail);
    world.run(push(hub, "acme/x"));
    world.hub->stranger_commits("main", "theirs.txt", "1");
    world.files->write("/run/a.txt", "2");
    CHECK(moved_in(world, push(hub, "acme/x")).expected_head() == base);
    auto request = scan("/run") | classify() | transfer() | commit("ours", description("text"));
    CHECK(world.run(request(hub, "acme/x", create_pr())).pr_num == 1);
}

TEST_CASE("a push as a pull request, cancelled after any number of handlers, tells the truth") {
    std::size_t cancelled_pushes = 0;
    for (int steps = 0;; ++steps) {
        simulation world;
        const client hub = world.client();
        asio::cancellation_signal signal;
        std::exception_ptr outcome;
        bool ended = false;
        initiate(world.context.get_executor(),
                 hub.upload_file("acme/x", content("x"), "a.txt", message("ours"), create_pr()),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure, const commit_info&) {
                     outcome = failure;
                     ended = true;
                 }));
        for (int i = 0; i < steps; ++i) world.context.poll_one();
        if (ended) break;
        asio::post(hub.get_executor(), [&] { signal.emit(asio::cancellation_type::terminal); });
        run_virtual(world.context, *world.seams.clock);
        REQUIRE(ended);
        INFO("cancelled after " << steps << " handlers: " << describe(outcome));
        CHECK(world.hub->discussions.size() <= 1);
        if (!outcome) {
            CHECK(world.hub->commits_named("ours") == 1);
            continue;
        }
        ++cancelled_pushes;
        try {
            std::rethrow_exception(translate(outcome));
        } catch (const cancelled& failure) {
            CHECK(world.hub->commits_named("ours") == 0);
            const bool told = std::string(failure.what()).find("pull request 1") != std::string::npos ||
                              world.seams.log->warnings() > 0;
            CHECK(told == (world.hub->discussions.size() == 1));
        } catch (const outcome_unknown&) {
            CHECK(world.hub->count("POST", "/commit/") <= 1);
        }
    }
    CHECK(cancelled_pushes > 10);
}
