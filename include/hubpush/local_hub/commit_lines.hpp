#pragma once

/// \file
/// The body of a commit, read as a stream of lines (spec/hub-http-api.md §4.5, §14.3). Contents go to a file on the
/// way, so that memory holds one line, and of the lines before it what is to be done to which path.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// A temporary file without a name that holds one content after the other.
class content_spool : public std::enable_shared_from_this<content_spool> {
public:
    /// `folder` says on which file system. Blocks.
    HUBPUSH_DECL content_spool(std::shared_ptr<worker_pool> pool, const std::filesystem::path& folder);
    content_spool(const content_spool&) = delete;
    content_spool& operator=(const content_spool&) = delete;
    HUBPUSH_DECL ~content_spool();

    std::uint64_t size() const noexcept { return size_; }
    /// Adds bytes at the end. Blocks.
    HUBPUSH_DECL void append(std::span<const std::byte> bytes);
    /// A part of the file; it keeps the file open.
    HUBPUSH_DECL std::shared_ptr<byte_source> part(std::uint64_t offset, std::uint64_t size);

private:
    class section;

    std::shared_ptr<worker_pool> pool_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

/// Refuses paths that the Hub refuses, and those that git or a line of `.gitattributes` cannot hold.
HUBPUSH_DECL void check_committed_path(std::string_view path);

/// What one line after the header asks for.
class requested_change {
public:
    enum class kind { file, large_file, remove_file, remove_folder };

    kind what = kind::file;
    std::string path;                      ///< one that a tree may hold, without a final slash
    std::shared_ptr<byte_source> content;  ///< of `file`
    std::string oid;                       ///< of `large_file`
    std::optional<std::uint64_t> size;     ///< of `large_file`
};

/// Everything a commit's body says.
class commit_order {
public:
    std::string summary;
    std::string description;
    std::string parent;  ///< lower case; empty when not given
    std::vector<requested_change> operations;
};

/// The content of a file as bytes; `encoding` is `base64` or `utf-8`, anything else is refused.
HUBPUSH_DECL std::vector<std::byte> decode_content(std::string content, std::string_view encoding);

/// Bytes in, a commit order out. All functions block on the spool's disk. They throw `refusal`.
class commit_line_reader {
public:
    /// 10 MiB in base64, and room for a path.
    static constexpr std::size_t line_limit = 15 * 1024 * 1024;
    static constexpr std::uint64_t content_limit = 10 * 1024 * 1024;
    static constexpr std::uint64_t total_limit = 1'000'000'000;
    static constexpr std::size_t large_file_limit = 25'000;
    static constexpr std::size_t operation_limit = 1'000'000;

    explicit commit_line_reader(std::shared_ptr<content_spool> spool) : spool_(std::move(spool)) {}

    HUBPUSH_DECL void feed(std::span<const std::byte> bytes);
    /// The end of the body: a last line needs no LF.
    HUBPUSH_DECL commit_order finish();

private:
    HUBPUSH_DECL void take_line(std::string_view line);
    HUBPUSH_DECL void check_totals() const;

    std::shared_ptr<content_spool> spool_;
    std::string partial_;
    commit_order order_;
    bool header_seen_ = false;
    std::size_t large_files_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/commit_lines.ipp>
#endif
