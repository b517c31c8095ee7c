// What 10,000 files of 4 KiB cost the process that pushes them in one commit, beside huggingface_hub 2.4.0 on the same
// Hub in the same run, and beside the floor: the same files read and hashed once, with nothing else.
//
//   benchmark_many_files run PYTHON SCRIPT   all of it; PYTHON has huggingface_hub, SCRIPT is many_files.py
//   benchmark_many_files push FOLDER ID      the parts of it, as processes of their own
//   benchmark_many_files floor FOLDER
//
// Fails when a push makes more than one commit, 40 preupload calls and 15 other requests, when its peak reaches 64 MiB,
// or when it costs more than half of the CPU seconds of huggingface_hub.

#include "../support/measure.hpp"

#include <hubpush/hubpush.hpp>
#include <hubpush/hubpush_local_hub.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using benchmark::stopwatch;

namespace {

constexpr std::size_t file_count = 10'000;
constexpr std::size_t file_size = 4096;

/// Text of a round's own, so that no round finds what the one before has pushed.
void write_files(const std::filesystem::path& folder) {
    std::mt19937_64 random(std::random_device{}());
    for (std::size_t i = 0; i < file_count; ++i) {
        const std::filesystem::path inside = folder / std::to_string(i / 100);
        std::filesystem::create_directories(inside);
        std::string text;
        while (text.size() < file_size) text += std::to_string(random()) + '\n';
        text.resize(file_size);
        std::ofstream(inside / (std::to_string(i) + ".txt"), std::ios::binary) << text;
    }
}

void push(const char* folder, const char* repo_id) {
    const stopwatch watch;
    {
        hubpush::background hub;
        hub.create_repo(repo_id, hubpush::exist_ok()).get();
        hub.upload_folder(repo_id, folder).get();
    }
    watch.print("hubpush");
}

void floor(const char* folder) {
    const stopwatch watch;
    std::string bytes(file_size, '\0');
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream(entry.path(), std::ios::binary).read(bytes.data(), file_size);
        static_cast<void>(hubpush::git_blob_hash::of(hubpush::as_bytes(bytes)));
    }
    watch.print("floor");
}

/// What one process printed last: its name, CPU seconds, peak MiB, wall seconds.
struct cost {
    std::string name;
    double cpu = 0;
    double peak = 0;
    double wall = 0;
};

cost run_process(std::vector<std::string> words, const std::filesystem::path& output) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::pid_t child = 0;
    const int problem = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    int status = problem;
    if (problem == 0) benchmark::checked(::waitpid(child, &status, 0), "waitpid");
    if (status != 0) throw std::runtime_error(words[0] + " failed");
    cost result;
    std::ifstream(output) >> result.name >> result.cpu >> result.peak >> result.wall;
    std::printf("%-16s %6.2f s CPU %7.1f MiB %6.2f s\n", result.name.c_str(), result.cpu, result.peak, result.wall);
    return result;
}

/// How many requests one push made.
struct request_counts {
    explicit request_counts(hubpush::request_ledger& ledger)
        : commits(ledger.count("POST", "/commit/")),
          preuploads(ledger.count("POST", "/preupload/")),
          others(ledger.snapshot().size() - commits - preuploads) {
        ledger.clear();
        std::printf("%17zu commits, %zu preuploads, %zu other requests\n", commits, preuploads, others);
    }
    std::size_t commits;
    std::size_t preuploads;
    std::size_t others;
};

bool run(const std::string& self, const std::string& python, const std::string& script) {
    std::string work = (std::filesystem::temp_directory_path() / "many_files.XXXXXX").string();
    if (::mkdtemp(work.data()) == nullptr) throw std::runtime_error("no temporary folder");
    const std::filesystem::path folder = std::filesystem::path(work) / "files";
    const std::filesystem::path output = std::filesystem::path(work) / "output";
    write_files(folder);

    hubpush::local_hub_thread hub(hubpush::local_hub_options(std::filesystem::path(work) / "hub"));
    ::setenv("HF_ENDPOINT", hub.url().c_str(), 1);
    ::setenv("HF_TOKEN", std::string(hub.token().reveal()).c_str(), 1);
    ::setenv("HF_HUB_DISABLE_XET", "1", 1);
    ::setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1", 1);

    const cost least = run_process({self, "floor", folder.string()}, output);
    const cost ours = run_process({self, "push", folder.string(), "local/ours"}, output);
    const request_counts requests(hub.ledger());
    const cost theirs = run_process({python, script, folder.string(), "local/theirs"}, output);
    const request_counts their_requests(hub.ledger());
    std::filesystem::remove_all(work);

    const double ratio = ours.cpu / theirs.cpu;
    std::printf("CPU %.2f x huggingface_hub (at most 0.50), %.1f x the floor; peak %.1f MiB (under 64)\n", ratio,
                ours.cpu / least.cpu, ours.peak);
    return requests.commits == 1 && requests.preuploads <= 40 && requests.others <= 15 && ratio <= 0.5 &&
           ours.peak < 64;
}

}  // namespace

int main(int count, char** words) {
    const std::string part = count > 1 ? words[1] : "";
    try {
        if (part == "run" && count == 4) return run(words[0], words[2], words[3]) ? 0 : 1;
        if (part == "push" && count == 4) {
            push(words[2], words[3]);
        } else if (part == "floor" && count == 3) {
            floor(words[2]);
        } else {
            std::fprintf(stderr, "usage: run PYTHON SCRIPT | push FOLDER ID | floor FOLDER\n");
            return 2;
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s: %s\n", part.c_str(), failure.what());
        return 1;
    }
}
