#pragma once

#include "temporary_folder.hpp"

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/process.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush_test {

using namespace hubpush;

/// What every repository of the tests begins with.
inline const std::string attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

inline git_author someone(int seconds = 1'790'000'000) {
    return git_author("Some One", "one@example.org", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

inline git_change put(std::string path, std::string text) {
    return git_change::put(std::move(path), memory_source(std::move(text)));
}

/// A repository in a folder of its own, and the shortest way to work with it.
class git_fixture {
public:
    task<void> create() {
        std::filesystem::path path = folder.path() / "repository.git";
        repository = co_await git_repository::create(pool, path, attributes, someone());
    }
    task<std::string> head(std::string revision = "main") {
        std::optional<std::string> id = co_await repository->resolve(revision);
        co_return id.value_or("nothing");
    }
    task<std::string> commit(std::vector<git_change> changes, std::string message = "change") {
        const git_repository::lock_type lock = co_await repository->lock();
        std::string parent = co_await head();
        co_return co_await repository->commit(lock, "refs/heads/main", parent, std::move(changes), message, someone());
    }
    task<std::string> commit(git_change change, std::string message = "change") {
        std::vector<git_change> changes(1, change);
        co_return co_await commit(std::move(changes), message);
    }
    /// One file or folder of a commit's tree, or nothing.
    task<std::optional<git_tree_entry>> find_entry(std::string commit_id, std::string path) {
        for (git_tree_entry& entry : co_await repository->read_tree(commit_id)) {
            if (entry.path() == path) co_return std::move(entry);
        }
        co_return std::nullopt;
    }
    /// Path to content of all files of a commit.
    task<std::map<std::string, std::string>> files(std::string revision = "main") {
        std::string commit_id = co_await head(revision);
        const std::vector<git_tree_entry> tree = co_await repository->read_tree(commit_id);
        std::vector<std::string> ids;
        std::vector<std::string> paths;
        for (const git_tree_entry& entry : tree) {
            if (entry.is_folder()) continue;
            ids.push_back(entry.id());
            paths.push_back(entry.path());
        }
        const std::vector<std::string> blobs = co_await repository->read_blobs(ids, 100'000'000);
        std::map<std::string, std::string> result;
        for (std::size_t i = 0; i < paths.size(); ++i) result[paths[i]] = blobs[i];
        co_return result;
    }
    /// Runs git itself, as a user would.
    task<child_result> git(std::vector<std::string> arguments) {
        child_command command("git");
        command.set("GIT_CONFIG_GLOBAL", "/dev/null").set("GIT_CONFIG_NOSYSTEM", "1").set("LC_ALL", "C");
        for (std::string& argument : arguments) command.argument(argument);
        co_return co_await run_child(command, 100'000'000);
    }
    /// What `git fsck` has to say; empty when it is content.
    task<std::string> fsck() {
        std::vector<std::string> arguments;
        for (const char* word : {"-c", "safe.directory=*", "-C"}) arguments.emplace_back(word);
        arguments.push_back(repository->path().string());
        for (const char* word : {"fsck", "--strict", "--full", "--no-dangling"}) arguments.emplace_back(word);
        const child_result result = co_await git(arguments);
        std::string complaints = result.output() + result.errors();
        if (result.exit_code() != 0) complaints += "exit code " + std::to_string(result.exit_code());
        co_return complaints;
    }

    temporary_folder folder;
    std::shared_ptr<worker_pool> pool = std::make_shared<worker_pool>(1);
    std::shared_ptr<git_repository> repository;
};

/// The code of what `work` throws.
inline task<errc> failure_of(task<void> work) {
    try {
        co_await std::move(work);
    } catch (const error& failure) {
        co_return failure.kind();
    }
    co_return errc{};
}

template <class T>
task<void> discard(task<T> work) {
    co_await std::move(work);
}

}  // namespace hubpush_test
