#include <hubpush/upload/async_calls.hpp>

#include "catch.hpp"
#include "simulation.hpp"
#include "tracker_executor.hpp"

#include <asio/use_future.hpp>

#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

upload_content text(const char* bytes) { return content(std::string(bytes)); }

template <class Result>
struct completion {
    std::exception_ptr failure;
    std::optional<Result> result;

    /// What is called at the end.
    auto handler() {
        return [this](std::exception_ptr end, Result value) {
            failure = end;
            result = std::move(value);
        };
    }
};

}  // namespace

TEST_CASE("every call takes a plain handler behind its options") {
    simulation world;
    world.files->write("/run/config.json", "{}");
    const client hub = world.client();
    completion<commit_info> folder;
    completion<commit_info> file;
    completion<commit_info> commit;
    completion<created_repository> created;
    completion<hub_user> user;
    hub.async_upload_folder("acme/x", "/run", message("folder"), ignore("*.tmp"), folder.handler());
    run_virtual(world.context, *world.seams.clock);
    hub.async_upload_file("acme/x", text("1"), "a.txt", message("file"), file.handler());
    run_virtual(world.context, *world.seams.clock);
    hub.async_create_commit("acme/x", add("b.txt", text("2")), message("commit"), hubpush::remove("a.txt"),
                            commit.handler());
    run_virtual(world.context, *world.seams.clock);
    CHECK(world.hub->summaries() == std::vector<std::string>{"folder", "file", "commit"});
    CHECK(folder.result.value().oid == world.hub->commits.at(1).oid);
    CHECK(file.result.value().files_committed == 1);
    CHECK(commit.result.value().oid == world.hub->commits.at(3).oid);

    hub.async_create_repo("acme/x", exist_ok(), created.handler());
    hub.async_whoami(user.handler());
    run_virtual(world.context, *world.seams.clock);
    CHECK(world.hub->count("POST", "/api/repos/create") == 1);
    CHECK(world.hub->count("GET", "/api/whoami-v2") == 1);
    CHECK(created.result);  // the handlers were called, whatever the model answers
    CHECK(user.result);
}

TEST_CASE("futures, tuples and awaitables work as tokens; only an awaitable waits to be awaited") {
    simulation world;
    const client hub = world.client();
    std::future<commit_info> future = hub.async_upload_file("acme/x", text("1"), "a.txt", asio::use_future);
    task<commit_info> lazy = hub.async_upload_file("acme/x", text("2"), "b.txt", asio::use_awaitable);
    run_virtual(world.context, *world.seams.clock);
    CHECK(future.get().files_committed == 1);
    CHECK(world.hub->commits.size() == 2);
    CHECK(world.run(std::move(lazy)).files_committed == 1);
    CHECK(world.hub->commits.size() == 3);

    const auto quietly = [](const client& with) -> task<bool> {
        auto [failure, info] =
            co_await with.async_upload_file("no slash allowed here", text("3"), "c.txt", as_tuple(asio::use_awaitable));
        auto [none, pushed] = co_await with.async_upload_file("acme/x", text("3"), "c.txt", message("quiet"),
                                                              as_tuple(asio::use_awaitable));
        co_return failure && !none && pushed.files_committed == 1;
    };
    CHECK(world.run(quietly(hub)));
    CHECK(world.hub->summaries().back() == "quiet");
}

TEST_CASE("wrong arguments arrive through the token, before the first request") {
    simulation world;
    const client hub = world.client();
    completion<commit_info> end;
    hub.async_upload_file("acme/x", text("1"), "../outside", end.handler());
    CHECK_FALSE(end.failure);
    run_virtual(world.context, *world.seams.clock);
    REQUIRE(end.failure);
    CHECK_THROWS_AS(std::rethrow_exception(end.failure), invalid_argument);
    CHECK(world.hub->requests.empty());
}

TEST_CASE("a handler runs on its associated executor, never inside of the initiating call") {
    simulation world;
    const client hub = world.client();
    tracker_executor tracker(world.context.get_executor());
    bool inside = true;
    bool called = false;
    asio::post(hub.get_executor(), [&] {
        hub.async_upload_file("acme/x", text("1"), "a.txt",
                              asio::bind_executor(tracker, [&](std::exception_ptr failure, const commit_info&) {
                                  CHECK_FALSE(failure);
                                  CHECK_FALSE(inside);
                                  CHECK(tracker.running());
                                  called = true;
                              }));
        inside = false;
    });
    run_virtual(world.context, *world.seams.clock);
    CHECK(called);
}

TEST_CASE("a bound cancellation slot cancels the call; afterwards it is empty") {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        simulation world;
        const client hub = world.client();
        asio::cancellation_signal signal;
        completion<commit_info> end;
        hub.async_upload_file("acme/x", text("1"), "a.txt", asio::bind_cancellation_slot(signal.slot(), end.handler()));
        for (int i = 0; i < 5; ++i) world.context.poll_one();
        asio::post(hub.get_executor(), [&] { signal.emit(type); });
        run_virtual(world.context, *world.seams.clock);
        REQUIRE(end.failure);
        CHECK_THROWS_AS(std::rethrow_exception(end.failure), cancelled);
        CHECK(world.hub->commits.size() == 1);
        CHECK_FALSE(signal.slot().has_handler());
    }
}

TEST_CASE("a call outlives the handle it was made with") {
    simulation world;
    completion<commit_info> end;
    world.client().async_upload_file("acme/x", text("1"), "a.txt", end.handler());
    run_virtual(world.context, *world.seams.clock);
    CHECK(end.result.value().files_committed == 1);
}

TEST_CASE("a pipeline runs with any token too") {
    simulation world;
    world.files->write("/run/config.json", "{}");
    const client hub = world.client();
    const auto push = scan("/run") | classify() | transfer() | hubpush::commit("pipeline");
    completion<commit_info> end;
    push.async_run(hub, "acme/x", end.handler());
    run_virtual(world.context, *world.seams.clock);
    CHECK(end.result.value().files_committed == 1);
    CHECK(world.run(push.async_run(hub, "acme/x")).nothing_to_do);
    completion<commit_info> wrong;
    push.async_run(hub, "no such/thing/as this", wrong.handler());
    run_virtual(world.context, *world.seams.clock);
    REQUIRE(wrong.failure);
    CHECK_THROWS_AS(std::rethrow_exception(wrong.failure), invalid_argument);
}
