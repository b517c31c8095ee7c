#include <hubpush/fs/source.hpp>

#include <hubpush/core/error.hpp>

#include "co_test.hpp"
#include "failing_files.hpp"
#include "temporary_folder.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using hubpush::errc;
using hubpush::task;
using hubpush_test::failing_files;
using hubpush_test::temporary_folder;

namespace {

constexpr std::size_t step = 4;
const std::string content = "0123456789";  // three reads, the last one short

task<std::string> read_all(std::shared_ptr<hubpush::byte_source> source) {
    std::string text;
    std::array<std::byte, step> buffer{};
    while (text.size() < source->size()) {
        const std::size_t got = co_await source->read_at(text.size(), buffer);
        text.append(reinterpret_cast<const char*>(buffer.data()), got);
        if (got == 0) break;
    }
    co_return text;
}

/// What came of reading a file: its content, or why not.
struct outcome {
    std::string text;
    std::optional<errc> code;
};

/// Reads `/file` to its end, with threads or without.
outcome read_file(std::shared_ptr<hubpush::file_system> files, hubpush::file_identity expected,
                  std::size_t threads = 0) {
    const auto pool = std::make_shared<hubpush::worker_pool>(threads);
    const auto source = std::make_shared<hubpush::file_source>(std::move(files), pool, "/file", expected);
    outcome result;
    const auto body = [&]() -> task<void> { result.text = co_await read_all(source); };
    try {
        hubpush_test::run_coroutine(body());
    } catch (const hubpush::error& failure) {
        result.code = failure.kind();
        CHECK_FALSE(failure.retryable());  // only whoever writes to the file knows when it is whole again
    }
    return result;
}

/// Changes `/file` before each call in turn; gives what came of it, one letter a call: c for file_changed, n for
/// file_not_found, the content's first letter when it was read to the end ('0' for the old one).
std::string change_before_every_call(std::function<void(failing_files&)> change) {
    std::string outcomes;
    for (std::size_t call = 1;; ++call) {
        const auto files = std::make_shared<failing_files>();
        files->write("/file", content);
        const hubpush::file_identity expected = files->status("/file").identity();
        files->before_call(1 + call, [files = files.get(), &change] { change(*files); });
        const outcome result = read_file(files, expected);
        if (files->calls() < 1 + call) return outcomes;
        CHECK(files->open_files() == 0);
        if (!result.code) CHECK(result.text == content);
        outcomes.push_back(result.code == errc::file_changed     ? 'c'
                           : result.code == errc::file_not_found ? 'n'
                           : result.code                         ? '?'
                                                                 : result.text.at(0));
    }
}

}  // namespace

CO_TEST_CASE("content in memory is read from any place") {
    const auto text = hubpush::memory_source(content);
    CHECK(text->size() == 10);
    CHECK(co_await read_all(text) == content);
    const auto bytes = hubpush::memory_source(std::vector<std::byte>{std::byte{'a'}, std::byte{'b'}});
    CHECK(co_await read_all(bytes) == "ab");
    std::array<std::byte, step> buffer{};
    CHECK(co_await text->read_at(8, buffer) == 2);
    CHECK(co_await text->read_at(10, buffer) == 0);
    CHECK(co_await text->read_at(UINT64_MAX, buffer) == 0);
    CHECK(co_await text->read_at(0, std::span<std::byte>()) == 0);
    const auto nothing = hubpush::memory_source(std::string());
    CHECK(nothing->size() == 0);
    CHECK(co_await nothing->read_at(0, buffer) == 0);
}

TEST_CASE("a file is opened once and read on the pool") {
    const auto files = std::make_shared<failing_files>();
    files->write("/file", content);
    const hubpush::file_identity expected = files->status("/file").identity();
    CHECK(read_file(files, expected, 0).text == content);
    CHECK(files->calls() == 1 + 1 + 3 * 3);  // status; open; three times identity, read, identity
    CHECK(read_file(files, expected, 2).text == content);
    CHECK(files->open_files() == 0);
}

CO_TEST_CASE("a read at or behind the end gives nothing, and still checks the file") {
    const auto files = std::make_shared<failing_files>();
    files->write("/file", content);
    const auto pool = std::make_shared<hubpush::worker_pool>(0);
    hubpush::file_source source(files, pool, "/file", files->status("/file").identity());
    std::array<std::byte, step> buffer{};
    CHECK(co_await source.read_at(10, buffer) == 0);
    CHECK(co_await source.read_at(UINT64_MAX, buffer) == 0);
    CHECK(co_await source.read_at(9, buffer) == 1);
    files->write("/file", content + "more");
    CHECK_THROWS_AS(co_await source.read_at(10, buffer), hubpush::file_changed);
}

TEST_CASE("a file that grows, shrinks or is rewritten at any time is file_changed (FS01)") {
    // Calls: open, then identity, read, identity for each of three reads. Before the last identity is not too late.
    CHECK(change_before_every_call([](failing_files& files) { files.write("/file", content + "x"); }) == "cccccccccc");
    CHECK(change_before_every_call([](failing_files& files) { files.write("/file", "01234"); }) == "cccccccccc");
    CHECK(change_before_every_call([](failing_files& files) { files.write("/file", "9876543210"); }) == "cccccccccc");
    CHECK(change_before_every_call([](failing_files& files) { files.write("/file", ""); }) == "cccccccccc");
}

TEST_CASE("a file that is replaced is read to its end from the descriptor, and file_changed when opened later (FS03)") {
    CHECK(change_before_every_call([](failing_files& files) { files.replace("/file", "9876543210"); }) == "c000000000");
}

TEST_CASE("a file that is deleted is read to its end from the descriptor, and not found when opened later (FS04)") {
    CHECK(change_before_every_call([](failing_files& files) { files.erase("/file"); }) == "n000000000");
}

TEST_CASE("whichever call on the file fails, that is the error, and nothing stays open (FS05, FS06)") {
    std::size_t call = 1;
    for (;; ++call) {
        const auto files = std::make_shared<failing_files>();
        files->write("/file", content);
        const hubpush::file_identity expected = files->status("/file").identity();
        files->fail_call(1 + call, errc::file_unreadable);
        const outcome result = read_file(files, expected, call % 2);
        CHECK(files->open_files() == 0);
        if (files->calls() < 1 + call) break;
        CHECK(result.code == errc::file_unreadable);
    }
    CHECK(call == 11);
}

TEST_CASE("a file without a size that holds bytes all the same is file_changed (FS09)") {
    if (!std::filesystem::exists("/proc/self/status")) FAIL("this test needs /proc");
    const auto files = hubpush::posix_file_system();
    const std::filesystem::path path = "/proc/self/status";
    const auto pool = std::make_shared<hubpush::worker_pool>(0);
    hubpush::file_source source(files, pool, path, files->open(path)->identity());
    REQUIRE(source.size() == 0);
    std::array<std::byte, step> buffer{};
    const auto body = [&]() -> task<void> { co_await source.read_at(0, buffer); };
    CHECK_THROWS_AS(hubpush_test::run_coroutine(body()), hubpush::error);
}

TEST_CASE("real files: an empty one is read, a replaced one is read to its end and refused when opened again") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const auto pool = std::make_shared<hubpush::worker_pool>(1);
    const auto open = [&](const std::filesystem::path& path) {
        return std::make_shared<hubpush::file_source>(files, pool, path, files->status(path).identity());
    };
    const auto read = [](std::shared_ptr<hubpush::byte_source> source) {
        std::string text;
        const auto body = [&]() -> task<void> { text = co_await read_all(source); };
        hubpush_test::run_coroutine(body());
        return text;
    };
    CHECK(read(open(folder.write("empty", ""))) == "");
    const std::filesystem::path path = folder.write("file", content);
    const auto early = open(path);
    const auto late = open(path);
    const auto begin = [&]() -> task<void> {
        std::array<std::byte, step> buffer{};
        co_await early->read_at(0, buffer);
    };
    hubpush_test::run_coroutine(begin());
    std::filesystem::rename(folder.write("new", "9876543210"), path);
    CHECK(read(early) == content);  // the descriptor that was open; it is closed at the end
    CHECK_THROWS_AS(read(early), hubpush::file_changed);
    CHECK_THROWS_AS(read(late), hubpush::file_changed);
    CHECK(read(open(path)) == "9876543210");
}

TEST_CASE("real files: one that is rewritten in place is file_changed") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const auto pool = std::make_shared<hubpush::worker_pool>(0);
    const std::filesystem::path path = folder.write("file", content);
    hubpush::file_source source(files, pool, path, files->status(path).identity());
    const auto body = [&]() -> task<void> {
        std::array<std::byte, step> buffer{};
        co_await source.read_at(0, buffer);
        const auto before = std::filesystem::last_write_time(path);
        folder.write("file", "9876543210");
        std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
        co_await source.read_at(step, buffer);
    };
    CHECK_THROWS_AS(hubpush_test::run_coroutine(body()), hubpush::file_changed);
}
