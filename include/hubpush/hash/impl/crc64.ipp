#pragma once

#include <hubpush/hash/crc64.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hubpush::inline v0 {

namespace detail {

// The register holds a polynomial over GF(2) of degree below 64, reflected: the top bit is the coefficient of x^0. To
// shift it to the right by one is to multiply by x modulo the CRC's polynomial.

inline constexpr std::uint64_t crc64_polynomial = 0x9a6c9329ac4bc9b5;  // §5.6.1, reflected

constexpr std::uint64_t crc64_times_x(std::uint64_t value) noexcept {
    return value >> 1U ^ ((value & 1U) != 0 ? crc64_polynomial : 0);
}

/// Table k holds what a byte becomes when k more bytes of zeros follow it.
using crc64_table_set = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr crc64_table_set make_crc64_tables() {
    crc64_table_set tables{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
        std::uint64_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = crc64_times_x(value);
        tables[0][byte] = value;
    }
    for (std::size_t k = 1; k < tables.size(); ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint64_t before = tables[k - 1][byte];
            tables[k][byte] = before >> 8U ^ tables[0][before & 255U];
        }
    }
    return tables;
}

inline constexpr crc64_table_set crc64_tables = make_crc64_tables();

/// The register after eight bytes; `i` is 0 to 7, for g++ -O2 does not unroll loops.
template <std::size_t... i>
std::uint64_t update_crc64_by_word(std::uint64_t value, const std::byte* bytes, std::index_sequence<i...>) noexcept {
    const std::uint64_t word = value ^ ((std::to_integer<std::uint64_t>(bytes[i]) << (8 * i)) | ...);
    return (crc64_tables[7 - i][word >> (8 * i) & 255U] ^ ...);
}

/// The register after `bytes`.
inline std::uint64_t update_crc64(std::uint64_t value, std::span<const std::byte> bytes) noexcept {
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        value = update_crc64_by_word(value, bytes.data(), std::make_index_sequence<8>());
    }
    for (const std::byte byte : bytes) {
        value = value >> 8U ^ crc64_tables[0][(value ^ std::to_integer<std::uint64_t>(byte)) & 255U];
    }
    return value;
}

#if defined(__x86_64__)

/// x^exponent, modulo the polynomial.
constexpr std::uint64_t crc64_power_of_x(int exponent) noexcept {
    std::uint64_t value = std::uint64_t{1} << 63U;
    for (int i = 0; i < exponent; ++i) value = crc64_times_x(value);
    return value;
}

[[gnu::target("pclmul"), gnu::always_inline]] inline __m128i load_crc64_block(const std::byte* bytes) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
}

/// Moves 16 bytes of the message `distance` bits further on, to where they are added to the 16 bytes there, and leaves
/// the checksum as it is. The first half stands 64 bits before the second; the product of two reflected halves lacks
/// one bit.
template <int distance>
[[gnu::target("pclmul"), gnu::always_inline]] inline __m128i fold_crc64(__m128i block, __m128i there) noexcept {
    constexpr std::uint64_t first = crc64_power_of_x(distance + 64 - 1);
    constexpr std::uint64_t second = crc64_power_of_x(distance - 1);
    const __m128i factors = _mm_set_epi64x(static_cast<long long>(second), static_cast<long long>(first));
    const __m128i folded =
        _mm_xor_si128(_mm_clmulepi64_si128(block, factors, 0x00), _mm_clmulepi64_si128(block, factors, 0x11));
    return _mm_xor_si128(folded, there);
}

/// Four blocks at a time, because a multiplication takes longer than it keeps its unit busy. What is left of them, one
/// block, and the end of the message go through the tables.
[[gnu::target("pclmul")]] inline std::uint64_t update_crc64_pclmul(std::uint64_t value,
                                                                   std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < 64) return update_crc64(value, bytes);
    const std::byte* at = bytes.data();
    __m128i a = _mm_xor_si128(load_crc64_block(at), _mm_cvtsi64_si128(static_cast<long long>(value)));
    __m128i b = load_crc64_block(at + 16);
    __m128i c = load_crc64_block(at + 32);
    __m128i d = load_crc64_block(at + 48);
    std::size_t left = bytes.size() - 64;
    for (; left >= 64; left -= 64) {
        at += 64;
        a = fold_crc64<512>(a, load_crc64_block(at));
        b = fold_crc64<512>(b, load_crc64_block(at + 16));
        c = fold_crc64<512>(c, load_crc64_block(at + 32));
        d = fold_crc64<512>(d, load_crc64_block(at + 48));
    }
    d = fold_crc64<128>(fold_crc64<128>(fold_crc64<128>(a, b), c), d);
    std::array<std::byte, 16> rest;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), d);
    return update_crc64(update_crc64(0, rest), bytes.last(left));
}

#endif

inline std::size_t count_crc64_paths() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("pclmul")) return 2;
#endif
    return 1;
}

}  // namespace detail

HUBPUSH_DECL std::span<const crc64_path> crc64_paths() noexcept {
    static constexpr std::array all = {crc64_path::portable, crc64_path::pclmul};
    static const std::size_t count = detail::count_crc64_paths();
    return std::span(all).first(count);
}

HUBPUSH_DECL crc64_path best_crc64_path() noexcept { return crc64_paths().back(); }

HUBPUSH_DECL crc64_nvme::crc64_nvme(crc64_path path) : path_(path) {
    const auto paths = crc64_paths();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) {
        throw_error(errc::invalid_argument, "this machine does not have that way to compute CRC-64");
    }
}

HUBPUSH_DECL void crc64_nvme::update(std::span<const std::byte> bytes) noexcept {
#if defined(__x86_64__)
    if (path_ == crc64_path::pclmul) {
        register_ = detail::update_crc64_pclmul(register_, bytes);
        return;
    }
#endif
    register_ = detail::update_crc64(register_, bytes);
}

HUBPUSH_DECL std::uint64_t crc64_nvme::of(std::span<const std::byte> bytes, crc64_path path) {
    crc64_nvme checksum(path);
    checksum.update(bytes);
    return checksum.finish();
}

}  // namespace hubpush::inline v0
