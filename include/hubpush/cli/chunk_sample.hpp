#pragma once

/// \file
/// Which chunks have been seen, in a fixed amount of memory: all of them as long as they fit, a sample of them later.

#include <hubpush/core/config.hpp>
#include <hubpush/xet/hash.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hubpush::inline v0 {

/// A set of chunk hashes, of which the first 64 bits are kept. Whenever it is full it keeps only those that begin with
/// one more zero bit: half of them, by chance. A sum over chunks of `weight(hash)` times anything is exact at first,
/// and an unbiased estimate from then on. Not thread-safe.
class chunk_sample {
public:
    /// 8 bytes a slot; by default 8 MiB, enough for the exact answer up to about 50 GiB.
    HUBPUSH_DECL explicit chunk_sample(std::size_t slots = std::size_t{1} << 20U);

    /// How many chunks a chunk with this hash stands for; 0 for those that are left out.
    HUBPUSH_DECL std::uint64_t weight(const xet_hash& hash) const noexcept;
    /// False also for what is left out.
    HUBPUSH_DECL bool contains(const xet_hash& hash) const noexcept;
    HUBPUSH_DECL void insert(const xet_hash& hash);
    bool is_complete() const noexcept { return leading_zeros_ == 0; }

private:
    HUBPUSH_DECL std::size_t slot_of(std::uint64_t word) const noexcept;
    HUBPUSH_DECL void halve();

    std::vector<std::uint64_t> slots_;  ///< open addressing, a power of two; 0 is free
    std::size_t used_ = 0;
    int leading_zeros_ = 0;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/cli/impl/chunk_sample.ipp>
#endif
