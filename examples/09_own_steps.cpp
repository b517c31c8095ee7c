// A push as a pipeline of steps, with two of one's own between hubpush's: one that sees all files at once, and one that
// sees each file as it passes. A step that does not fit its neighbour is a compile error of one sentence.
//
//   09_own_steps USER/NAME FOLDER            with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>

/// Takes the whole set, so it waits until the folder has been scanned.
class only_weights : public hubpush::step_base {
public:
    asio::awaitable<hubpush::file_set> operator()(hubpush::context&, hubpush::file_set in) const {
        std::erase_if(in.files, [](const hubpush::file& f) { return f.extension() != ".safetensors"; });
        co_return in;
    }
};

/// Sees one file at a time: while it is renamed, others are hashed and sent.
hubpush::file lower_case_name(hubpush::file f) {
    std::string path = f.path();
    std::transform(path.begin(), path.end(), path.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return f.rename(path);
}

asio::awaitable<void> push_weights(hubpush::client& hub, std::string repo_id, std::filesystem::path folder) {
    auto push = hubpush::scan(folder) | only_weights() | hubpush::map(&lower_case_name) | hubpush::classify() |
                hubpush::transfer(hubpush::in_flight(8)) | hubpush::commit("weights");
    auto commit = co_await push(hub, repo_id);
    std::cout << commit.url << ", " << commit.files_committed << " files\n";
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    int status = 0;
    asio::co_spawn(context, push_weights(hub, words[1], words[2]), [&status](std::exception_ptr failure) {
        if (failure) std::cerr << hubpush::describe(failure) << '\n';
        status = failure ? 1 : 0;
    });
    context.run();
    return status;
}
