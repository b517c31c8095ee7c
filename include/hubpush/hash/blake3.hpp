#pragma once

/// \file
/// BLAKE3 with 32 bytes of output: plain, keyed and key derivation (spec/xet-protocol.md §2.1). Every Xet hash is a
/// keyed one.
///
/// The input is cut into leaves of 1 KiB, each of up to 16 blocks of 64 bytes that are compressed one after the other;
/// the leaves' chaining values are joined in pairs, level by level, up to the root. Leaves do not know each other, nor
/// do parents of one level: that is where the vector paths take their lanes from.

#include <hubpush/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hubpush::inline v0 {

/// 32 bytes of BLAKE3.
using blake3_digest = std::array<std::byte, 32>;
/// The key of a keyed hash.
using blake3_key = std::array<std::byte, 32>;

/// The ways of computing it, slowest first. All give the same digests.
enum class blake3_path {
    portable,  ///< one compression at a time, on any machine
    sse41,     ///< four leaves at a time (x86-64 with SSE4.1)
    avx2,      ///< eight leaves at a time (x86-64 with AVX2)
    avx512     ///< sixteen leaves at a time (x86-64 with AVX-512F)
};

/// The paths that this machine has, slowest first.
HUBPUSH_DECL std::span<const blake3_path> blake3_paths() noexcept;
/// The last of them: what everything below uses unless it is told otherwise.
HUBPUSH_DECL blake3_path best_blake3_path() noexcept;

namespace detail {

struct blake3_kernel;

/// The eight words that every leaf and parent starts from, and the flags that say where they come from.
struct blake3_mode {
    std::array<std::uint32_t, 8> key_words;
    std::uint32_t flags;
};

}  // namespace detail

/// BLAKE3 of a stream of bytes. Not thread-safe; copyable. A path that this machine does not have is
/// `errc::invalid_argument`.
class blake3 {
public:
    HUBPUSH_DECL explicit blake3(blake3_path path = best_blake3_path());
    HUBPUSH_DECL explicit blake3(const blake3_key& key, blake3_path path = best_blake3_path());
    /// Derives a key from the stream's bytes. The context names the use of that key, for nobody else to use.
    HUBPUSH_DECL static blake3 key_derivation(std::string_view context, blake3_path path = best_blake3_path());

    HUBPUSH_DECL void update(std::span<const std::byte> bytes);
    /// The digest of what came so far; more may follow.
    HUBPUSH_DECL blake3_digest finish() const;

    HUBPUSH_DECL static blake3_digest of(std::span<const std::byte> bytes, blake3_path path = best_blake3_path());
    HUBPUSH_DECL static blake3_digest of(const blake3_key& key, std::span<const std::byte> bytes,
                                         blake3_path path = best_blake3_path());

private:
    blake3(const detail::blake3_mode& mode, blake3_path path);
    blake3_digest of_all(std::span<const std::byte> bytes);
    void take_subtree(std::span<const std::byte> bytes);
    blake3_digest finish_with(std::span<const std::byte> tail) const;

    static constexpr std::size_t deepest = 54;  // 2^54 leaves are 2^64 bytes

    detail::blake3_mode mode_;
    const detail::blake3_kernel* kernel_;
    std::uint64_t leaves_ = 0;                       // in the subtrees below
    std::array<blake3_digest, deepest> subtrees_{};  // one per bit that is set in `leaves_`, largest first
    std::array<std::byte, 1024> leaf_{};             // may be the last one: not compressed before more bytes come
    std::size_t leaf_size_ = 0;
};

/// Keyed digests of many inputs, which is faster than one after the other: the lanes that the end of one input leaves
/// empty are filled with the next. `digests` has the size of `inputs`, or it is `errc::invalid_argument`.
HUBPUSH_DECL void blake3_many(const blake3_key& key, std::span<const std::span<const std::byte>> inputs,
                              std::span<blake3_digest> digests, blake3_path path = best_blake3_path());

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hash/impl/blake3.ipp>
#endif
