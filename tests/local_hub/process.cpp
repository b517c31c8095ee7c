#include <hubpush/local_hub/process.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/async/notifier.hpp>
#include <hubpush/core/error.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace {

using namespace hubpush;

child_command shell(std::string script) {
    child_command command("sh");
    command.argument("-c").argument(std::move(script));
    return command;
}

/// A line of /proc/…/stat: `412 (cat) S 57 …`, where 57 is the parent.
bool is_child(const std::filesystem::path& process) {
    std::ifstream file(process / "stat");
    const std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const std::size_t name = line.find('('), rest = line.rfind(')');
    if (name == std::string::npos || rest == std::string::npos) return false;
    const bool reads_symbols = line.substr(name + 1, rest - name - 1) == "addr2line";  // for the thread sanitizer
    return !reads_symbols && std::stol(line.substr(rest + 4)) == ::getpid();
}

bool is_process(const std::filesystem::path& entry) {
    return entry.filename().string().find_first_not_of("0123456789") == std::string::npos;
}

bool has_no_children() {
    const std::filesystem::directory_iterator all("/proc");
    return std::none_of(begin(all), end(all),
                        [](const auto& each) { return is_process(each.path()) && is_child(each.path()); });
}

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

CO_TEST_CASE("a child's output, errors and exit code come back", "[process]") {
    const child_result result = co_await run_child(shell("printf out; printf err >&2; exit 7"), 100);
    CHECK(result.output() == "out");
    CHECK(result.errors() == "err");
    CHECK(result.exit_code() == 7);
    CHECK(has_no_children());
}

CO_TEST_CASE("a child that a signal ended says so", "[process]") {
    const child_result result = co_await run_child(shell("kill -TERM $$"), 100);
    CHECK(result.exit_code() == 128 + SIGTERM);
}

CO_TEST_CASE("a child reads the input it was given, also one larger than any pipe", "[process]") {
    const std::string input(3'000'000, 'x');
    child_command command("cat");
    command.input(input);
    const child_result result = co_await run_child(command, input.size());
    CHECK(result.output() == input);
}

CO_TEST_CASE("a child that writes more than allowed is ended", "[process]") {
    bool refused = false;
    try {
        co_await run_child(shell("while :; do echo more; done"), 100'000);
    } catch (const error& failure) {
        refused = failure.kind() == errc::limit_exceeded;
    }
    CHECK(refused);
    CHECK(has_no_children());
}

CO_TEST_CASE("errors beyond the limit neither block the child nor take memory", "[process]") {
    const child_result result = co_await run_child(shell("yes failure | head -c 1000000 >&2; exit 3"), 100);
    CHECK(result.exit_code() == 3);
    CHECK(result.errors().size() <= 16 * 1024);
    CHECK(result.errors().starts_with("failure\nfailure\n"));
}

CO_TEST_CASE("a program that does not exist is an error", "[process]") {
    bool failed = false;
    try {
        co_await run_child(child_command("no-such-program-of-hubpush"), 100);
    } catch (const error&) {
        failed = true;
    }
    CHECK(failed);
}

CO_TEST_CASE("nothing of the parent's environment leaks but PATH", "[process]") {
    ::setenv("GIT_DIR", "/nowhere", 1);
    child_command command("env");
    command.set("GIVEN", "yes");
    const child_result result = co_await run_child(command, 100'000);
    ::unsetenv("GIT_DIR");
    CHECK(result.output() == "GIVEN=yes\nPATH=" + std::string(std::getenv("PATH")) + "\n");
}

CO_TEST_CASE("no descriptor of the parent leaks, not even one without close-on-exec", "[process]") {
    const int leaky = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(leaky >= 3);
    // The shell's own expansion opens no descriptor, so that only inherited ones are listed.
    const child_result result =
        co_await run_child(shell("for n in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done; true"), 100);
    ::close(leaky);
    CHECK(result.output().empty());
}

CO_TEST_CASE("writing to a child that has stopped reading is no signal", "[process]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_process child(executor, shell("exec <&-; echo closed; read never </dev/null; exit 4"));
    const std::vector<std::byte> much(1'000'000);
    bool taken = true;
    while (taken) taken = co_await child.write(much);
    const int exit_code = co_await child.wait();
    CHECK(exit_code == 4);
}

CO_TEST_CASE("a child answers while it is still being written to", "[process]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_process child(executor, child_command("cat"));
    const std::string question = "question";
    std::string answer(question.size(), '\0');
    const bool taken = co_await child.write(std::as_bytes(std::span(question)));
    CHECK(taken);
    const std::size_t count = co_await child.read_some(std::as_writable_bytes(std::span(answer)));
    CHECK(answer.substr(0, count) == question);
    child.close_input();
    const std::string rest = co_await child.read_to_end(100);
    CHECK(rest.empty());
    const int exit_code = co_await child.wait();
    CHECK(exit_code == 0);
}

TEST_CASE("a child whose owner ends is killed with its own children, and collected", "[process]") {
    const std::size_t before = open_descriptors();
    {
        asio::io_context context;
        ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what the child leaves behind becomes ours
        child_process child(context.get_executor(), shell("sleep 20 & echo started; wait"));
        std::array<std::byte, 100> buffer{};
        const auto until_started = [&]() -> task<void> { co_await child.read_some(buffer); };
        initiate(context.get_executor(), until_started(), [](std::exception_ptr) {});
        context.run();
        CHECK_FALSE(has_no_children());
    }
    int status = 0;
    CHECK(::waitpid(-1, &status, 0) > 0);
    CHECK(WIFSIGNALED(status));
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    CHECK(has_no_children());
    CHECK(open_descriptors() == before);
}

CO_TEST_CASE("a cancelled wait kills the child and throws cancelled", "[process]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    bool cancelled_seen = false;
    const auto wait_for_child = [&]() -> task<void> {
        child_process child(co_await asio::this_coro::executor, shell("echo ready; sleep 1000"));
        std::vector<std::byte> buffer(10);
        co_await child.read_some(buffer);
        group.cancel();
        try {
            co_await child.wait();
        } catch (const cancelled&) {
            cancelled_seen = true;
        }
    };
    group.spawn(wait_for_child());
    co_await group.join();
    CHECK(cancelled_seen);
    CHECK(has_no_children());
}

TEST_CASE("a destroyed io_context leaves no child behind", "[process]") {
    const std::size_t before = open_descriptors();
    {
        asio::io_context context;
        const auto read_for_ever = []() -> task<void> { co_await run_child(shell("sleep 1000"), 100); };
        initiate(context.get_executor(), read_for_ever(), [](std::exception_ptr) {});
        context.poll();
        CHECK_FALSE(has_no_children());
    }
    CHECK(has_no_children());
    CHECK(open_descriptors() == before);
}

CO_TEST_CASE("a hundred children at once all end", "[process]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    int sum = 0;
    const auto add = [&sum](int number) -> task<void> {
        const child_result result = co_await run_child(shell("exit " + std::to_string(number)), 100);
        sum += result.exit_code();
    };
    for (int number = 1; number <= 100; ++number) group.spawn(add(number));
    co_await group.join();
    CHECK(sum == 5050);
    CHECK(has_no_children());
}
