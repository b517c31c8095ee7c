#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/lfs_store.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

namespace hubpush::inline v0::detail {

[[noreturn]] inline void throw_store_failure(const std::string& what) {
    const std::error_code reason(errno, std::generic_category());
    throw_error(errc::server_error, what + ": " + reason.message());
}

HUBPUSH_DECL std::optional<lfs_pointer> lfs_pointer::parse(std::string_view text) {
    static constexpr std::string_view front = "version https://git-lfs.github.com/spec/v1\noid sha256:";
    static constexpr std::string_view middle = "\nsize ";
    if (!text.starts_with(front) || text.back() != '\n') return std::nullopt;
    text.remove_prefix(front.size());
    const std::string_view oid = text.substr(0, 64);
    if (!is_hex(oid, 64) || !text.substr(64).starts_with(middle)) return std::nullopt;
    const std::string_view digits = text.substr(64 + middle.size(), text.size() - 65 - middle.size());
    std::uint64_t size = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return lfs_pointer(std::string(oid), size);
}

HUBPUSH_DECL std::string lfs_pointer::text() const {
    return "version https://git-lfs.github.com/spec/v1\noid sha256:" + oid_ + "\nsize " + std::to_string(size_) + "\n";
}

/// Makes the last `levels` folders of a path and none above them, so that a repository that was deleted does not come
/// back as an empty folder. Whoever uses the folder finds out when it could not be made.
inline void make_last_folders(const std::filesystem::path& folder, int levels) {
    if (levels > 1) make_last_folders(folder.parent_path(), levels - 1);
    std::error_code failed;
    std::filesystem::create_directory(folder, failed);
}

/// `lfs/objects/aa/bb` of a repository.
inline void make_folders_of_object(const std::filesystem::path& place) { make_last_folders(place.parent_path(), 4); }

HUBPUSH_DECL lfs_upload::lfs_upload(std::filesystem::path folder, std::string oid, std::uint64_t unique)
    : temporary_(folder / "tmp" / (oid + "-" + std::to_string(unique))),
      final_(lfs_store(folder.parent_path()).path_of(oid)) {
    make_last_folders(temporary_.parent_path(), 2);  // `lfs/tmp`
    descriptor_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw_store_failure("a large file cannot be stored");
}

HUBPUSH_DECL lfs_upload::~lfs_upload() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
}

HUBPUSH_DECL void lfs_upload::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw_store_failure("a large file cannot be stored");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

HUBPUSH_DECL void lfs_upload::flip_first_byte() {
    char byte = 0;
    const bool read = ::pread(descriptor_, &byte, 1, 0) == 1;
    byte = static_cast<char>(byte ^ 1);
    if (!read || ::pwrite(descriptor_, &byte, 1, 0) != 1) throw_store_failure("a large file cannot be spoiled");
}

HUBPUSH_DECL void lfs_upload::keep() {
    make_folders_of_object(final_);
    if (::rename(temporary_.c_str(), final_.c_str()) != 0) throw_store_failure("a large file cannot be stored");
    ::close(descriptor_);
    descriptor_ = -1;
}

HUBPUSH_DECL stored_object::stored_object(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat facts{};
    if (descriptor_ < 0 || ::fstat(descriptor_, &facts) != 0) throw_store_failure("a large file cannot be read");
    size_ = static_cast<std::uint64_t>(facts.st_size);
}

HUBPUSH_DECL stored_object::~stored_object() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

HUBPUSH_DECL std::size_t stored_object::read_at(std::uint64_t offset, std::span<std::byte> out) const {
    for (;;) {
        const ssize_t size = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (size >= 0) return static_cast<std::size_t>(size);
        if (errno != EINTR) throw_store_failure("a large file cannot be read");
    }
}

HUBPUSH_DECL std::filesystem::path lfs_store::path_of(std::string_view oid) const {
    return folder_ / "objects" / oid.substr(0, 2) / oid.substr(2, 2) / oid;
}

HUBPUSH_DECL std::optional<std::uint64_t> lfs_store::size_of(std::string_view oid) const {
    struct stat facts{};
    if (!is_hex(oid, 64) || ::stat(path_of(oid).c_str(), &facts) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(facts.st_size);
}

HUBPUSH_DECL bool lfs_store::share_with(const lfs_store& other, std::string_view oid) const {
    if (!size_of(oid)) return false;
    const std::filesystem::path place = other.path_of(oid);
    make_folders_of_object(place);
    std::error_code failed;  // also when it is there already
    std::filesystem::create_hard_link(path_of(oid), place, failed);
    return other.size_of(oid).has_value();
}

HUBPUSH_DECL void lfs_store::remove_unfinished() const {
    std::error_code ignored;
    std::filesystem::remove_all(folder_ / "tmp", ignored);
}

}  // namespace hubpush::inline v0::detail
