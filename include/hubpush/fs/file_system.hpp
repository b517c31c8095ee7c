#pragma once

/// \file
/// The file system as a seam: positional reads, metadata and listings. Production is POSIX; tests fail its n-th call or
/// change a file between two of them (spec/reliability.md §3.1, §3.7).

#include <hubpush/core/config.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace hubpush::inline v0 {

enum class file_type { regular, directory, symlink, other, missing };

/// What tells whether a file is still the same one: compared, never interpreted.
class file_identity {
public:
    file_identity() = default;
    /// Times in nanoseconds since the epoch: of the last write, and of the last change of the inode.
    file_identity(std::uint64_t device, std::uint64_t inode, std::uint64_t size, std::int64_t modified_ns,
                  std::int64_t changed_ns)
        : device_(device), inode_(inode), size_(size), modified_ns_(modified_ns), changed_ns_(changed_ns) {}

    std::uint64_t size() const noexcept { return size_; }
    friend bool operator==(const file_identity&, const file_identity&) = default;

private:
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
    std::uint64_t size_ = 0;
    std::int64_t modified_ns_ = 0;
    std::int64_t changed_ns_ = 0;
};

/// An open regular file. All functions block; call them on a worker pool. Used by one thread at a time.
class open_file {
public:
    virtual ~open_file() = default;
    /// As the file is now. Removing the last name of an open file (which replacing it by rename does) changes its inode
    /// but not its content: from then on the change time is the one it had when it was opened (FS03, FS04).
    virtual file_identity identity() = 0;
    /// Reads until `out` is full or the file ends; short reads and interrupted calls are repeated. Throws
    /// `errc::file_unreadable`.
    virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// One entry of a folder. `type` is that of the entry itself (a link is a link); `target` is that behind links,
/// `missing` for dangling links and loops.
class folder_entry {
public:
    folder_entry() = default;
    folder_entry(std::string name, file_type type, file_type target)
        : name_(std::move(name)), type_(type), target_(target) {}
    const std::string& name() const noexcept { return name_; }
    file_type type() const noexcept { return type_; }
    file_type target() const noexcept { return target_; }

private:
    std::string name_;
    file_type type_ = file_type::missing;
    file_type target_ = file_type::missing;
};

/// What a path leads to, links followed. The identity is that of a regular file, and empty for anything else.
class file_status {
public:
    file_status() = default;
    file_status(file_type type, file_identity identity) : type_(type), identity_(identity) {}
    file_type type() const noexcept { return type_; }
    const file_identity& identity() const noexcept { return identity_; }

private:
    file_type type_ = file_type::missing;
    file_identity identity_;
};

/// All functions block; call them on a worker pool. Every error names the path; a process that is out of descriptors
/// gets a retryable one. Thread-safe.
class file_system {
public:
    virtual ~file_system() = default;
    /// Opens for reading, close-on-exec, never blocking on a pipe. Throws `errc::file_not_found`, or `file_unreadable`
    /// also for anything that is not a regular file after following links.
    virtual std::unique_ptr<open_file> open(const std::filesystem::path& path) = 0;
    /// What is behind links, without opening it; `missing` when there is nothing. Throws `file_unreadable`.
    virtual file_status status(const std::filesystem::path& path) = 0;
    /// The entries of a folder, without `.` and `..`, sorted by name as bytes. Throws `file_not_found` or
    /// `file_unreadable`.
    virtual std::vector<folder_entry> list(const std::filesystem::path& folder) = 0;
    /// The absolute path with all links resolved. Throws `file_not_found` or `file_unreadable`.
    virtual std::filesystem::path canonical(const std::filesystem::path& path) = 0;
};

namespace detail {

/// Calls `pread_once(to, size, offset)` until `out` is full, the file ends (0) or it fails (-1, with `errno`). Gives
/// what was read and the error, 0 without one.
template <class PreadOnce>
std::pair<std::size_t, int> pread_fully(std::uint64_t offset, std::span<std::byte> out, PreadOnce&& pread_once) {
    std::size_t done = 0;
    while (done < out.size() && offset + done <= std::uint64_t{std::numeric_limits<off_t>::max()}) {
        const ssize_t got = pread_once(out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {done, errno};
        done += static_cast<std::size_t>(got);
    }
    return {done, 0};
}

}  // namespace detail

/// The real one: POSIX.
HUBPUSH_DECL std::shared_ptr<file_system> posix_file_system();

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/fs/impl/file_system.ipp>
#endif
