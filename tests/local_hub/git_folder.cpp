#include <hubpush/local_hub/git_folder.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

using namespace hubpush::detail;
using hubpush_test::temporary_folder;

TEST_CASE("the gits of a killed server are waited for", "[git_folder]") {
    const temporary_folder folder;
    const std::string argument = "--git-dir=" + (folder.path() / "models" / "x.git").string();
    const std::string word = "--git-dir=" + folder.path().string() + "/";
    std::array<int, 2> input{};
    REQUIRE(::pipe(input.data()) == 0);
    const pid_t orphan = ::fork();
    if (orphan == 0) {
        ::dup2(input[0], STDIN_FILENO);
        ::close(input[1]);
        ::execlp("sh", "sh", "-c", "read line", argument.c_str(), nullptr);
        ::_exit(1);
    }
    ::close(input[0]);
    while (count_processes(word) == 0) {  // until the shell has begun
    }
    CHECK(count_processes("--git-dir=/nowhere/") == 0);
    std::thread waiting([&folder] { wait_for_orphans(folder.path()); });
    ::close(input[1]);  // the shell reads to the end and ends
    waiting.join();
    CHECK(count_processes(word) == 0);
    ::waitpid(orphan, nullptr, 0);
    CHECK(wait_for_orphans(folder.path()) == 0);
}
