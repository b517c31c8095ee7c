#include <hubpush/upload/client.hpp>

#include "catch.hpp"
#include "child_process.hpp"
#include "temporary_folder.hpp"

#include <hubpush/async/task.hpp>
#include <hubpush/local_hub/local_hub_thread.hpp>

#include <asio/use_future.hpp>

#include <memory>
#include <optional>
#include <string>
#include <thread>

// What a child sees of a client that its parent uses (spec/reliability.md §3.8: P05; spec/hub-http-api.md §11.4).

using namespace hubpush;

TEST_CASE("a client is refused in a child and may end there, while the parent pushes through it", "[threads][fork]") {
    const hubpush_test::temporary_folder folder;
    const local_hub_thread server(local_hub_options(folder.path() / "hub"));
    asio::io_context context;
    auto work = std::make_optional(asio::make_work_guard(context));
    std::thread runner([&context] { context.run(); });
    auto hub = std::make_unique<client>(context.get_executor(), endpoint(server.url()), token(server.token()),
                                        worker_threads(2), trace_events(100));
    const std::string repo_id = hub->async_whoami(asio::use_future).get().name() + "/forked";
    hub->async_create_repo(repo_id, asio::use_future).get();
    int harmless = 0;
    for (int i = 0; i < 24; ++i) {
        auto pushed = hub->async_upload_file(repo_id, content(std::string(300'000, static_cast<char>('a' + i))), "a",
                                             asio::use_future);
        harmless += hubpush_test::holds_in_child([&] {
            const client copy = *hub;
            const bool refused =
                hubpush_test::is_refused([&] { static_cast<void>(hub->whoami()); }) &&
                hubpush_test::is_refused([&] { static_cast<void>(hub->upload_folder(repo_id, folder.path())); }) &&
                hubpush_test::is_refused([&] { static_cast<void>(copy.async_whoami(asio::use_future)); }) &&
                hubpush_test::is_refused([&] { static_cast<void>(copy.with(retry_policy()).whoami()); }) &&
                hubpush_test::is_refused([&] { static_cast<void>(copy.trace()); });
            hub.reset();
            return refused;
        });
        pushed.get();
    }
    CHECK(harmless == 24);
    hub.reset();
    work.reset();
    runner.join();
}
