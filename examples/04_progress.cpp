// Shows how far a push is: a line that is drawn again and again, made for a terminal. The callback comes at most ten
// times a second.
//
//   04_progress USER/NAME FOLDER             with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

asio::awaitable<void> with_bar(hubpush::client& hub, std::string repo_id, std::filesystem::path folder) {
    hubpush::progress bar([](const hubpush::progress_view& p) {
        const std::string filled(static_cast<std::size_t>(p.percent() * 0.3), '#');
        std::fprintf(stderr, "\r%-10.*s |%-30s| %5.1f %%, %.1f of %.1f MB\x1b[K", int(p.phase.size()), p.phase.data(),
                     filled.c_str(), p.percent(), double(p.bytes_done) / 1e6, double(p.bytes_total) / 1e6);
    });
    auto commit = co_await hub.upload_folder(repo_id, folder, std::move(bar));
    std::cerr << '\n';
    std::cout << commit.files_committed << " files, " << commit.bytes_sent << " bytes: " << commit.url << '\n';
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    int status = 0;
    asio::co_spawn(context, with_bar(hub, words[1], words[2]), [&status](std::exception_ptr failure) {
        if (failure) std::cerr << '\n' << hubpush::describe(failure) << '\n';
        status = failure ? 1 : 0;
    });
    context.run();
    return status;
}
