#include <hubpush/queue/background.hpp>

#include "catch.hpp"
#include "shell.hpp"
#include "temporary_folder.hpp"
#include "test_seams.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

constexpr const char* canary = "hf_canaryFolderSync";

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

std::string git(const std::filesystem::path& where) {
    return "GIT_CONFIG_GLOBAL=/dev/null git -c safe.directory='*' -c core.quotepath=false -C " + quoted(where) + " ";
}

/// What git itself would commit of a folder, by the .gitignore in it.
std::vector<std::string> kept_by_git(const std::filesystem::path& folder, const std::filesystem::path& copy) {
    shell("rm -rf " + quoted(copy) + " && cp -r " + quoted(folder) + " " + quoted(copy));
    shell(git(copy) + "init -q && " + git(copy) + "add -A 2>&1");
    return shell_lines(git(copy) + "ls-files");
}

/// The files of the main branch, without those that the Hub makes.
std::vector<std::string> files_on_hub(const std::filesystem::path& repository) {
    std::vector<std::string> names = shell_lines(git(repository) + "ls-tree -r --name-only main");
    std::erase(names, ".gitattributes");
    return names;
}

}  // namespace

TEST_CASE("a data set follows its folder: what git would ignore stays out, what has gone is deleted") {
    const temporary_folder folder;
    local_hub_options options(folder.path() / "hub");
    options.token(hub_token("tester", secret(canary), token_role::write));
    local_hub_thread hub(std::move(options));
    const auto log = std::make_shared<capturing_log>();
    background pusher(endpoint(hub.url()), token(std::string(canary)), log_to(log));
    const created_repository made = pusher.create_repo("corpus", repo_type::dataset).get();
    CHECK(made.where() == repository("tester/corpus", repo_type::dataset));

    const auto data = folder.path() / "data";
    const auto write = [&](const char* name, const std::string& text) { folder.write(data / name, text); };
    write(".gitignore", "# what is made again\n*.tmp\n!keep.tmp\nbuild/\nlogs/*.txt\n**/cache/**\n[ab].log\n");
    for (const char* name :
         {"a.log", "c.log", "x.tmp", "keep.tmp", "deep/keep.tmp", "deep/x.tmp", "build/out", "logs/a.txt", "logs/a.bin",
          "deep/logs/a.txt", "deep/build/out", "x/cache/y/z", "größe.json", "train.csv", "old.csv", "deep/old.csv"})
        write(name, name);
    write("README.md", "---\nlicense: mit\n---\n");
    const auto push = [&] {
        return pusher.upload_folder(made.where().id(), data, repo_type::dataset, delete_patterns("*")).get();
    };
    const commit_info first = push();
    const auto repository = hub.repository_path("datasets/tester/corpus");
    const std::vector<std::string> expected = kept_by_git(data, folder.path() / "copy");
    CHECK(files_on_hub(repository) == expected);
    CHECK(first.files_ignored == 7);
    CHECK(push().nothing_to_do);

    for (const char* name : {"old.csv", "deep/old.csv", "deep/keep.tmp"}) std::filesystem::remove(data / name);
    write("train.csv", "more");
    const commit_info second = push();
    CHECK(second.files_committed == 1);
    const std::vector<std::string> left = kept_by_git(data, folder.path() / "copy");
    CHECK(left.size() + 3 == expected.size());
    CHECK(files_on_hub(repository) == left);
    CHECK(shell(git(repository) + "fsck --strict --full 2>&1").empty());
    CHECK(log->warnings() == 0);
}
