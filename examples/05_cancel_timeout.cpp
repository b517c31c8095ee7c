// Pushes a folder within a time limit, and stops at Ctrl-C. Either way the push ends before the program goes on, and
// its end says what is known about the branch: unless the commit was already on its way, it has not moved.
//
//   05_cancel_timeout USER/NAME FOLDER SECONDS      with HF_TOKEN set, and HF_ENDPOINT for another Hub than
//                                                   huggingface.co

#include <hubpush/hubpush.hpp>

#include <asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

asio::awaitable<void> push_in_time(hubpush::client& hub, std::string repo_id, std::filesystem::path folder,
                                   std::chrono::seconds limit) {
    auto push = hub.upload_folder(repo_id, folder, hubpush::message("in time"));
    auto commit = co_await hubpush::timeout(std::move(push), limit);
    std::cout << commit.url << '\n';
}

/// What became of it, and the status to end with.
int explain(std::exception_ptr end) {
    try {
        if (end) std::rethrow_exception(end);
        return 0;
    } catch (const hubpush::cancelled&) {
        std::cout << "stopped, and the branch has not moved\n";
    } catch (const hubpush::outcome_unknown& failure) {
        std::cout << "the commit was on its way: " << failure.hint() << '\n';
    } catch (const hubpush::error& failure) {
        const bool late = failure.code() == std::errc::timed_out;
        std::cout << (late ? "too late, and the branch has not moved: " : "") << failure.what() << '\n';
    }
    return 1;
}

int main(int count, char** words) {
    if (count != 4) return 2;
    asio::io_context context;
    hubpush::client hub(context.get_executor());

    asio::cancellation_signal stop;  // emitted on the client's executor, as Asio wants it
    asio::signal_set interrupts(context, SIGINT);
    interrupts.async_wait([&stop](std::error_code, int) { stop.emit(asio::cancellation_type::terminal); });

    int status = 0;
    const auto done = [&](std::exception_ptr end) {
        interrupts.cancel();
        status = explain(end);
    };
    auto push = push_in_time(hub, words[1], words[2], std::chrono::seconds(std::stoi(words[3])));
    asio::co_spawn(context, std::move(push), asio::bind_cancellation_slot(stop.slot(), done));
    context.run();
    return status;
}
