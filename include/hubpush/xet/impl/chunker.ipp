#pragma once

#include <hubpush/xet/chunker.hpp>

#include <hubpush/core/error.hpp>

#include <hubpush/xet/impl/gear_scan.ipp>
#include <hubpush/xet/impl/gear_scan_avx2.ipp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::array<chunker_path, 3> all_chunker_paths = {chunker_path::plain, chunker_path::two_bytes,
                                                                  chunker_path::avx2};

/// Bytes at the front of a chunk that no testable position can see (§1.3; one less than possible, as the reference).
inline constexpr std::size_t skipped_bytes = smallest_chunk - gear_window - 1;
/// Up to here a zero of the masked bits means nothing: the warm-up trap of §1.3.
inline constexpr std::size_t untested_bytes = smallest_chunk - 1;

inline gear_scan& scan_of(chunker_path path) noexcept {
#if defined(__x86_64__)
    if (path == chunker_path::avx2) return scan_avx2;
#endif
    return path == chunker_path::plain ? scan_plain : scan_two_bytes;
}

/// Takes from the front of `bytes` what brings `size` up to `goal`.
inline std::span<const std::byte> take_up_to(std::size_t goal, std::size_t& size, std::span<const std::byte>& bytes) {
    const auto taken = bytes.first(std::min(bytes.size(), goal - std::min(goal, size)));
    bytes = bytes.subspan(taken.size());
    size += taken.size();
    return taken;
}

}  // namespace detail

HUBPUSH_DECL std::span<const chunker_path> chunker_paths() noexcept {
    static const std::size_t count = []() -> std::size_t {
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2")) return 3;
#endif
        return 2;
    }();
    return std::span(detail::all_chunker_paths).first(count);
}

HUBPUSH_DECL chunker_path best_chunker_path() noexcept { return chunker_paths().back(); }

HUBPUSH_DECL chunker::chunker(chunker_path path) : path_(path) {
    const std::span<const chunker_path> paths = chunker_paths();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        throw_error(errc::invalid_argument, "this machine does not have the asked-for way of chunking");
    }
}

HUBPUSH_DECL std::optional<std::size_t> chunker::find_end(std::span<const std::byte> bytes) {
    const std::size_t given = bytes.size();
    if (path_ != chunker_path::plain) detail::take_up_to(detail::skipped_bytes, size_, bytes);
    detail::roll(hash_, detail::take_up_to(detail::untested_bytes, size_, bytes));
    const std::size_t before = given - bytes.size();
    const auto tested = detail::take_up_to(largest_chunk, size_, bytes);
    const std::optional<std::size_t> end = detail::scan_of(path_)(hash_, tested);
    if (!end && size_ != largest_chunk) return std::nullopt;
    hash_ = 0;
    size_ = 0;
    return before + end.value_or(tested.size());
}

HUBPUSH_DECL std::optional<std::uint64_t> stable_boundary(std::span<const std::uint64_t> ends, std::uint64_t position) {
    const auto is_free = [](std::uint64_t length) {
        return length >= 2 * smallest_chunk && length < largest_chunk - smallest_chunk;
    };
    std::uint64_t begin = 0;
    bool previous = false;
    for (const std::uint64_t end : ends) {
        const bool here = begin >= position && is_free(end - begin);
        if (previous && here) return end;
        previous = here;
        begin = end;
    }
    return std::nullopt;
}

}  // namespace hubpush::inline v0
