#include <hubpush/local_hub/git_repository.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "git_fixture.hpp"

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace hubpush;
using namespace hubpush_test;
namespace fs = std::filesystem;

}  // namespace

CO_TEST_CASE("a new repository has one commit with only its attributes", "[git_repository]") {
    git_fixture test;
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
    git_fixture test;
    test.folder.write("repository.git.new/objects/pack/tmp_pack_1", "half");
    test.folder.write("repository.git.new/config.lock", "");
    co_await test.create();
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("a tree lists folders too", "[git_repository]") {
    git_fixture test;
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
}

CO_TEST_CASE("a commit on another head than the current one is refused and changes nothing", "[git_repository]") {
    git_fixture test;
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
    co_await test.repository->create_ref(lock, "refs/heads/behind", old_head);
    const errc ahead = co_await commit_on("refs/heads/behind", new_head);
    CHECK(ahead == errc::conflict);
    const errc missing = co_await commit_on("refs/heads/other", new_head);
    CHECK(missing == errc::revision_not_found);
    const errc no_branch = co_await commit_on("HEAD", new_head);
    CHECK(no_branch == errc::invalid_argument);
    const std::string head = co_await test.head();
    CHECK(head == new_head);
}

CO_TEST_CASE("writing needs the lock", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    const std::string head = co_await test.head();
    const git_repository::lock_type none;
    const errc refused = co_await failure_of(test.repository->create_ref(none, "refs/heads/x", head));
    CHECK(refused == errc::internal);
}

CO_TEST_CASE("bad paths and messages are refused before anything happens", "[git_repository]") {
    git_fixture test;
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
    git_fixture test;
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

CO_TEST_CASE("the log gives titles, messages, authors and dates, a page at a time", "[git_repository]") {
    git_fixture test;
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
    git_fixture test;
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
    git_fixture test;
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
    for (std::string name :
         {std::string("feature/x"), std::string("refs/heads/feature/x"), std::string("refs/pr/1"), std::string("light"),
          std::string("heavy"), std::string("refs/tags/heavy"), first, first.substr(0, 7)}) {
        const std::string id = co_await test.head(name);
        INFO(name);
        CHECK(id == first);
    }
    const std::string branch_before_tag = co_await test.head("both");
    CHECK(branch_before_tag == second);
    for (std::string name : {std::string("nothing"), std::string(""), std::string("main~1"), std::string("main^"),
                             std::string("main:path"), std::string("main@{0}"), std::string("@"), std::string("HEAD"),
                             std::string("--all"), std::string("-"), std::string(":/change"), std::string("heads/main"),
                             std::string("refs/heads/"), std::string("refs"), std::string("main\nmain"),
                             std::string("main feature/x"), second.substr(0, 6), std::string(40, '1')}) {
        const std::string id = co_await test.head(name);
        INFO(name);
        CHECK(id == "nothing");
    }
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("branches and tags are made once, listed and deleted", "[git_repository]") {
    git_fixture test;
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
    git_fixture test;
    co_await test.create();
    const std::string commit = co_await test.commit(put("large", std::string(1000, 'x')));
    const auto entry = co_await test.find_entry(commit, "large");
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

CO_TEST_CASE("what a killed git left behind does not stop the next server", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    const fs::path path = test.repository->path();
    const std::string head = co_await test.head();
    {
        const git_repository::lock_type lock = co_await test.repository->lock();
        co_await test.repository->create_ref(lock, "refs/heads/tmp_branch", head);
    }
    for (const char* leftover : {"refs/heads/main.lock", "HEAD.lock", "packed-refs.lock", "config.lock",
                                 "objects/pack/tmp_pack_x1", "fast_import_crash_42"}) {
        test.folder.write(fs::path("repository.git") / leftover, "half");
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
    const errc nowhere = co_await failure_of(discard(git_repository::open(test.pool, test.folder.path() / "nowhere")));
    CHECK(nowhere == errc::repository_not_found);
}

CO_TEST_CASE("a clone by path is what was committed, also after many commits", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    for (int i = 0; i < 40; ++i) co_await test.commit(put("f" + std::to_string(i % 7), std::to_string(i)));
    const auto expected = co_await test.files();
    const fs::path clone = test.folder.path() / "clone";
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
    git_fixture test;
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

CO_TEST_CASE("a merge gives a tree, or names what is in conflict", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    const std::string base = co_await test.head();
    const std::string ours = co_await test.commit(put("ours", "1"));
    const auto lock = co_await test.repository->lock();
    std::vector<git_change> changes(1, put("theirs", "2"));
    const std::string theirs =
        co_await test.repository->commit_to_new_ref(lock, "refs/pr/1", base, std::move(changes), "pr", someone());
    const git_merge merged = co_await test.repository->merge(ours, theirs);
    CHECK(merged.conflicts().empty());
    CHECK_FALSE(merged.unchanged());
    const std::string commit = co_await test.repository->commit_tree(lock, merged.tree(), ours, "both", someone());
    co_await test.repository->move_ref(lock, "refs/heads/main", ours, commit);
    const auto files = co_await test.files();
    CHECK(files.size() == 3);
    const git_merge again = co_await test.repository->merge(commit, theirs);
    CHECK(again.unchanged());
    std::vector<git_change> other(1, put("ours", "3"));
    const std::string against =
        co_await test.repository->commit_to_new_ref(lock, "refs/pr/2", base, std::move(other), "pr", someone());
    const git_merge conflict = co_await test.repository->merge(commit, against);
    CHECK(conflict.conflicts() == std::vector<std::string>{"ours"});
    const std::string difference = co_await test.repository->diff(base, theirs, 10'000);
    CHECK(difference.find("+2") != std::string::npos);
    const git_log_page own = co_await test.repository->log(commit, 10, 0, base);
    CHECK(own.total() == 2);
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("refs are made once and moved only from where they are", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    const std::string first = co_await test.head();
    const std::string second = co_await test.commit(put("a", "1"));
    const auto lock = co_await test.repository->lock();
    std::vector<git_change> changes(1, put("b", "2"));
    const errc taken = co_await failure_of(discard(
        test.repository->commit_to_new_ref(lock, "refs/heads/main", first, std::move(changes), "x", someone())));
    CHECK(taken == errc::conflict);
    const errc moved = co_await failure_of(test.repository->move_ref(lock, "refs/heads/main", first, second));
    CHECK(moved == errc::conflict);
    const std::string tree = co_await test.repository->empty_tree(lock);
    const std::string root = co_await test.repository->commit_tree(lock, tree, "", "begin\n\nanew", someone());
    co_await test.repository->move_ref(lock, "refs/heads/main", second, root);
    const git_log_page log = co_await test.repository->log(root, 10, 0);
    CHECK(log.total() == 1);
    CHECK(log.commits().at(0).title() == "begin");
    const auto files = co_await test.files();
    CHECK(files.empty());
    const std::string complaints = co_await test.fsck();
    CHECK(complaints == "");
}

CO_TEST_CASE("the last commit that changed a path is found", "[git_repository]") {
    git_fixture test;
    co_await test.create();
    const std::string first = co_await test.commit(put("d/a", "1"), "first");
    const std::string second = co_await test.commit(put("b", "1"), "second");
    const auto of_folder = co_await test.repository->last_change(second, "d");
    CHECK(of_folder.value().id() == first);
    const auto of_all = co_await test.repository->last_change(second, "");
    CHECK(of_all.value().id() == second);
    const auto of_nothing = co_await test.repository->last_change(second, "none");
    CHECK_FALSE(of_nothing.has_value());
}
