#pragma once

/// \file
/// Large files of one repository, in git-lfs's own layout, so that a clone by path finds them without any server.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// Identity of a large file: what a pointer file says (spec/hub-http-api.md §14.2).
class lfs_pointer {
public:
    lfs_pointer() = default;
    lfs_pointer(std::string oid, std::uint64_t size) : oid_(std::move(oid)), size_(size) {}

    /// Nothing unless `text` is a pointer file as git-lfs writes it.
    HUBPUSH_DECL static std::optional<lfs_pointer> parse(std::string_view text);
    HUBPUSH_DECL std::string text() const;

    const std::string& oid() const noexcept { return oid_; }
    std::uint64_t size() const noexcept { return size_; }

private:
    std::string oid_;
    std::uint64_t size_ = 0;
};

/// A new object on its way to its place. Removes what it wrote unless `keep()` was called. All functions block.
class lfs_upload {
public:
    /// `folder` is the `lfs` folder of the repository.
    HUBPUSH_DECL lfs_upload(std::filesystem::path folder, std::string oid, std::uint64_t unique);
    lfs_upload(const lfs_upload&) = delete;
    lfs_upload& operator=(const lfs_upload&) = delete;
    HUBPUSH_DECL ~lfs_upload();

    HUBPUSH_DECL void append(std::span<const std::byte> bytes);
    /// Spoils what was written: the first byte is another one then.
    HUBPUSH_DECL void flip_first_byte();
    /// Moves the file to its place; the caller has compared the hash.
    HUBPUSH_DECL void keep();

private:
    std::filesystem::path temporary_;
    std::filesystem::path final_;
    int descriptor_ = -1;
};

/// An object opened for reading. All functions block.
class stored_object {
public:
    HUBPUSH_DECL explicit stored_object(const std::filesystem::path& path);
    stored_object(const stored_object&) = delete;
    stored_object& operator=(const stored_object&) = delete;
    HUBPUSH_DECL ~stored_object();

    std::uint64_t size() const noexcept { return size_; }
    HUBPUSH_DECL std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const;

private:
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

/// The objects of one repository. Thread-safe: the state is on disk.
class lfs_store {
public:
    lfs_store() = default;
    explicit lfs_store(const std::filesystem::path& repository) : folder_(repository / "lfs") {}

    const std::filesystem::path& folder() const noexcept { return folder_; }
    HUBPUSH_DECL std::filesystem::path path_of(std::string_view oid) const;
    /// The size of a stored object; nothing when it is not there.
    HUBPUSH_DECL std::optional<std::uint64_t> size_of(std::string_view oid) const;
    /// Makes a stored object known to another repository; both share its bytes. False when it is not there.
    HUBPUSH_DECL bool share_with(const lfs_store& other, std::string_view oid) const;
    /// Removes what an earlier server left unfinished.
    HUBPUSH_DECL void remove_unfinished() const;

private:
    std::filesystem::path folder_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/lfs_store.ipp>
#endif
