// One commit that adds files from memory and from disk and removes another: all of it is seen at once, or nothing.
//
//   08_commit_operations USER/NAME FILE      with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <filesystem>
#include <iostream>
#include <string>

asio::awaitable<void> tidy_up(hubpush::client& hub, std::string repo_id, std::filesystem::path weights) {
    const std::string card = "# A tiny model\n\nIts weights are in `model.safetensors`.\n";
    auto first = co_await hub.create_commit(repo_id, hubpush::add("draft.md", hubpush::content(card)),
                                            hubpush::message("draft"));
    auto commit = co_await hub.create_commit(repo_id, hubpush::add("README.md", hubpush::content(card)),
                                             hubpush::add("model.safetensors", weights), hubpush::remove("draft.md"),
                                             hubpush::message("tidy up"),
                                             hubpush::description("The card and the weights, at once."));
    std::cout << first.oid << " draft\n" << commit.oid << " tidy up, " << commit.files_committed << " files\n";
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    int status = 0;
    asio::co_spawn(context, tidy_up(hub, words[1], words[2]), [&status](std::exception_ptr failure) {
        if (failure) std::cerr << hubpush::describe(failure) << '\n';
        status = failure ? 1 : 0;
    });
    context.run();
    return status;
}
