// Shows how far a push is. The callback comes at most ten times a second.
//
//   04_progress USER/NAME FOLDER             with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <cstdio>
#include <filesystem>

asio::awaitable<void> with_bar(hubpush::client& hub, std::string repo_id, std::filesystem::path folder) {
    hubpush::progress bar([](const hubpush::progress_view& p) {
        std::fprintf(stderr, "\r%-10.*s %5.1f%%", int(p.phase.size()), p.phase.data(), p.percent());
    });
    auto commit = co_await hub.upload_folder(repo_id, folder, std::move(bar));
    std::printf("\n%s\n", commit.url.c_str());
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    int status = 0;
    asio::co_spawn(context, with_bar(hub, words[1], words[2]), [&status](std::exception_ptr failure) {
        if (failure) std::fprintf(stderr, "\n%s\n", hubpush::describe(failure).c_str());
        status = failure ? 1 : 0;
    });
    context.run();
    return status;
}
