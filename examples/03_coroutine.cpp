// Pushes from a coroutine, as an Asio server does: it is awaited on the executor that is there already.
//
//   03_coroutine USER/NAME FOLDER            with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <filesystem>
#include <iostream>

asio::awaitable<void> on_checkpoint(hubpush::client& hub, std::string repo_id, std::filesystem::path folder) {
    try {
        auto commit = co_await hub.upload_folder(repo_id, folder, hubpush::message("nightly"));
        std::cout << "pushed " << commit.oid << '\n';
    } catch (const hubpush::error& failure) {
        std::cerr << failure.what() << " - " << failure.hint() << '\n';
    }
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    asio::co_spawn(context, on_checkpoint(hub, words[1], words[2]), asio::detached);
    context.run();
}
