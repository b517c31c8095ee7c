#pragma once

/// \file
/// Byte sources: files that must not change while they are read.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/fs/file_system.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace hubpush::inline v0 {

/// A local file of a known identity, read in positional reads on a pool. It is opened at the first read and kept open
/// until the source ends. Every read compares the file's identity with the expected one before and after
/// (spec/reliability.md §3.7, FS01 to FS03) and throws `file_changed` when they differ; also a read at the end of the
/// file, so that an empty file is checked by reading it once. Cancellation: none; a read is short.
class file_source final : public byte_source {
public:
    HUBPUSH_DECL file_source(std::shared_ptr<file_system> files, std::shared_ptr<worker_pool> pool,
                             std::filesystem::path path, file_identity expected);

    std::uint64_t size() const noexcept override { return expected_.size(); }
    HUBPUSH_DECL task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override;
    worker_pool* pool() const noexcept override { return pool_.get(); }
    /// Opens, compares, reads and compares again in one trip to the pool.
    HUBPUSH_DECL std::size_t read_now(std::uint64_t offset, std::span<std::byte> out) override;
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    HUBPUSH_DECL void require_unchanged();

    std::shared_ptr<file_system> files_;
    std::shared_ptr<worker_pool> pool_;
    std::filesystem::path path_;
    file_identity expected_;
    std::unique_ptr<open_file> file_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/fs/impl/source.ipp>
#endif
