#pragma once

/// \file
/// The file system as a seam: positional reads, metadata and listings. Production is POSIX; tests fail its n-th call or
/// change a file between two of them (spec/reliability.md §3.1, §3.7).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

enum class file_type { regular, directory, symlink, other, missing };

/// What tells whether a file is still the same one: compared, never interpreted.
class file_identity {
public:
    file_identity() = default;
    file_identity(std::uint64_t device, std::uint64_t inode, std::uint64_t size, std::int64_t modified_ns, std::int64_t changed_ns)
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
    virtual file_identity identity() = 0;
    /// Reads until `out` is full or the file ends; short reads and interrupted calls are repeated. Throws `error`.
    virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// One entry of a folder. `type` is that of the entry itself (a link is a link); `target` is that behind links, `missing` for
/// dangling links and loops.
class folder_entry {
public:
    folder_entry() = default;
    folder_entry(std::string name, file_type type, file_type target) : name_(std::move(name)), type_(type), target_(target) {}
    const std::string& name() const noexcept { return name_; }
    file_type type() const noexcept { return type_; }
    file_type target() const noexcept { return target_; }

private:
    std::string name_;
    file_type type_ = file_type::missing;
    file_type target_ = file_type::missing;
};

/// All functions block; call them on a worker pool. Thread-safe.
class file_system {
public:
    virtual ~file_system() = default;
    /// Opens for reading, close-on-exec, never blocking on a pipe. Throws `errc::file_not_found`, or `file_unreadable` also for
    /// anything that is not a regular file after following links.
    virtual std::unique_ptr<open_file> open(const std::filesystem::path& path) = 0;
    /// The type behind links; `missing` when there is nothing.
    virtual file_type type_of(const std::filesystem::path& path) = 0;
    /// The entries of a folder, sorted by name as bytes. Throws `file_not_found` or `file_unreadable`.
    virtual std::vector<folder_entry> list(const std::filesystem::path& folder) = 0;
    /// The path with all links resolved; throws `file_not_found`.
    virtual std::filesystem::path canonical(const std::filesystem::path& path) = 0;
};

/// The real one.
HUBPUSH_DECL std::shared_ptr<file_system> posix_file_system();

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/fs/impl/file_system.ipp>
#endif
