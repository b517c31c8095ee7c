#pragma once

#include <hubpush/local_hub/git_folder.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/whole_file.hpp>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// What makes the folder safe to serve: history only grows, nothing tidies up behind our back, reading alone goes over
/// HTTP. And what makes it fast: weights do not compress and have no useful deltas, and trying costs git seven times
/// the processor time of storing them.
inline constexpr std::string_view served_repository_config =
    "[core]\n\tcompression = 0\n\tbigFileThreshold = 1m\n"
    "[gc]\n\tauto = 0\n"
    "[maintenance]\n\tauto = false\n"
    "[receive]\n\tdenyNonFastForwards = true\n"
    "[http]\n\treceivepack = false\n"
    "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n";

inline void append_to_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file << text << std::flush;
    if (!file) throw_error(errc::server_error, "cannot write to a repository", error_details().file(path.string()));
}

/// Removes the files below `folder` whose names `matches` knows.
template <class Iterator, class Predicate>
void remove_files(const std::filesystem::path& folder, Predicate matches) {
    std::vector<std::filesystem::path> found;
    for (const std::filesystem::directory_entry& entry : Iterator(folder)) {
        if (entry.is_regular_file() && matches(entry.path().filename().string())) found.push_back(entry.path());
    }
    for (const std::filesystem::path& path : found) std::filesystem::remove(path);
}

/// Lock files and half-written packs of a git that was killed: harmless to readers, but a lock stops the next writer.
/// What ends in `.lock` cannot be a ref, what begins with `tmp_` can.
inline void remove_leftovers(const std::filesystem::path& repository) {
    using namespace std::filesystem;
    const auto lock = [](std::string_view name) { return name.ends_with(".lock"); };
    const auto report = [](std::string_view name) { return name.starts_with("fast_import_crash_"); };
    const auto unfinished = [](std::string_view name) { return name.starts_with("tmp_"); };
    remove_files<directory_iterator>(repository, lock);
    remove_files<directory_iterator>(repository, report);
    remove_files<recursive_directory_iterator>(repository / "refs", lock);
    remove_files<recursive_directory_iterator>(repository / "objects", unfinished);
}

}  // namespace detail

HUBPUSH_DECL bool detail::prepare_creation(const std::filesystem::path& path, const std::filesystem::path& unfinished) {
    if (std::filesystem::exists(path)) throw_error(errc::conflict, "the repository exists already");
    std::filesystem::remove_all(unfinished);
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
    return true;
}

HUBPUSH_DECL bool detail::finish_creation(const std::filesystem::path& path, const std::filesystem::path& unfinished) {
    append_to_file(unfinished / "config", served_repository_config);
    std::filesystem::rename(unfinished, path);
    return true;
}

HUBPUSH_DECL std::size_t detail::count_processes(std::string_view word) {
    const std::string argument = '\0' + std::string(word);  // /proc puts a NUL between arguments
    std::size_t count = 0;
    std::error_code failed;
    for (const auto& process : std::filesystem::directory_iterator("/proc", failed)) {
        if (read_whole_file(process.path() / "cmdline").find(argument) != std::string::npos) ++count;
    }
    return count;
}

HUBPUSH_DECL std::size_t detail::wait_for_orphans(const std::filesystem::path& folder) {
    const std::string word = "--git-dir=" + folder.string() + "/";
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    const std::size_t first = count_processes(word);
    std::size_t left = first;
    while (left != 0 && std::chrono::steady_clock::now() < limit) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        left = count_processes(word);
    }
    return first;
}

HUBPUSH_DECL bool detail::prepare_opening(const std::filesystem::path& path) {
    if (!std::filesystem::is_directory(path / "objects"))
        throw_error(errc::repository_not_found, "not a git repository");
    remove_leftovers(path);
    return true;
}

}  // namespace hubpush::inline v0
