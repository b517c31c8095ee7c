#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "temporary_folder.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>

#include <asio/use_future.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

// What a child sees of a client that its parent uses (spec/reliability.md §3.8: P05; spec/hub-http-api.md §11.4).

using namespace hubpush;
using hubpush_test::is_refused;

namespace {

bool is_inert(std::unique_ptr<client>& hub, const std::string& repo_id) {
    const client copy = *hub;
    const bool refused = is_refused([&] { static_cast<void>(hub->whoami()); }) &&
                         is_refused([&] { static_cast<void>(hub->upload_folder(repo_id, "/run")); }) &&
                         is_refused([&] { static_cast<void>(copy.async_whoami(asio::use_future)); }) &&
                         is_refused([&] { static_cast<void>(copy.with(retry_policy()).whoami()); }) &&
                         is_refused([&] { static_cast<void>(copy.trace()); });
    hub.reset();
    return refused;
}

}  // namespace

TEST_CASE("a client is refused in a child and may end there, and the parent goes on", "[threads][fork]") {
    const hubpush_test::temporary_folder folder;
    local_hub_options setup(folder.path() / "hub");
    setup.token(hub_token("alice", secret("hf_aliceToken0123456789")));
    std::optional<local_hub_thread> server(setup);
    setup.port(std::uint16_t(std::stoi(server->url().substr(server->url().rfind(':') + 1))));
    asio::io_context context;
    auto hub = std::make_unique<client>(context.get_executor(), endpoint(server->url()), token(server->token()),
                                        worker_threads(2), trace_events(100));
    const std::string repo_id = "alice/forked";
    const auto finish = [&context](auto pending) {
        context.restart();
        context.run();
        return pending.get();
    };
    finish(hub->async_create_repo(repo_id, asio::use_future));
    for (int i = 0; i < 8; ++i) {
        const content weights(std::string(300'000, static_cast<char>('a' + i)));
        finish(hub->async_upload_file(repo_id, weights, "a", asio::use_future));
        // The address sanitizer of g++ 12 has locks of its own, which no thread may hold now: the pool's wait for work.
        server.reset();
        CHECK(hubpush_test::holds_in_child([&] { return is_inert(hub, repo_id); }));
        server.emplace(setup);
    }
}
