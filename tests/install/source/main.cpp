// The program: the third unit that sees hubpush. It starts an embedded Hub, lets the library push to it, and looks at
// what hubpush leaves alone: no thread and no signal handler before the first call, none after the last. Prints what is
// wrong and ends with 1.

#include "checkpoints.hpp"

#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>

namespace fs = std::filesystem;

void require(bool holds, const char* what) {
    if (holds) return;
    std::cerr << "not so: " << what << '\n';
    std::exit(1);
}

/// One thread, and no handler for any signal but the two that glibc takes for itself when a thread is started.
bool is_plain_process() {
    const auto threads = std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != "SigCgt:") {
    }
    unsigned long long caught = 0;
    status >> std::hex >> caught;
    const unsigned long long of_glibc = 1ULL << 31 | 1ULL << 32;
    return status && threads == 1 && (caught & ~of_glibc) == 0;
}

/// A thread that has been joined may be listed for a moment longer.
bool becomes_plain_process() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_plain_process() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return is_plain_process();
}

/// An exception keeps its type and its code on the way out of a library that hides its symbols.
bool unknown_repository_is_typed(const checkpoints::target& where) {
    try {
        checkpoints::push_text(where, "notes.md", "nowhere\n");
    } catch (const hubpush::repository_not_found& failure) {
        return failure.code() == hubpush::errc::repository_not_found && !failure.hint().empty();
    }
    return false;
}

void push_to_embedded_hub(const fs::path& folder) {
    const std::string token = "hf_canary_consumer";
    const auto owner = hubpush::hub_token("user", hubpush::secret(token));
    hubpush::local_hub_thread hub(hubpush::local_hub_options(folder / "hub").token(owner));
    const checkpoints::target model{hub.url(), token, "user/model"};
    fs::create_directories(folder / "model");
    std::ofstream(folder / "model" / "config.json") << "{\"hidden_size\": 64}\n";

    const std::string first = checkpoints::push_folder(model, folder / "model");
    const std::string second = checkpoints::push_text(model, "notes.md", "two commits\n");
    require(first.size() == 40 && second.size() == 40 && first != second, "each push is a commit of its own");
    require(unknown_repository_is_typed({hub.url(), token, "user/unknown"}), "the error is a repository_not_found");
    std::cout << "hubpush " << HUBPUSH_VERSION << ", C++ " << __cplusplus << ": " << first << ' ' << second << '\n';
}

int main() {
    require(is_plain_process(), "loading hubpush starts no thread and installs no signal handler");
    std::string folder = (fs::temp_directory_path() / "hubpush_consumer_XXXXXX").string();
    require(::mkdtemp(folder.data()) != nullptr, "there is a temporary folder");
    push_to_embedded_hub(folder);
    fs::remove_all(folder);
    require(becomes_plain_process(), "hubpush leaves no thread and no signal handler behind");
}
