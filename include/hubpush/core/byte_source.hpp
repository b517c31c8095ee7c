#pragma once

/// \file
/// Where the bytes of a request come from: the seam between what is sent and what holds it.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

class worker_pool;

/// Bytes of a known length that can be read again, so that whatever is built from them can be retried. `net/` and
/// `hub/` send from it; `fs/source.hpp` holds the files and buffers behind it. Used from one strand at a time.
class byte_source {
public:
    virtual ~byte_source() = default;

    /// Length in bytes, known before the first byte is read and constant afterwards.
    virtual std::uint64_t size() const noexcept = 0;

    /// Reads from `offset` into `out` and gives the number of bytes read: `out.size()`, or less only where the source
    /// ends. `out` is valid until the awaitable completes. Throws `file_changed` when the content is no longer the one
    /// whose size was announced.
    virtual task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

    /// The pool on which reading this source blocks, as a file's does: whoever reads many of them makes one trip there
    /// and calls `read_now`. Null for a source that can only be awaited.
    virtual worker_pool* pool() const noexcept { return nullptr; }
    /// What `read_at` does, on a thread of `pool()`. Throws `errc::internal` when there is none.
    HUBPUSH_DECL virtual std::size_t read_now(std::uint64_t offset, std::span<std::byte> out);
};

/// Content in memory, owned by the source.
HUBPUSH_DECL std::shared_ptr<byte_source> memory_source(std::string text);
HUBPUSH_DECL std::shared_ptr<byte_source> memory_source(std::vector<std::byte> bytes);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/byte_source.ipp>
#endif
