#include <hubpush/fs/file_system.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using hubpush::errc;
using hubpush::file_type;
using hubpush_test::temporary_folder;

namespace {

/// The error that `action` throws.
std::optional<hubpush::error> error_from(const std::function<void()>& action) {
    try {
        action();
    } catch (const hubpush::error& failure) {
        return failure;
    }
    return std::nullopt;
}

std::string read(hubpush::open_file& file, std::uint64_t offset, std::size_t size) {
    std::string text(size, '\0');
    text.resize(file.read_at(offset, std::as_writable_bytes(std::span(text))));
    return text;
}

void make_socket(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(path.string().size() < sizeof address.sun_path);
    std::strcpy(address.sun_path, path.c_str());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(descriptor);
}

}  // namespace

TEST_CASE("a file is read from any place") {
    const temporary_folder folder;
    const auto file = hubpush::posix_file_system()->open(folder.write("file", "0123456789"));
    CHECK(file->identity().size() == 10);
    CHECK(read(*file, 0, 10) == "0123456789");
    CHECK(read(*file, 7, 10) == "789");
    CHECK(read(*file, 10, 10) == "");
    CHECK(read(*file, UINT64_MAX, 10) == "");
    CHECK(read(*file, 3, 0) == "");
}

TEST_CASE("an open file is not inherited by other programs") {
    const temporary_folder folder;
    const int next = ::dup(0);
    ::close(next);
    const auto file = hubpush::posix_file_system()->open(folder.write("file", "x"));
    CHECK((::fcntl(next, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("interrupted and short reads are repeated, errors end them (FS06)") {
    // One step per call: what the system gives, or minus an errno.
    const auto run = [](std::vector<int> script) {
        std::vector<std::byte> buffer(10);
        std::string trace;
        std::size_t next = 0;
        const auto pread_once = [&](std::byte*, std::size_t size, off_t offset) -> ssize_t {
            trace += std::to_string(offset) + "+" + std::to_string(size) + " ";
            const int step = next < script.size() ? script[next++] : 0;
            errno = step < 0 ? -step : 0;
            return step < 0 ? -1 : step;
        };
        const auto [done, code] = hubpush::detail::pread_fully(100, buffer, pread_once);
        return trace + "-> " + std::to_string(done) + " " + std::to_string(code);
    };
    CHECK(run({10}) == "100+10 -> 10 0");
    CHECK(run({3, -EINTR, 6, 1}) == "100+10 103+7 103+7 109+1 -> 10 0");
    CHECK(run({4, 0}) == "100+10 104+6 -> 4 0");
    CHECK(run({4, -EIO}) == "100+10 104+6 -> 4 " + std::to_string(EIO));
    CHECK(run({-EINTR, -EINTR, -ESTALE}) == "100+10 100+10 100+10 -> 0 " + std::to_string(ESTALE));
}

TEST_CASE("a sparse file of 500 GB is read at its end (FS10)") {
    const temporary_folder folder;
    const std::filesystem::path path = folder.write("big", "");
    std::filesystem::resize_file(path, 500'000'000'000);
    const auto file = hubpush::posix_file_system()->open(path);
    CHECK(file->identity().size() == 500'000'000'000);
    CHECK(read(*file, 499'999'999'999, 10) == std::string(1, '\0'));
}

TEST_CASE("what is no regular file is not opened, and a pipe without a writer does not block (FS09)") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
    make_socket(folder.path() / "socket");
    std::filesystem::create_directory(folder.path() / "folder");
    for (const std::filesystem::path& path : {folder.path() / "pipe", folder.path() / "socket",
                                              folder.path() / "folder", std::filesystem::path("/dev/null")}) {
        const auto failure = error_from([&] { files->open(path); });
        REQUIRE(failure);
        CHECK(failure->kind() == errc::file_unreadable);
        CHECK_THAT(failure->what(), Catch::Contains(path.string()));
        CHECK(failure->file() == path.string());
        const hubpush::file_status status = files->status(path);
        CHECK(status.type() == (path.filename() == "folder" ? file_type::directory : file_type::other));
        CHECK(status.identity() == hubpush::file_identity());
    }
}

TEST_CASE("what is not there is file_not_found, what is there and unusable is file_unreadable") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const std::filesystem::path file = folder.write("file", "x");
    const std::filesystem::path missing = folder.path() / "missing";
    const std::filesystem::path loop = folder.path() / "loop";
    const std::filesystem::path overlong = folder.path() / std::string(300, 'x');
    std::filesystem::create_symlink("loop", loop);
    using call = std::function<void(const std::filesystem::path&)>;
    const std::vector<call> calls = {[&](const auto& path) { files->open(path); },
                                     [&](const auto& path) { files->list(path); },
                                     [&](const auto& path) { files->canonical(path); }};
    for (const call& each : calls) {
        const auto kind = [&](const std::filesystem::path& path) {
            return error_from([&] { each(path); }).value().kind();
        };
        CHECK(kind(missing) == errc::file_not_found);
        CHECK(kind(missing / "below") == errc::file_not_found);
        CHECK(kind(file / "below") == errc::file_not_found);
        CHECK(kind("") == errc::file_not_found);
        CHECK(kind(loop) == errc::file_unreadable);
        CHECK(kind(overlong) == errc::file_unreadable);
        CHECK(error_from([&] { each(missing); }).value().file() == missing.string());
    }
    CHECK(files->status(missing).type() == file_type::missing);
    CHECK(files->status(file / "below").type() == file_type::missing);
    CHECK(files->status(loop).type() == file_type::missing);
    CHECK(error_from([&] { files->status(overlong); }).value().kind() == errc::file_unreadable);
}

TEST_CASE("a process without free descriptors gets a retryable error that says what to do") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const std::filesystem::path file = folder.write("file", "x");
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto opening = error_from([&] { files->open(file); });
    const auto listing = error_from([&] { files->list(folder.path()); });
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (const auto& failure : {opening, listing}) {
        REQUIRE(failure);
        CHECK(failure->kind() == errc::file_unreadable);
        CHECK(failure->retryable());
        CHECK_THAT(failure->hint(), Catch::Contains("ulimit"));
    }
}

TEST_CASE("a listing is sorted by bytes and knows what is behind links") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    folder.write("b", "x");
    folder.write("B/inside", "x");
    folder.write("a-b", "x");
    folder.write(".hidden", "x");
    folder.write("\xc3\xa9", "x");
    REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
    make_socket(folder.path() / "socket");
    for (const auto& [name, target] :
         {std::pair("to-file", "b"), std::pair("to-folder", "B"), std::pair("to-nothing", "missing"),
          std::pair("to-itself", "to-itself"), std::pair("to-pipe", "pipe"), std::pair("to-link", "to-file")}) {
        std::filesystem::create_symlink(target, folder.path() / name);
    }
    std::string listed;
    for (const hubpush::folder_entry& entry : files->list(folder.path())) {
        listed += entry.name() + ":" + std::to_string(static_cast<int>(entry.type())) +
                  std::to_string(static_cast<int>(entry.target())) + " ";
    }
    // 0 regular, 1 directory, 2 symlink, 3 other, 4 missing
    CHECK(listed ==
          ".hidden:00 B:11 a-b:00 b:00 pipe:33 socket:33 to-file:20 to-folder:21 to-itself:24 to-link:20 to-nothing:24 "
          "to-pipe:23 "
          "\xc3\xa9:00 ");
}

TEST_CASE("an identity changes with the file and only with the file") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const std::filesystem::path path = folder.write("file", "0123456789");
    std::filesystem::create_symlink("file", folder.path() / "link");
    const auto file = files->open(path);
    const hubpush::file_identity before = file->identity();
    CHECK(files->status(path).type() == file_type::regular);
    CHECK(files->status(path).identity() == before);
    CHECK(files->status(folder.path() / "link").identity() == before);
    CHECK_FALSE(files->status(folder.write("other", "0123456789")).identity() == before);

    std::filesystem::remove(path);
    CHECK(file->identity() == before);
    CHECK(read(*file, 0, 10) == "0123456789");
    folder.write("file", "0123456789");
    CHECK_FALSE(files->status(path).identity() == before);
}

TEST_CASE("a canonical path has no links") {
    const temporary_folder folder;
    const auto files = hubpush::posix_file_system();
    const std::filesystem::path real = std::filesystem::canonical(folder.write("a/b/file", "x"));
    std::filesystem::create_symlink("a/b", folder.path() / "link");
    CHECK(files->canonical(folder.path() / "link" / "." / "file") == real);
    CHECK(files->canonical(folder.path() / "link" / ".." / "b" / "file") == real);
}
