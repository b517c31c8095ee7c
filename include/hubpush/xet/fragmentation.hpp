#pragma once

/// \file
/// Keeps a file from being cut into too many short terms (spec/xet-protocol.md §6.4).

#include <hubpush/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hubpush::inline v0 {

/// Decides whether a known copy of a few chunks is worth a term of its own. While the last 128 terms have 4 chunks or
/// more on average every copy is; below that, only copies that are not shorter than the average, until it has reached
/// 8. One object per file; not thread-safe.
class fragmentation_control {
public:
    /// May a copy of `chunks` chunks become a new term? May change what the next answer will be.
    HUBPUSH_DECL bool allows(std::size_t chunks);

    /// A new term has been started with so many chunks.
    HUBPUSH_DECL void start_term(std::size_t chunks);
    /// The last term has been extended by so many chunks.
    HUBPUSH_DECL void extend_term(std::size_t chunks);

private:
    static constexpr std::size_t window = 128;  ///< terms
    static constexpr std::size_t low_threshold = 4;
    static constexpr std::size_t high_threshold = 8;

    std::array<std::size_t, window> lengths_{};  ///< chunks of the last terms, a ring
    std::size_t terms_ = 0;
    std::size_t sum_ = 0;
    bool low_ = true;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/xet/impl/fragmentation.ipp>
#endif
