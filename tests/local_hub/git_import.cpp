#include <hubpush/local_hub/git_import.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "git_fixture.hpp"

#include <hubpush/local_hub/git_formats.hpp>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace hubpush;
using namespace hubpush_test;
namespace fs = std::filesystem;

/// Content that says, through a pipe, that it is being read.
class telling_source final : public byte_source {
public:
    explicit telling_source(int progress) : progress_(progress) {}
    std::uint64_t size() const noexcept override { return 1; }
    task<std::size_t> read_at(std::uint64_t, std::span<std::byte> out) override {
        if (::write(progress_, "r", 1) != 1) ::_exit(1);
        out.front() = static_cast<std::byte>(count_++);
        co_return std::size_t{1};
    }

private:
    int progress_;
    unsigned count_ = 0;
};

/// The other process of the test that kills its server; never returns.
[[noreturn]] void commit_for_ever(const fs::path& path, int progress) {
    asio::io_context context;
    const auto commit = [&path, progress]() -> task<void> {
        const auto pool = std::make_shared<worker_pool>(0);
        const auto repository = co_await git_repository::open(pool, path);
        std::vector<git_change> changes;
        const auto content = std::make_shared<telling_source>(progress);
        for (int file = 0; file < 20; ++file) changes.push_back(git_change::put("f" + std::to_string(file), content));
        for (;;) {
            const git_repository::lock_type lock = co_await repository->lock();
            const std::optional<std::string> head = co_await repository->resolve("main");
            co_await repository->commit(lock, "refs/heads/main", *head, changes, "endless", someone());
            if (::write(progress, "c", 1) != 1) ::_exit(1);
        }
    };
    initiate(context.get_executor(), commit(), [](std::exception_ptr) {});
    context.run();
    ::_exit(1);
}

}  // namespace

CO_TEST_CASE("a commit of a thousand files costs as many processes as a commit of one", "[git_import]") {
    git_fixture test;
    co_await test.create();
    const auto count = [&test]() { return test.repository->processes_started(); };
    std::uint64_t before = count();
    co_await test.commit(put("one.txt", "1"));
    const std::uint64_t for_one = count() - before;
    std::vector<git_change> changes;
    for (int i = 0; i < 1000; ++i) changes.push_back(put("many/" + std::to_string(i) + ".txt", std::to_string(i)));
    before = count();
    co_await test.commit(std::move(changes));
    CHECK(count() - before == for_one);
    CHECK(for_one <= 3);  // one of them is the test's own look at the head
    const auto files = co_await test.files();
    CHECK(files.size() == 1002);
    CHECK(files.at("many/999.txt") == "999");
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("odd paths and odd contents come back as they were", "[git_import]") {
    git_fixture test;
    co_await test.create();
    std::map<std::string, std::string> expected{{".gitattributes", attributes}};
    const std::string binary("\0\r\n\xff data 3\n", 12);
    for (const char* path :
         {"with space", "-leading-dash", "--option", "\"quoted\"", "back\\slash", "new\nline", "tab\there", " ",
          "na\xc3\xafve/\xe2\x82\xac", "not-utf8-\xff\x01", ":(top)magic", "a*b?[c]", "#hash", "x/y/z/-"}) {
        expected[path] = binary + path;
    }
    std::vector<git_change> changes;
    for (const auto& [path, content] : expected) changes.push_back(put(path, content));
    changes.push_back(put("empty", ""));
    expected["empty"] = "";
    co_await test.commit(std::move(changes));
    const auto files = co_await test.files();
    CHECK(files == expected);
    std::string head = co_await test.head();
    for (const auto& [path, content] : expected) {
        const auto entry = co_await test.find_entry(head, path);
        INFO(path);
        REQUIRE(entry);
        CHECK(entry->size() == content.size());
    }
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("blob ids are git's own", "[git_import]") {
    git_fixture test;
    co_await test.create();
    std::vector<git_change> changes;
    changes.push_back(put("hello", "hello\n"));
    changes.push_back(put("nothing", ""));
    co_await test.commit(std::move(changes));
    std::string head = co_await test.head();
    const auto hello = co_await test.find_entry(head, "hello");
    const auto nothing = co_await test.find_entry(head, "nothing");
    REQUIRE(hello);
    REQUIRE(nothing);
    CHECK(hello->id() == "ce013625030ba8dba906f756967f9e9ca394464a");  // spec/hub-http-api.md §14.5
    CHECK(nothing->id() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

CO_TEST_CASE("files and folders are removed, and steps apply in order", "[git_import]") {
    git_fixture test;
    co_await test.create();
    std::vector<git_change> first;
    for (const char* path : {"keep", "a/1", "a/2", "b/1", "b/c/2", "file"}) first.push_back(put(path, path));
    co_await test.commit(std::move(first));
    std::vector<git_change> second;
    second.push_back(git_change::remove("a/1"));
    second.push_back(git_change::remove("b/"));
    second.push_back(git_change::remove("not there"));
    second.push_back(git_change::remove("file"));
    second.push_back(put("file/now/a/folder", "x"));
    second.push_back(put("twice", "first"));
    second.push_back(put("twice", "second"));
    co_await test.commit(std::move(second));
    const auto files = co_await test.files();
    const std::map<std::string, std::string> expected{{".gitattributes", attributes},
                                                      {"keep", "keep"},
                                                      {"a/2", "a/2"},
                                                      {"file/now/a/folder", "x"},
                                                      {"twice", "second"}};
    CHECK(files == expected);
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a branch that somebody else moves during a commit keeps what they put there", "[git_import]") {
    /// Content during whose reading another program commits to the branch.
    class interrupted_source final : public byte_source {
    public:
        explicit interrupted_source(git_fixture& test) : test_(test) {}
        std::uint64_t size() const noexcept override { return 1; }
        task<std::size_t> read_at(std::uint64_t, std::span<std::byte>) override {
            std::string head = co_await test_.head();
            child_command other = test_.repository->git("fast-import");
            const std::vector<git_change> none;
            other.argument("--quiet").input(detail::import_commit("refs/heads/main", head, none, "theirs", someone()));
            const child_result result = co_await run_child(other, 1000);
            theirs = result.output().substr(0, 40);
            co_return std::size_t{1};
        }
        std::string theirs;

    private:
        git_fixture& test_;
    };
    git_fixture test;
    co_await test.create();
    const auto source = std::make_shared<interrupted_source>(test);
    const errc refused = co_await failure_of(discard(test.commit(git_change::put("a", source))));
    CHECK(refused == errc::conflict);
    const std::string head = co_await test.head();
    CHECK(head == source->theirs);
}

CO_TEST_CASE("content that fails while it is read leaves the branch where it was", "[git_import]") {
    class failing_source final : public byte_source {
    public:
        std::uint64_t size() const noexcept override { return 300'000; }
        task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
            if (offset > 100'000) throw_error(errc::file_changed, "it changed");
            co_return out.size();
        }
    };
    git_fixture test;
    co_await test.create();
    const std::string head = co_await test.head();
    const errc failed =
        co_await failure_of(discard(test.commit(git_change::put("a", std::make_shared<failing_source>()))));
    CHECK(failed == errc::file_changed);
    const std::string after = co_await test.head();
    CHECK(after == head);
    co_await test.commit(put("a", "works"));
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a commit that is cut at any byte leaves the old branch and a clean repository", "[git_import]") {
    git_fixture test;
    co_await test.create();
    co_await test.commit(put("old/file", "1"));
    const std::string head = co_await test.head();
    std::vector<git_change> changes;
    changes.push_back(put("sub/.gitignore", "hello"));
    changes.push_back(git_change::remove("old/file"));
    // What fast-import sees when the server is killed: the first n bytes of its input. It then ends its last line by
    // itself.
    const std::string stream = detail::import_blob(0, 5) + "hello\n" +
                               detail::import_commit("refs/heads/main", head, changes, "m", someone()) + "done\n";
    for (std::size_t length = 0; length < stream.size() - 1; ++length) {
        child_command command = test.repository->git("fast-import");
        command.argument("--quiet").argument("--done").input(stream.substr(0, length));
        const child_result result = co_await run_child(command, 10'000);
        INFO(stream.substr(0, length));
        CHECK(result.exit_code() != 0);
    }
    const std::string after = co_await test.head();
    CHECK(after == head);
    test.repository = co_await git_repository::open(test.pool, test.repository->path());
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a server that is killed in the middle of commits leaves one that fsck accepts", "[git_import]") {
    git_fixture test;
    co_await test.create();
    const fs::path path = test.repository->path();
    const unsigned seed = 20'261'122;
    INFO("seed " << seed);
    std::mt19937 random(seed);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // the gits of a killed server become ours, so that their end can be awaited
    for (int round = 0; round < 12; ++round) {
        std::array<int, 2> progress{};
        REQUIRE(::pipe(progress.data()) == 0);
        const pid_t server = ::fork();
        if (server == 0) commit_for_ever(path, progress[1]);
        ::close(progress[1]);
        char byte = 0;
        for (auto steps = random() % 60 + 1; steps != 0; --steps) REQUIRE(::read(progress[0], &byte, 1) == 1);
        ::kill(server, SIGKILL);
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
        ::close(progress[0]);
        test.repository = co_await git_repository::open(test.pool, path);
        co_await test.commit(put("after", std::to_string(round)));
        const std::string complaints = co_await test.fsck();
        CHECK(complaints == "");
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}
