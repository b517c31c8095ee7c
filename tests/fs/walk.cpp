#include <hubpush/fs/walk.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "failing_files.hpp"
#include "temporary_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

using hubpush::errc;
using hubpush::folder_walk;
using hubpush::path_filter;
using hubpush_test::failing_files;
using hubpush_test::temporary_folder;

namespace {

/// All that a walk gives: "path" or "path^" for a file that leaves the root, then "(path)" for what is skipped.
std::string walk(std::shared_ptr<hubpush::file_system> files, const std::filesystem::path& root,
                 path_filter filter = path_filter(), std::size_t most = 3) {
    folder_walk walking(files, root, std::move(filter));
    std::string seen;
    std::string skipped;
    for (;;) {
        const std::vector<hubpush::walked_file> batch = walking.next(most);
        CHECK(batch.size() <= most);
        for (const hubpush::walked_file& file : batch) {
            seen += file.path() + (file.leaves_root() ? "^ " : " ");
            CHECK(file.location().is_absolute());
            CHECK(files->open(file.location())->identity() == file.identity());
        }
        for (const hubpush::skipped_entry& entry : walking.take_skipped())
            skipped += "(" + entry.path() + ": " + entry.reason() + ") ";
        if (batch.empty()) break;
    }
    CHECK(walking.next(most).empty());
    CHECK(walking.take_skipped().empty());
    return seen + skipped;
}

std::optional<hubpush::error> walk_error(std::shared_ptr<hubpush::file_system> files, const std::filesystem::path& root,
                                         path_filter filter = path_filter()) {
    folder_walk walking(std::move(files), root, std::move(filter));
    try {
        while (!walking.next(100).empty()) {
        }
    } catch (const hubpush::error& failure) {
        return failure;
    }
    return std::nullopt;
}

path_filter ignoring(std::vector<std::string> patterns) { return path_filter(std::nullopt, patterns); }

std::shared_ptr<failing_files> tree(const std::vector<std::string>& names) {
    auto files = std::make_shared<failing_files>();
    for (const std::string& name : names) files->write(name, name);
    return files;
}

}  // namespace

TEST_CASE("files come in the order of their path components, hidden ones too, empty folders vanish") {
    const auto files = tree({"/r/a-b", "/r/a/z", "/r/a/y/1", "/r/a.txt", "/r/.hidden", "/r/B", "/r/a/y-1",
                             "/r/\xc3\xa9/x", "/r/.d/.f", "/other"});
    files->make_folder("/r/empty/inside");
    const std::string all = ".d/.f .hidden B a/y/1 a/y-1 a/z a-b a.txt \xc3\xa9/x ";
    for (const std::size_t most : {1U, 2U, 3U, 9U, 1000U}) CHECK(walk(files, "/r", path_filter(), most) == all);
    CHECK(walk(files, "/r/empty") == "");
}

TEST_CASE("a filter decides on paths relative to the folder, and ignored folders are not even listed") {
    const auto files = tree({"/r/.git/config", "/r/a.bin", "/r/logs/a.bin", "/r/logs/sub/b.bin", "/r/sub/.git/x",
                             "/r/sub/c.txt", "/r/sub/d.bin"});
    CHECK(walk(files, "/r", path_filter(std::vector<std::string>{"*.bin"}, {"logs/"})) == "a.bin sub/d.bin ");
    CHECK(walk(files, "/r", path_filter(std::vector<std::string>{}, {})) == "");
    const std::size_t before = files->calls();
    CHECK(walk_error(files, "/r", ignoring({"*"})) == std::nullopt);
    CHECK(files->calls() - before == 3);  // canonical, status and list of the root
}

TEST_CASE("links to files are followed, those that leave the folder say so, other links are skipped and reported") {
    const auto files = tree({"/r/file", "/r/folder/inside", "/blobs/aa", "/root/file", "/r2/file"});
    files->make_link("/r/in", "folder/inside");
    files->make_link("/r/out", "/blobs/aa");
    files->make_link("/r/beside", "/r2/file");
    files->make_link("/r/twice", "out");
    files->make_link("/r/back", "../r/file");
    files->make_link("/r/to-folder", "folder");
    files->make_link("/r/to-parent", "..");
    files->make_link("/r/to-itself", "to-itself");
    files->make_link("/r/nowhere", "missing");
    files->make_link("/r/folder/up", ".");
    files->make_other("/r/pipe");
    files->make_link("/r/to-pipe", "pipe");
    files->make_link("/link-to-r", "/r");
    const std::string all =
        "back beside^ file folder/inside in out^ twice^ (folder/up: a link to a folder) "
        "(nowhere: a link that leads nowhere) (pipe: a socket, a pipe or a device) "
        "(to-folder: a link to a folder) (to-itself: a link that leads nowhere) "
        "(to-parent: a link to a folder) (to-pipe: a socket, a pipe or a device) ";
    CHECK(walk(files, "/r") == all);
    CHECK(walk(files, "/link-to-r") == all);
    CHECK(walk(files, "/r", ignoring({"to-folder", "to-p*", "to-itself", "pipe", "nowhere", "folder/", "b*"})) ==
          "file in out^ twice^ (to-folder: a link to a folder) ");
}

TEST_CASE("with outside_links::skip the walk never leaves the folder") {
    const auto files = tree({"/r/file", "/blobs/aa", "/r2/file"});
    files->make_link("/r/in", "file");
    files->make_link("/r/out", "/blobs/aa");
    files->make_link("/r/twice", "out");
    files->make_link("/r/beside", "../r2/file");
    folder_walk walking(files, "/r", ignoring({"beside"}), hubpush::outside_links::skip);
    std::string seen;
    for (const hubpush::walked_file& file : walking.next(100)) seen += file.path() + " ";
    CHECK(seen == "file in ");
    const std::vector<hubpush::skipped_entry> skipped = walking.take_skipped();
    REQUIRE(skipped.size() == 2);
    CHECK(skipped[0].path() == "out");
    CHECK(skipped[1].path() == "twice");
    CHECK(skipped[1].reason() == "a link that leads out of the folder");
}

TEST_CASE("a link within the root of all files does not leave it") {
    const auto files = tree({"/file"});
    files->make_link("/link", "file");
    CHECK(walk(files, "/") == "file link ");
}

TEST_CASE("a missing root is file_not_found, a root that is a file says what to do instead") {
    const auto files = tree({"/r/file"});
    const auto missing = walk_error(files, "/gone").value();
    CHECK(missing.kind() == errc::file_not_found);
    CHECK_THAT(missing.what(), Catch::Contains("/gone"));
    const auto file = walk_error(files, "/r/file").value();
    CHECK(file.kind() == errc::invalid_argument);
    CHECK_THAT(file.what(), Catch::Contains("/r/file"));
}

TEST_CASE("a name that is not UTF-8 is an error unless it is ignored") {
    for (const std::string name : {"bad\xff", "\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80", "cut\xe2\x82"}) {
        const auto files = tree({"/r/a", "/r/sub/" + name});
        const auto failure = walk_error(files, "/r").value();
        CHECK(failure.kind() == errc::invalid_argument);
        CHECK_THAT(failure.what(), Catch::Contains("sub/") && Catch::Contains("\\x"));
        CHECK(walk(files, "/r", ignoring({"sub/*"})) == "a ");
    }
    CHECK(walk(tree({"/r/\xf0\x9f\x98\x80"}), "/r") == "\xf0\x9f\x98\x80 ");
    const auto folder = tree({"/r/bad\xff/x"});
    CHECK(walk_error(folder, "/r").value().kind() == errc::invalid_argument);
}

TEST_CASE("folders nest to a limit") {
    std::string path = "/r";
    for (std::size_t depth = 0; depth < folder_walk::deepest; ++depth) path += "/d";
    CHECK(walk_error(tree({path + "/file"}), "/r") == std::nullopt);
    CHECK(walk_error(tree({path + "/d/file"}), "/r").value().kind() == errc::limit_exceeded);
}

TEST_CASE("what vanishes during the walk is left out, whenever that happens") {
    const auto plant = [] {
        auto files = tree({"/r/a", "/r/sub/b", "/r/sub/c", "/r/z", "/blob"});
        files->make_link("/r/link", "/blob");
        return files;
    };
    for (const char* victim : {"/r/a", "/r/sub/b", "/r/sub", "/r/link", "/blob"}) {
        std::size_t call = 1;
        for (;; ++call) {
            const auto files = plant();
            files->before_call(call, [&] { files->erase(victim); });
            std::size_t found = 0;
            folder_walk walking(files, "/r", path_filter());
            for (auto batch = walking.next(2); !batch.empty(); batch = walking.next(2)) {
                found += batch.size();
                for (const hubpush::walked_file& file : batch) CHECK(file.identity().size() != 0);
            }
            if (files->calls() < call) break;
            CHECK((found == 5 || found == 4 || (found == 3 && victim == std::string("/r/sub"))));
        }
        CHECK(call > 8);
    }
}

TEST_CASE("a root that vanishes during the walk is an error until it has been listed") {
    for (std::size_t call = 1; call <= 3; ++call) {
        const auto files = tree({"/r/a"});
        files->before_call(call, [&] {
            files->erase("/r/a");
            files->erase("/r");
        });
        CHECK(walk_error(files, "/r").has_value());
    }
}

TEST_CASE("whichever call fails, that is the error") {
    std::size_t call = 1;
    for (;; ++call) {
        const auto files = tree({"/r/a", "/r/sub/b", "/blob"});
        files->make_link("/r/link", "/blob");
        files->fail_call(call, errc::file_unreadable);
        const auto failure = walk_error(files, "/r");
        if (files->calls() < call) break;
        REQUIRE(failure);
        CHECK(failure->kind() == errc::file_unreadable);
    }
    CHECK(call == 9);  // canonical, status, list; status of a; status and canonical of link; list of sub; status of b
}

TEST_CASE("real folders are walked the same") {
    const temporary_folder folder;
    folder.write("r/a/z", "1");
    folder.write("r/a-b", "22");
    folder.write("r/.git/config", "x");
    folder.write("outside", "333");
    const std::filesystem::path root = folder.path() / "r";
    std::filesystem::create_symlink("../outside", root / "link");
    std::filesystem::create_symlink("..", root / "a" / "up");
    std::filesystem::create_symlink("gone", root / "dangling");
    REQUIRE(::mkfifo((root / "pipe").c_str(), 0600) == 0);
    const std::string all =
        "a/z a-b link^ (a/up: a link to a folder) (dangling: a link that leads nowhere) (pipe: a socket, a pipe or a "
        "device) ";
    CHECK(walk(hubpush::posix_file_system(), root) == all);
    CHECK(walk(hubpush::posix_file_system(), root / "a" / ".." / "") == all);
    const auto failure = walk_error(hubpush::posix_file_system(), root / "a-b");
    CHECK(failure.value().kind() == errc::invalid_argument);
}

TEST_CASE("a folder of 100,000 files is walked with one batch in memory") {
    class counted_files final : public hubpush::file_system {
    public:
        std::unique_ptr<hubpush::open_file> open(const std::filesystem::path&) override { return nullptr; }
        hubpush::file_status status(const std::filesystem::path& path) override {
            const bool file = path.extension() == ".bin";
            return hubpush::file_status(file ? hubpush::file_type::regular : hubpush::file_type::directory,
                                        hubpush::file_identity());
        }
        std::vector<hubpush::folder_entry> list(const std::filesystem::path& folder) override {
            const bool top = folder == "/r";
            const hubpush::file_type type = top ? hubpush::file_type::directory : hubpush::file_type::regular;
            std::vector<hubpush::folder_entry> entries;
            for (int i = 100; i < (top ? 200 : 1100); ++i)
                entries.emplace_back(std::to_string(i) + (top ? "" : ".bin"), type, type);
            ++listed;
            return entries;
        }
        std::filesystem::path canonical(const std::filesystem::path& path) override { return path; }
        std::size_t listed = 0;
    };
    const auto files = std::make_shared<counted_files>();
    folder_walk walking(files, "/r", path_filter());
    std::size_t found = 0;
    while (const std::size_t count = walking.next(64).size()) {
        CHECK(count <= 64);
        found += count;
        CHECK(files->listed <= 2 + found / 1000);
    }
    CHECK(found == 100'000);
}
