#pragma once

/// \file
/// CRC-64/NVME, the checksum of a xorb in an upload grant (spec/xet-protocol.md §5.6.1).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace hubpush::inline v0 {

/// The ways of computing it, slowest first. All give the same checksums.
enum class crc64_path {
    portable,  ///< eight bytes at a time from tables, on any machine
    pclmul     ///< 64 bytes at a time by carry-less multiplication (x86-64 with PCLMULQDQ)
};

/// The paths that this machine has, slowest first.
HUBPUSH_DECL std::span<const crc64_path> crc64_paths() noexcept;
/// The last of them: what everything below uses unless it is told otherwise.
HUBPUSH_DECL crc64_path best_crc64_path() noexcept;

/// CRC-64/NVME of a stream of bytes. Not thread-safe; copyable. A path that this machine does not have is
/// `errc::invalid_argument`.
class crc64_nvme {
public:
    HUBPUSH_DECL explicit crc64_nvme(crc64_path path = best_crc64_path());

    HUBPUSH_DECL void update(std::span<const std::byte> bytes) noexcept;
    /// The checksum of what came so far; more may follow. On the wire it is a decimal string.
    std::uint64_t finish() const noexcept { return ~register_; }

    HUBPUSH_DECL static std::uint64_t of(std::span<const std::byte> bytes, crc64_path path = best_crc64_path());

private:
    crc64_path path_;
    std::uint64_t register_ = ~std::uint64_t{0};
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hash/impl/crc64.ipp>
#endif
