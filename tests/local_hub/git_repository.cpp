#include <hubpush/local_hub/git_repository.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/fs/source.hpp>
#include <hubpush/local_hub/git_formats.hpp>
#include <hubpush/local_hub/process.hpp>

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace hubpush;
namespace fs = std::filesystem;

/// A folder that goes away with the test.
class temporary_folder {
public:
    temporary_folder() {
        std::string name = (fs::temp_directory_path() / "hubpush-git-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    ~temporary_folder() { fs::remove_all(path_); }
    fs::path operator/(const std::string& name) const { return path_ / name; }

private:
    fs::path path_;
};

const std::string attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

git_author someone(int seconds = 1'790'000'000) {
    return git_author("Some One", "one@example.org", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

git_change put(std::string path, std::string text) { return git_change::put(std::move(path), memory_source(std::move(text))); }

/// A repository in a folder of its own, and the shortest way to work with it.
class fixture {
public:
    task<void> create() {
        fs::path path = folder / "repository.git";
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
task<errc> failure_of(task<void> work) {
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
    initiate(context.get_executor(), commit(), asio::detached);
    context.run();
    ::_exit(1);
}

void write_file(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

TEST_CASE("ref names follow git's rules and never look like an option or revision syntax", "[git_repository]") {
    for (const char* good : {"main", "feature/x", "v1.0", "a-b_c", "\xc3\xa9", "x@y", "HEAD", "pr/1"}) {
        INFO(good);
        CHECK(is_ref_name(good));
    }
    for (const char* bad : {"", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "/a", "a/", "a//b", "a.lock",
                            "a.lock/b", ".a", "a/.b", "a.", "a@{1}", "@", "refs/heads/a", "a\nb", "a\x7f"}) {
        INFO(bad);
        CHECK_FALSE(is_ref_name(bad));
    }
    CHECK_FALSE(is_ref_name(std::string(201, 'a')));
}

TEST_CASE("paths that git would refuse in a tree are refused", "[git_repository]") {
    for (const char* good : {"a", "a/b", ".gitattributes", "a b", "-x", "\"q\"", ".gitx", "x.git", "git", "..a", "a:b"}) {
        INFO(good);
        CHECK(is_git_path(good));
    }
    for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", ".git", ".GIT/x", "a/.git", "git~1", ".git. ", ".git::$DATA"}) {
        INFO(bad);
        CHECK_FALSE(is_git_path(bad));
    }
    CHECK_FALSE(is_git_path(std::string("a\0b", 3)));
}

CO_TEST_CASE("a new repository has one commit with only its attributes", "[git_repository]") {
    fixture test;
    co_await test.create();
    const auto files = co_await test.files();
    CHECK(files == std::map<std::string, std::string>{{".gitattributes", attributes}});
    std::string head = co_await test.head();
    const git_log_page page = co_await test.repository->log(head, 10, 0);
    REQUIRE(page.commits().size() == 1);
    CHECK(page.total() == 1);
    CHECK(page.commits()[0].title() == "initial commit");
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
    const errc again = co_await failure_of(test.create());
    CHECK(again == errc::conflict);
}

CO_TEST_CASE("a creation that was killed half-way is made anew", "[git_repository]") {
    fixture test;
    fs::create_directories(test.folder / "repository.git.new" / "objects");
    write_file(test.folder / "repository.git.new" / "config.lock", "");
    co_await test.create();
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a commit of a thousand files costs as many processes as a commit of one", "[git_repository]") {
    fixture test;
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

CO_TEST_CASE("odd paths and odd contents come back as they were", "[git_repository]") {
    fixture test;
    co_await test.create();
    std::map<std::string, std::string> expected{{".gitattributes", attributes}};
    const std::string binary("\0\r\n\xff data 3\n", 12);
    for (const char* path : {"with space", "-leading-dash", "--option", "\"quoted\"", "back\\slash", "new\nline", "tab\there", " ",
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
        const auto entry = co_await test.repository->find_entry(head, path);
        INFO(path);
        REQUIRE(entry);
        CHECK(entry->size() == content.size());
    }
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("blob ids are git's own", "[git_repository]") {
    fixture test;
    co_await test.create();
    std::vector<git_change> changes;
    changes.push_back(put("hello", "hello\n"));
    changes.push_back(put("nothing", ""));
    co_await test.commit(std::move(changes));
    std::string head = co_await test.head();
    const auto hello = co_await test.repository->find_entry(head, "hello");
    const auto nothing = co_await test.repository->find_entry(head, "nothing");
    REQUIRE(hello);
    REQUIRE(nothing);
    CHECK(hello->id() == "ce013625030ba8dba906f756967f9e9ca394464a");  // spec/hub-http-api.md §14.5
    CHECK(nothing->id() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
}

CO_TEST_CASE("files and folders are removed, and steps apply in order", "[git_repository]") {
    fixture test;
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
    const std::map<std::string, std::string> expected{
        {".gitattributes", attributes}, {"keep", "keep"}, {"a/2", "a/2"}, {"file/now/a/folder", "x"}, {"twice", "second"}};
    CHECK(files == expected);
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a tree lists folders too, and one entry can be looked up", "[git_repository]") {
    fixture test;
    co_await test.create();
    const std::string commit = co_await test.commit(put("ckpt/model.bin", "12345"));
    const std::vector<git_tree_entry> tree = co_await test.repository->read_tree(commit);
    REQUIRE(tree.size() == 3);
    CHECK(tree[1].path() == "ckpt");
    CHECK(tree[1].is_folder());
    CHECK(tree[1].size() == 0);
    CHECK(tree[2].path() == "ckpt/model.bin");
    CHECK(tree[2].size() == 5);
    CHECK_FALSE(tree[2].is_folder());
    const auto folder = co_await test.repository->find_entry(commit, "ckpt");
    REQUIRE(folder);
    CHECK(folder->is_folder());
    for (const char* missing : {"ckpt/other", "other", "ckpt/", "/ckpt", "*", "", "..", "ckpt/model.bin/x"}) {
        const auto nothing = co_await test.repository->find_entry(commit, missing);
        INFO(missing);
        CHECK_FALSE(nothing);
    }
}

CO_TEST_CASE("a commit on another head than the current one is refused and changes nothing", "[git_repository]") {
    fixture test;
    co_await test.create();
    const std::string old_head = co_await test.head();
    const std::string new_head = co_await test.commit(put("a", "1"));
    const git_repository::lock_type lock = co_await test.repository->lock();
    const auto commit_on = [&](std::string ref, std::string parent) {
        std::vector<git_change> changes(1, put("b", "2"));
        return failure_of(discard(test.repository->commit(lock, ref, parent, changes, "late", someone())));
    };
    const errc moved = co_await commit_on("refs/heads/main", old_head);
    CHECK(moved == errc::conflict);
    const errc missing = co_await commit_on("refs/heads/other", new_head);
    CHECK(missing == errc::revision_not_found);
    const errc no_branch = co_await commit_on("HEAD", new_head);
    CHECK(no_branch == errc::invalid_argument);
    const std::string head = co_await test.head();
    CHECK(head == new_head);
}

CO_TEST_CASE("writing needs the lock", "[git_repository]") {
    fixture test;
    co_await test.create();
    const std::string head = co_await test.head();
    const git_repository::lock_type none;
    const errc refused = co_await failure_of(test.repository->create_ref(none, "refs/heads/x", head));
    CHECK(refused == errc::internal);
}

CO_TEST_CASE("bad paths and messages are refused before anything happens", "[git_repository]") {
    fixture test;
    co_await test.create();
    const std::string head = co_await test.head();
    for (const char* path : {"", "/a", "a//b", "../a", "a/.git/b", ".GIT"}) {
        const errc refused = co_await failure_of(discard(test.commit(put(path, "x"))));
        INFO(path);
        CHECK(refused == errc::invalid_argument);
    }
    const errc message = co_await failure_of(discard(test.commit(put("a", "x"), std::string("a\0b", 3))));
    CHECK(message == errc::invalid_argument);
    const std::string after = co_await test.head();
    CHECK(after == head);
}

CO_TEST_CASE("fifty commits at once are all there, in the order in which they came", "[git_repository]") {
    fixture test;
    co_await test.create();
    task_group group(co_await asio::this_coro::executor);
    const auto commit = [&test](int number) -> task<void> {
        co_await test.commit(put("file-" + std::to_string(number), "x"), "commit " + std::to_string(number));
    };
    for (int number = 0; number < 50; ++number) group.spawn(commit(number));
    co_await group.join();
    std::string head = co_await test.head();
    const git_log_page page = co_await test.repository->log(head, 50, 0);
    CHECK(page.total() == 51);
    REQUIRE(page.commits().size() == 50);
    for (std::size_t i = 0; i < 50; ++i) CHECK(page.commits()[i].title() == "commit " + std::to_string(49 - i));
    const auto files = co_await test.files();
    CHECK(files.size() == 51);
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a waiter for the lock that is cancelled does not block those behind it", "[git_repository]") {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    async_mutex mutex(executor);
    std::vector<int> order;
    std::optional<async_mutex::guard> held;
    held.emplace(co_await mutex.lock());
    task_group impatient(executor);
    task_group patient(executor);
    const auto take = [&](int number) -> task<void> {
        const async_mutex::guard guard = co_await mutex.lock();
        order.push_back(number);
    };
    patient.spawn(take(1));
    impatient.spawn(take(2));
    patient.spawn(take(3));
    co_await asio::post(executor, asio::use_awaitable);
    impatient.cancel();
    const errc outcome = co_await failure_of(impatient.join());
    CHECK(outcome == errc::cancelled);
    CHECK(order.empty());
    held.reset();
    co_await patient.join();
    CHECK(order == std::vector<int>{1, 3});
}

CO_TEST_CASE("the log gives titles, messages, authors and dates, a page at a time", "[git_repository]") {
    fixture test;
    co_await test.create();
    co_await test.commit(put("a", "1"), "title one\n\nbody\nof two lines\n\n- and a list");
    co_await test.commit(put("a", "2"), "na\xc3\xafve \"title\" <x>");
    const std::string head = co_await test.commit(put("a", "2"), "");
    const git_log_page all = co_await test.repository->log(head, 100, 0);
    REQUIRE(all.commits().size() == 4);
    CHECK(all.commits()[0].id() == head);
    CHECK(all.commits()[0].title() == "");
    CHECK(all.commits()[1].title() == "na\xc3\xafve \"title\" <x>");
    CHECK(all.commits()[1].message() == "");
    CHECK(all.commits()[2].title() == "title one");
    CHECK(all.commits()[2].message() == "body\nof two lines\n\n- and a list");
    CHECK(all.commits()[2].author().name() == "Some One");
    CHECK(all.commits()[2].author().mail() == "one@example.org");
    CHECK(all.commits()[2].author().date() == someone().date());
    const git_log_page part = co_await test.repository->log(head, 2, 1);
    REQUIRE(part.commits().size() == 2);
    CHECK(part.total() == 4);
    CHECK(part.commits()[0].id() == all.commits()[1].id());
}

CO_TEST_CASE("an author with bytes that mean something to git does no harm", "[git_repository]") {
    fixture test;
    co_await test.create();
    const git_repository::lock_type lock = co_await test.repository->lock();
    std::string head = co_await test.head();
    const git_author odd("Eve <eve>\ncommitter", "", std::chrono::sys_seconds(std::chrono::seconds(-5)));
    std::vector<git_change> none;
    std::string id = co_await test.repository->commit(lock, "refs/heads/main", head, none, "m", odd);
    const git_log_page page = co_await test.repository->log(id, 1, 0);
    REQUIRE(page.commits().size() == 1);
    CHECK(page.commits()[0].author().name() == "Eve evecommitter");
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("revisions are branches, tags, full refs and commit ids, and nothing else", "[git_repository]") {
    fixture test;
    co_await test.create();
    git_repository& repository = *test.repository;
    const std::string first = co_await test.head();
    const std::string second = co_await test.commit(put("path", "1"));
    {
        const git_repository::lock_type lock = co_await repository.lock();
        co_await repository.create_ref(lock, "refs/heads/feature/x", first);
        co_await repository.create_ref(lock, "refs/pr/1", first);
        co_await repository.create_ref(lock, "refs/tags/light", first);
        co_await repository.create_tag(lock, "heavy", first, "a message", someone());
        co_await repository.create_ref(lock, "refs/tags/both", first);
        co_await repository.create_ref(lock, "refs/heads/both", second);
    }
    for (std::string name : {std::string("feature/x"), std::string("refs/heads/feature/x"), std::string("refs/pr/1"),
                             std::string("light"), std::string("heavy"), std::string("refs/tags/heavy"), first, first.substr(0, 7)}) {
        const std::string id = co_await test.head(name);
        INFO(name);
        CHECK(id == first);
    }
    const std::string branch_before_tag = co_await test.head("both");
    CHECK(branch_before_tag == second);
    for (std::string name : {std::string("nothing"), std::string(""), std::string("main~1"), std::string("main^"), std::string("main:path"),
                             std::string("main@{0}"), std::string("@"), std::string("HEAD"), std::string("--all"), std::string("-"),
                             std::string(":/change"), std::string("heads/main"), std::string("refs/heads/"), std::string("refs"),
                             std::string("main\nmain"), std::string("main feature/x"), second.substr(0, 6), std::string(40, '1')}) {
        const std::string id = co_await test.head(name);
        INFO(name);
        CHECK(id == "nothing");
    }
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("branches and tags are made once, listed and deleted", "[git_repository]") {
    fixture test;
    co_await test.create();
    git_repository& repository = *test.repository;
    const std::string head = co_await test.head();
    const git_repository::lock_type lock = co_await repository.lock();
    co_await repository.create_ref(lock, "refs/heads/dev", head);
    co_await repository.create_tag(lock, "v1", head, "first\n\nversion", someone());
    const errc again = co_await failure_of(repository.create_ref(lock, "refs/heads/dev", head));
    CHECK(again == errc::conflict);
    const errc tag_again = co_await failure_of(repository.create_tag(lock, "v1", head, "x", someone()));
    CHECK(tag_again == errc::conflict);
    const errc below = co_await failure_of(repository.create_ref(lock, "refs/heads/dev/x", head));
    CHECK(below == errc::conflict);
    const errc option = co_await failure_of(repository.create_ref(lock, "--stdin", head));
    CHECK(option == errc::invalid_argument);
    std::vector<std::string> names;
    for (const git_ref& ref : co_await repository.refs()) {
        names.push_back(ref.name());
        CHECK(ref.commit() == head);
    }
    CHECK(names == std::vector<std::string>{"refs/heads/dev", "refs/heads/main", "refs/tags/v1"});
    co_await repository.delete_ref(lock, "refs/heads/dev");
    co_await repository.delete_ref(lock, "refs/tags/v1");
    const errc gone = co_await failure_of(repository.delete_ref(lock, "refs/heads/dev"));
    CHECK(gone == errc::revision_not_found);
    const std::vector<git_ref> left = co_await repository.refs();
    CHECK(left.size() == 1);
}

CO_TEST_CASE("reading a blob that is none, or too much, is an error", "[git_repository]") {
    fixture test;
    co_await test.create();
    const std::string commit = co_await test.commit(put("large", std::string(1000, 'x')));
    const auto entry = co_await test.repository->find_entry(commit, "large");
    REQUIRE(entry);
    const errc missing = co_await failure_of(discard(test.repository->read_blob(std::string(40, '1'), 100)));
    CHECK(missing == errc::entry_not_found);
    const errc no_blob = co_await failure_of(discard(test.repository->read_blob(commit, 10'000)));
    CHECK(no_blob == errc::entry_not_found);
    const errc too_large = co_await failure_of(discard(test.repository->read_blob(entry->id(), 900)));
    CHECK(too_large == errc::limit_exceeded);
    const std::string blob = co_await test.repository->read_blob(entry->id(), 1000);
    CHECK(blob == std::string(1000, 'x'));
}

CO_TEST_CASE("content that fails while it is read leaves the branch where it was", "[git_repository]") {
    class failing_source final : public byte_source {
    public:
        std::uint64_t size() const noexcept override { return 300'000; }
        task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
            if (offset > 100'000) throw_error(errc::file_changed, "it changed");
            co_return out.size();
        }
    };
    fixture test;
    co_await test.create();
    const std::string head = co_await test.head();
    const errc failed = co_await failure_of(discard(test.commit(git_change::put("a", std::make_shared<failing_source>()))));
    CHECK(failed == errc::file_changed);
    const std::string after = co_await test.head();
    CHECK(after == head);
    co_await test.commit(put("a", "works"));
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("what a killed git left behind does not stop the next server", "[git_repository]") {
    fixture test;
    co_await test.create();
    const fs::path path = test.repository->path();
    const std::string head = co_await test.head();
    {
        const git_repository::lock_type lock = co_await test.repository->lock();
        co_await test.repository->create_ref(lock, "refs/heads/tmp_branch", head);
    }
    for (const char* leftover : {"refs/heads/main.lock", "HEAD.lock", "packed-refs.lock", "config.lock", "objects/pack/tmp_pack_x1",
                                 "fast_import_crash_42"}) {
        write_file(path / leftover, "half");
    }
    const errc blocked = co_await failure_of(discard(test.commit(put("a", "1"))));
    CHECK(blocked == errc::server_error);
    test.repository = co_await git_repository::open(test.pool, path);
    co_await test.commit(put("a", "1"));
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
    const std::string branch = co_await test.head("tmp_branch");
    CHECK(branch == head);
    CHECK_FALSE(fs::exists(path / "objects/pack/tmp_pack_x1"));
    const errc nowhere = co_await failure_of(discard(git_repository::open(test.pool, test.folder / "nowhere")));
    CHECK(nowhere == errc::repository_not_found);
}

CO_TEST_CASE("a commit that is cut at any byte leaves the old branch and a clean repository", "[git_repository]") {
    fixture test;
    co_await test.create();
    co_await test.commit(put("old/file", "1"));
    const std::string head = co_await test.head();
    std::vector<git_change> changes;
    changes.push_back(put("sub/.gitignore", "hello"));
    changes.push_back(git_change::remove("old/file"));
    // What fast-import sees when the server is killed: the first n bytes of its input. It then ends its last line by itself.
    const std::string stream = detail::import_blob(0, 5) + "hello\n" +
                               detail::import_commit("refs/heads/main", head, changes, "m", someone()) + "done\n";
    for (std::size_t length = 0; length < stream.size() - 1; ++length) {
        child_command command = test.repository->git("fast-import");
        command.argument("--quiet").argument("--done").input(stream.substr(0, length));
        const child_result result = co_await run_child(command, 10'000);
        INFO(stream.substr(0, length));
        CHECK(result.exit_code() != 0);
        const std::string now = co_await test.head();
        CHECK(now == head);
    }
    test.repository = co_await git_repository::open(test.pool, test.repository->path());
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a server that is killed in the middle of commits leaves one that fsck accepts", "[git_repository]") {
    fixture test;
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

CO_TEST_CASE("a clone by path is what was committed, also after many commits", "[git_repository]") {
    fixture test;
    co_await test.create();
    for (int i = 0; i < 40; ++i) co_await test.commit(put("f" + std::to_string(i % 7), std::to_string(i)));
    const auto expected = co_await test.files();
    const fs::path clone = test.folder / "clone";
    std::vector<std::string> arguments;
    for (const char* word : {"-c", "safe.directory=*", "clone", "--quiet"}) arguments.emplace_back(word);
    arguments.push_back(test.repository->path().string());
    arguments.push_back(clone.string());
    const child_result result = co_await test.git(arguments);
    CHECK(result.errors() == "");
    CHECK(result.exit_code() == 0);
    for (const auto& [path, content] : expected) {
        std::ostringstream text;
        text << std::ifstream(clone / path, std::ios::binary).rdbuf();
        INFO(path);
        CHECK(text.str() == content);
    }
}

CO_TEST_CASE("a listing of a hundred thousand files is read", "[git_repository]") {
    fixture test;
    co_await test.create();
    std::vector<git_change> changes;
    const std::shared_ptr<byte_source> content = memory_source(std::string("same"));
    for (int i = 0; i < 100'000; ++i) {
        changes.push_back(git_change::put("d" + std::to_string(i / 1000) + "/f" + std::to_string(i), content));
    }
    const std::string commit = co_await test.commit(std::move(changes));
    const std::vector<git_tree_entry> tree = co_await test.repository->read_tree(commit);
    CHECK(tree.size() == 100'101);
}
