// Pushes to a Hub that may be down for a while: more attempts than usual, and a line about each failure that is waited
// out. What cannot pass, such as a wrong token, is not tried again whatever the policy says.
//
//   07_retry USER/NAME FOLDER                with HF_TOKEN set, and HF_ENDPOINT for another Hub than huggingface.co

#include <hubpush/hubpush.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

asio::awaitable<void> push_patiently(hubpush::client& hub, std::string repo_id, std::filesystem::path folder) {
    auto policy = hubpush::retry_policy(hubpush::attempts(12), hubpush::backoff(250ms, 4s))
                      .when([](const hubpush::error& failure) {
                          std::cout << "not yet: " << failure.what() << std::endl;
                          return failure.kind() != hubpush::errc::tls_failed;
                      });
    auto patient = hub.with(std::move(policy));  // shares connections, token and threads with the first
    auto commit = co_await patient.upload_folder(repo_id, folder, hubpush::message("at last"));
    std::cout << commit.url << '\n';
}

int main(int count, char** words) {
    if (count != 3) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());
    int status = 0;
    asio::co_spawn(context, push_patiently(hub, words[1], words[2]), [&status](std::exception_ptr failure) {
        if (failure) std::cerr << hubpush::describe(failure) << '\n';
        status = failure ? 1 : 0;
    });
    context.run();
    return status;
}
