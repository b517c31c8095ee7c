#include <hubpush/queue/background.hpp>

#include "catch.hpp"
#include "shell.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

constexpr const char* canary = "hf_canaryToken0123456789";

local_hub_options options_of(const temporary_folder& folder) {
    local_hub_options options(folder.path() / "hub");
    options.token(hub_token("tester", secret(canary), token_role::write));
    return options;
}

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

/// Clones by path with every large file, no server involved, and gives the working copy.
std::filesystem::path clone_by_path(const local_hub_thread& hub, const temporary_folder& folder,
                                    const std::string& id) {
    const std::filesystem::path copy = folder.path() / "clone";
    const std::string settings =
        "-c filter.lfs.smudge='git-lfs smudge -- %f' -c filter.lfs.process='git-lfs filter-process' "
        "-c filter.lfs.required=true -c safe.directory='*'";
    shell("GIT_CONFIG_GLOBAL=/dev/null git " + settings + " clone -q " + quoted(hub.repository_path(id)) + " " +
          quoted(copy) + " 2>&1");
    return copy;
}

/// Titles of the commits after the first one, oldest first.
std::vector<std::string> titles(const local_hub_thread& hub, const std::string& id) {
    std::vector<std::string> lines = shell_lines("git -c safe.directory='*' -C " + quoted(hub.repository_path(id)) +
                                                 " log --reverse --format=%s main");
    lines.erase(lines.begin());
    return lines;
}

void check_repository(const local_hub_thread& hub, const std::string& id) {
    CHECK(shell("git -c safe.directory='*' -C " + quoted(hub.repository_path(id)) + " fsck --strict --full 2>&1")
              .empty());
}

}  // namespace

TEST_CASE("twenty pushes behind a loop while one request in five fails: twenty commits, in order, each once") {
    const temporary_folder folder;
    local_hub_thread hub(options_of(folder));
    const auto log = std::make_shared<capturing_log>();
    std::vector<std::string> expected;
    {
        background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(log),
                          retry_policy(attempts(6), backoff(5ms, 50ms)));
        pusher.create_repo("acme/x").get();
        const std::string any = "*/acme/x*";
        hub.faults().add(fault_rule("", any, fault::answer_instead(fault_answer(503))).with_probability(0.05, 1));
        hub.faults().add(fault_rule("", any, fault::reset_after(10)).with_probability(0.05, 2));
        hub.faults().add(fault_rule("", any, fault::answer_instead(fault_answer(429).header("Retry-After", "0")))
                             .with_probability(0.05, 3));
        hub.faults().add(
            fault_rule("POST", "/commit/", fault::apply_then_answer(fault_answer(504))).with_probability(0.2, 4));
        hub.faults().add(
            fault_rule("PUT", "*", fault::reset_after(50'000)).on(hub_listener::storage).with_probability(0.2, 5));
        for (int step = 1; step <= 20; ++step) {
            const std::string name = "step " + std::to_string(step);
            const auto run = folder.path() / ("run" + std::to_string(step));
            folder.write(run / "config.json", "{\"step\":" + std::to_string(step) + "}");
            folder.write(run / "model.safetensors", name + std::string(200'000, 'w'));
            pusher.upload_folder("acme/x", run, message(name));
            expected.push_back(name);
        }
        const drain_result outcome = pusher.drain();
        for (const job_outcome& job : outcome.outcomes) {
            INFO(job.name() << ": " << describe(job.failure()));
            CHECK(job);
        }
        CHECK(outcome.done == 21);  // with the repository's creation
    }
    hub.faults().clear();
    CHECK(titles(hub, "acme/x") == expected);
    check_repository(hub, "acme/x");
    const auto copy = clone_by_path(hub, folder, "acme/x");
    CHECK(shell("cat " + quoted(copy / "config.json")) == "{\"step\":20}");
    CHECK(shell("cat " + quoted(copy / "model.safetensors")) == "step 20" + std::string(200'000, 'w'));
    std::size_t faulty = 0;
    for (const request_record& request : hub.ledger().snapshot()) {
        CHECK(request.authorization == (request.listener == hub_listener::hub));
        CHECK(request.target.find(canary) == std::string::npos);
        for (const auto& [name, value] : request.headers) CHECK(value.find(canary) == std::string::npos);
        faulty += request.fault.empty() ? 0 : 1;
    }
    CHECK(faulty > 15);
    for (const std::string& line : log->lines()) CHECK(line.find(canary) == std::string::npos);
    CHECK_THROWS(shell("grep -r " + std::string(canary) + " " + quoted(folder.path())));  // written to no file
}

TEST_CASE("links are followed and what is no file is skipped, on the real file system") {
    const temporary_folder folder;
    local_hub_thread hub(options_of(folder));
    const auto log = std::make_shared<capturing_log>();
    folder.write("blobs/abc", "weights");
    const auto run = folder.path() / "run";
    folder.write(run / "config.json", "{}");
    std::filesystem::create_symlink("../blobs/abc", run / "model.bin");
    std::filesystem::create_directory_symlink(folder.path(), run / "loop");
    std::filesystem::create_symlink("nowhere", run / "dangling");
    REQUIRE(::mkfifo((run / "pipe").c_str(), 0600) == 0);
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (run / "socket").string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);

    background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(log));
    pusher.create_repo("acme/x").get();
    const commit_info info = pusher.upload_folder("acme/x", run).get();
    ::close(listener);
    CHECK(info.files_committed == 2);
    CHECK(info.files_skipped == 4);
    for (const std::string name : {"loop", "dangling", "pipe", "socket"}) {
        bool reported = false;
        for (const std::string& line : log->lines())
            reported = reported || line.find((run / name).string()) != std::string::npos;
        INFO(name);
        CHECK(reported);
    }
}

TEST_CASE("a folder that vanished fails its own job by name, and the queue goes on") {
    const temporary_folder folder;
    local_hub_thread hub(options_of(folder));
    background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(std::make_shared<capturing_log>()));
    pusher.create_repo("acme/x");
    const auto lost = pusher.upload_folder("acme/x", folder.path() / "gone");
    folder.write("run/a.txt", "a");
    const auto kept = pusher.upload_folder("acme/x", folder.path() / "run");
    CHECK_FALSE(kept.get().nothing_to_do);
    try {
        lost.get();
        FAIL("a vanished folder was pushed");
    } catch (const error& failure) {
        CHECK(failure.kind() == errc::file_not_found);
        CHECK(std::string(failure.what()).find("gone") != std::string::npos);
        CHECK_FALSE(failure.hint().empty());
    }
}

TEST_CASE("a wrong address is seen within a minute, and a wrong token at once") {
    const temporary_folder folder;
    folder.write("run/a.txt", "a");
    {
        background pusher(endpoint("http://127.0.0.1:1"), token(std::string(canary)), give_up_after(20s),
                          retry_policy(attempts(3), backoff(1ms, 5ms)), log_to(std::make_shared<capturing_log>()));
        const auto job = pusher.upload_folder("acme/x", folder.path() / "run");
        REQUIRE(job.wait_for(60s));
        CHECK_THROWS_AS(job.get(), error);
    }
    local_hub_thread hub(options_of(folder));
    background pusher(endpoint(hub.url()), token(std::string("hf_wrong")), log_to(std::make_shared<capturing_log>()));
    CHECK_THROWS_AS(pusher.upload_folder("acme/x", folder.path() / "run").get(), not_authorized);
}

TEST_CASE("a job's own exception fails that job only") {
    const temporary_folder folder;
    local_hub_thread hub(options_of(folder));
    background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(std::make_shared<capturing_log>()));
    auto throws = [](client&) -> task<int> {
        throw std::runtime_error("mine");
        co_return 0;
    };
    const auto bad = pusher.submit(throws, "bad");
    const auto good = pusher.whoami();
    CHECK_THROWS_WITH(bad.get(), "mine");
    CHECK(good.get().name() == "tester");
}
