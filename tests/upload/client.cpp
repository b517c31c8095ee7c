#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

void write_checkpoint(simulation& world) {
    world.files->write("/run/config.json", "{\"a\":1}");
    world.files->write("/run/model.safetensors", std::string(100'000, 'w'));
    world.files->write("/run/notes/today.txt", "hello\n");
}

}  // namespace

TEST_CASE("a folder becomes one commit: small files inside it, large ones in the store") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run", message("step 100")));

    CHECK_FALSE(info.nothing_to_do);
    CHECK(info.oid == world.hub->commits.back().oid);
    CHECK(info.url == std::string(model_hub::endpoint) + "/acme/x/commit/" + info.oid);
    CHECK(info.files_committed == 3);
    CHECK(info.bytes_sent == 100'000);
    CHECK(world.hub->summaries() == std::vector<std::string>{"step 100"});
    CHECK(world.hub->commits.back().lines ==
          std::vector<std::string>{"+config.json", "+model.safetensors", "+notes/today.txt"});
    CHECK(world.hub->files.at("config.json") == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");  // hub-http-api.md §14.5
    CHECK(world.hub->files.at("notes/today.txt") == "ce013625030ba8dba906f756967f9e9ca394464a");
    CHECK(world.hub->objects.begin()->second == std::string(100'000, 'w'));
    CHECK(world.hub->requests.size() == 5);  // preupload, batch, PUT, verify, commit
}

TEST_CASE("an unchanged folder is a success of its own kind, without a commit") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const commit_info first = world.run(hub.upload_folder("acme/x", "/run"));
    const commit_info second = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(second.nothing_to_do);
    CHECK(second.oid == first.oid);
    CHECK(second.url == first.url);
    CHECK(second.files_unchanged == 3);
    CHECK(second.bytes_sent == 0);
    CHECK(world.hub->commits.size() == 2);
}

TEST_CASE("only what changed is pushed") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    world.files->write("/run/config.json", "{\"a\":2}");
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 1);
    CHECK(info.files_unchanged == 2);
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+config.json"});
    CHECK(world.hub->count("PUT", "/o/") == 1);
}

TEST_CASE("allow, ignore and path_in_repo choose files and places") {
    simulation world;
    write_checkpoint(world);
    world.files->write("/run/.git/config", "x");
    world.files->write("/run/junk.tmp", "x");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run", ignore("*.tmp", "notes/*"), path_in_repo("weights/")));
    CHECK(world.hub->commits.back().lines ==
          std::vector<std::string>{"+weights/config.json", "+weights/model.safetensors"});
    world.run(hub.upload_folder("acme/x", "/run", allow("*.txt")));
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"+notes/today.txt"});
    CHECK(world.run(hub.upload_folder("acme/x", "/run", allow())).nothing_to_do);
}

TEST_CASE("what the repository's .gitignore excludes is left out") {
    simulation world;
    world.files->write("/run/a.ignored", "x");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.nothing_to_do);
    CHECK(info.files_ignored == 1);
}

TEST_CASE("links are followed, also out of the folder; what is no file is skipped and reported") {
    simulation world;
    world.files->write("/elsewhere/blob", "{\"a\":1}");
    world.files->make_link("/run/config.json", "/elsewhere/blob");
    world.files->make_other("/run/socket");
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->files.at("config.json") == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");
    CHECK(info.files_skipped == 1);
    const std::vector<std::string> log = world.seams.log->lines();
    REQUIRE(log.size() == 2);
    CHECK(log[0].find("/run/socket") != std::string::npos);
    CHECK(log[1].find("1 links in /run lead out of it") != std::string::npos);
}

TEST_CASE("content in memory and single files are pushed in one commit") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    world.run(hub.upload_file("acme/x", content(std::string("{\"a\":1}")), "config.json"));
    CHECK(world.hub->commits.back().summary == "Upload config.json with hubpush");
    world.run(hub.upload_file("acme/x", "/run/model.safetensors", "model.safetensors", message("weights")));
    CHECK(world.hub->summaries() == std::vector<std::string>{"Upload config.json with hubpush", "weights"});
}

TEST_CASE("a commit keeps the order of its operations and re-adds what it deletes") {
    simulation world;
    const client hub = world.client();
    world.run(hub.create_commit("acme/x", add("a.txt", content(std::string("1"))),
                                add("b.txt", content(std::string("2"))), message("first")));
    const commit_info info = world.run(
        hub.create_commit("acme/x", hubpush::remove("b.txt"), add("b.txt", content(std::string("2"))),
                          add("c.txt", content(std::string("3"))), hubpush::remove("old/"), message("second")));
    CHECK(info.files_committed == 2);
    CHECK(world.hub->commits.back().lines == std::vector<std::string>{"-b.txt", "+b.txt", "+c.txt", "-old/"});
    CHECK(world.run(hub.create_commit("acme/x", add("a.txt", content(std::string("1"))), message("third")))
              .nothing_to_do);
}

TEST_CASE("the same content twice is sent once") {
    simulation world;
    world.files->write("/run/a.bin", std::string(70'000, 'x'));
    world.files->write("/run/b.bin", std::string(70'000, 'x'));
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 2);
    CHECK(world.hub->count("PUT", "/o/") == 1);
}

TEST_CASE("an empty file travels inside the commit whatever the Hub says") {
    simulation world;
    world.files->write("/run/empty.bin", "");
    const client hub = world.client();
    world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(world.hub->files.at("empty.bin") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    CHECK(world.hub->count("POST", "batch") == 0);
}

TEST_CASE("a thousand files: questions of at most 256, one commit") {
    simulation world;
    for (int i = 0; i < 1000; ++i) world.files->write("/run/" + std::to_string(i) + ".json", std::to_string(i));
    const client hub = world.client();
    const commit_info info = world.run(hub.upload_folder("acme/x", "/run"));
    CHECK(info.files_committed == 1000);
    CHECK(world.hub->count("POST", "/preupload/") == 4);
    CHECK(world.hub->requests.size() == 5);
    CHECK(world.hub->commits.size() == 2);
}

TEST_CASE("bad input is refused before the first request") {
    simulation world;
    write_checkpoint(world);
    const client hub = world.client();
    const content some(std::string("x"));
    const auto refused = [&](auto make) {
        try {
            world.run(make());
        } catch (const invalid_argument&) {
            return world.hub->requests.empty();
        }
        return false;
    };
    CHECK(refused([&] { return hub.upload_file("a/b/c", some, "x"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "../x"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "a\\b"); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "x", revision("a b")); }));
    CHECK(refused([&] { return hub.upload_file("acme/x", some, "x", message("")); }));
    CHECK(refused([&] { return hub.create_commit("acme/x", add("x", some)); }));  // no message
    CHECK(refused([&] { return hub.create_commit("acme/x", add("x", some), add("x", some), message("m")); }));
    CHECK(refused([&] { return hub.create_commit("acme/x", hubpush::remove("a/../b"), message("m")); }));
    CHECK(world.error_of(hub.upload_folder("acme/x", "/nowhere")) == errc::file_not_found);
    CHECK(world.error_of(hub.upload_file("acme/x", "/run", "x")) == errc::file_unreadable);
    CHECK(world.hub->requests.empty());
}

TEST_CASE("a token over plain http to another machine needs to be allowed by name") {
    simulation world;
    asio::io_context context;
    const auto make = [&](auto... more) {
        return client(context.get_executor(), endpoint("http://hub.example"), token(std::string(canary)),
                      use_connector(world.hub), more...);
    };
    CHECK_THROWS_AS(make(), error);
    CHECK_NOTHROW(make(allow_plain_http()));
}

TEST_CASE("progress is monotonic, at most ten times a second, and ends with everything done") {
    simulation world;
    write_checkpoint(world);
    std::vector<std::string> phases;
    std::vector<steady_time> times;
    progress_view last;
    progress bar([&](const progress_view& now) {
        if (phases.empty() || phases.back() != now.phase) {
            phases.emplace_back(now.phase);
        } else {
            CHECK(now.bytes_done >= last.bytes_done);
        }
        CHECK(now.bytes_done <= now.bytes_total);
        times.push_back(world.seams.clock->now());
        last = now;
    });
    const client hub = world.client();
    const steady_time begin = world.seams.clock->now();
    world.run(hub.upload_folder("acme/x", "/run", bar));
    CHECK(last.phase == "committing");
    CHECK(last.phase_began.front() == begin);
    CHECK(last.phase_began.back() > steady_time());
    CHECK(std::is_sorted(last.phase_began.begin(), last.phase_began.end()));
    CHECK(last.percent() == 100.0);
    CHECK(last.files_total == 3);
    for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] - times[i - 1] >= std::chrono::milliseconds(100));
}

TEST_CASE("an exception of a progress callback ends the push and is what the caller sees") {
    simulation world;
    write_checkpoint(world);
    progress bar([](const progress_view&) { throw std::runtime_error("mine"); });
    const client hub = world.client();
    CHECK_THROWS_WITH(world.run(hub.upload_folder("acme/x", "/run", bar)), "mine");
    CHECK(world.hub->commits.size() == 1);
}
