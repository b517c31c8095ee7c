#pragma once

#include <hubpush/fs/source.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace hubpush::inline v0 {

HUBPUSH_DECL file_source::file_source(std::shared_ptr<file_system> files, std::shared_ptr<worker_pool> pool,
                                      std::filesystem::path path, file_identity expected)
    : files_(std::move(files)), pool_(std::move(pool)), path_(std::move(path)), expected_(expected) {}

HUBPUSH_DECL task<std::size_t> file_source::read_at(std::uint64_t offset, std::span<std::byte> out) {
    return offload(*pool_, std::bind_front(&file_source::read_now, this, offset, out));
}

HUBPUSH_DECL std::size_t file_source::read_now(std::uint64_t offset, std::span<std::byte> out) {
    if (!file_) file_ = files_->open(path_);
    require_unchanged();
    const std::uint64_t left = size() - std::min(offset, size());
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    // A file of size 0 may hold bytes all the same (as those of /proc do, FS09); one byte of `out` tells.
    const std::size_t probe = size() == 0 ? std::min<std::size_t>(out.size(), 1) : 0;
    const std::size_t got = file_->read_at(offset, out.first(wanted + probe));
    require_unchanged();
    if (got != wanted) {
        throw_error(errc::file_changed, "'" + path_.string() + "' does not hold as many bytes as its size says",
                    error_details().file(path_.string()));
    }
    // A folder has more files than a process may have descriptors; whoever reads again opens again, and compares again.
    if (offset + got == size()) file_.reset();
    return got;
}

HUBPUSH_DECL void file_source::require_unchanged() {
    if (file_->identity() == expected_) return;
    throw_error(errc::file_changed, "'" + path_.string() + "' changed while it was being pushed",
                error_details().file(path_.string()));
}

}  // namespace hubpush::inline v0
