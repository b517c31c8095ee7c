#pragma once

#include <hubpush/fs/file_system.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hubpush::inline v0 {

namespace detail {

inline bool is_nothing_there(int code) noexcept { return code == ENOENT || code == ENOTDIR; }

/// Turns an `errno` into an exception that names the path.
[[noreturn]] inline void throw_file_error(int code, std::string_view what, const std::filesystem::path& path) {
    const std::error_code system(code, std::generic_category());
    const std::string text = std::string(what) + " '" + path.string() + "': " + system.message();
    error_details details = error_details().file(path.string());
    if (code == EMFILE || code == ENFILE) {
        details.retryable(true).hint("too many files are open: close some, or raise the limit (ulimit -n)");
    }
    throw_error(is_nothing_there(code) ? errc::file_not_found : errc::file_unreadable, text, std::move(details));
}

inline file_type type_of_mode(mode_t mode) noexcept {
    if (S_ISREG(mode)) return file_type::regular;
    if (S_ISDIR(mode)) return file_type::directory;
    return S_ISLNK(mode) ? file_type::symlink : file_type::other;
}

inline std::int64_t nanoseconds(const timespec& time) noexcept {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

inline file_identity identity_of_stat(const struct stat& info) noexcept {
    return file_identity(info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
                         nanoseconds(info.st_ctim));
}

class file_descriptor {
public:
    explicit file_descriptor(int value) noexcept : value_(value) {}
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;
    ~file_descriptor() { ::close(value_); }
    int get() const noexcept { return value_; }

private:
    int value_;
};

class posix_open_file final : public open_file {
public:
    posix_open_file(int descriptor, std::filesystem::path path) : descriptor_(descriptor), path_(std::move(path)) {
        opened_ = stat_now();
        if (S_ISREG(opened_.st_mode)) return;
        throw_error(errc::file_unreadable, "'" + path_.string() + "' is not a regular file",
                    error_details().file(path_.string()));
    }

    file_identity identity() override {
        struct stat now = stat_now();
        if (now.st_nlink == 0) now.st_ctim = opened_.st_ctim;
        return identity_of_stat(now);
    }

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
        const auto pread_once = [this](void* to, std::size_t size, off_t at) {
            return ::pread(descriptor_.get(), to, size, at);
        };
        const auto [done, code] = pread_fully(offset, out, pread_once);
        if (code != 0) throw_file_error(code, "cannot read", path_);
        return done;
    }

private:
    struct stat stat_now() const {
        struct stat info{};
        if (::fstat(descriptor_.get(), &info) != 0) throw_file_error(errno, "cannot examine", path_);
        return info;
    }

    file_descriptor descriptor_;
    std::filesystem::path path_;
    struct stat opened_{};
};

/// A folder that is being listed.
class open_folder {
public:
    explicit open_folder(const std::filesystem::path& path) : path_(path), stream_(::opendir(path.c_str())) {
        if (stream_ == nullptr) throw_file_error(errno, "cannot open folder", path);
    }
    open_folder(const open_folder&) = delete;
    open_folder& operator=(const open_folder&) = delete;
    ~open_folder() { ::closedir(stream_); }

    const dirent* next() {
        errno = 0;
        const dirent* const entry = ::readdir(stream_);
        if (entry == nullptr && errno != 0) throw_file_error(errno, "cannot read folder", path_);
        return entry;
    }

    /// The type of an entry; asks the file system only where the listing does not tell.
    file_type type(const dirent& entry) const {
        switch (entry.d_type) {
            case DT_REG:
                return file_type::regular;
            case DT_DIR:
                return file_type::directory;
            case DT_LNK:
                return file_type::symlink;
            case DT_UNKNOWN:
                return stat_type(entry, AT_SYMLINK_NOFOLLOW);
            default:
                return file_type::other;
        }
    }

    file_type target(const dirent& entry) const { return stat_type(entry, 0); }

private:
    file_type stat_type(const dirent& entry, int flags) const {
        struct stat info{};
        if (::fstatat(::dirfd(stream_), entry.d_name, &info, flags) == 0) return type_of_mode(info.st_mode);
        if (is_nothing_there(errno) || errno == ELOOP) return file_type::missing;
        throw_file_error(errno, "cannot examine", path_ / entry.d_name);
    }

    const std::filesystem::path& path_;
    DIR* stream_;
};

class posix_files final : public file_system {
public:
    std::unique_ptr<open_file> open(const std::filesystem::path& path) override {
        int descriptor = -1;
        do {
            descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        } while (descriptor < 0 && errno == EINTR);
        if (descriptor < 0) throw_file_error(errno, "cannot open", path);
        return std::make_unique<posix_open_file>(descriptor, path);
    }

    file_status status(const std::filesystem::path& path) override {
        struct stat info{};
        if (::stat(path.c_str(), &info) != 0) {
            if (is_nothing_there(errno) || errno == ELOOP) return file_status();
            throw_file_error(errno, "cannot examine", path);
        }
        const file_type type = type_of_mode(info.st_mode);
        return file_status(type, type == file_type::regular ? identity_of_stat(info) : file_identity());
    }

    std::vector<folder_entry> list(const std::filesystem::path& path) override {
        open_folder folder(path);
        std::vector<folder_entry> entries;
        while (const dirent* const entry = folder.next()) {
            const std::string_view name = entry->d_name;
            if (name == "." || name == "..") continue;
            const file_type type = folder.type(*entry);
            if (type == file_type::missing) continue;  // gone in the meantime
            entries.emplace_back(std::string(name), type, type == file_type::symlink ? folder.target(*entry) : type);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const folder_entry& left, const folder_entry& right) { return left.name() < right.name(); });
        return entries;
    }

    std::filesystem::path canonical(const std::filesystem::path& path) override {
        const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
        if (!resolved) throw_file_error(errno, "cannot find", path);
        return resolved.get();
    }
};

}  // namespace detail

HUBPUSH_DECL std::shared_ptr<file_system> posix_file_system() { return std::make_shared<detail::posix_files>(); }

}  // namespace hubpush::inline v0
