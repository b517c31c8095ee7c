#pragma once

// What a reader of foreign bytes has to withstand: every truncation, and flipped bytes. Also: how much memory it takes.

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "seeded_random.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace hostile_bytes {

// Calls `read` with something broken. It must return a value that `is_sound` or throw one of the two errors of readers.
template <class Read>
bool is_refused(const Read& read) {
    try {
        read();
        return false;
    } catch (const hubpush::error& failure) {
        if (failure.kind() != hubpush::errc::protocol_error && failure.kind() != hubpush::errc::integrity) throw;
        return true;
    }
}

// `read(bytes)` for every proper prefix of `whole`. Each copy has its own allocation, so that the address sanitizer
// sees a single byte beyond it.
template <class Read>
std::size_t refused_prefixes(std::span<const std::byte> whole, const Read& read) {
    std::size_t refused = 0;
    for (std::size_t size = 0; size != whole.size(); ++size) {
        const std::vector<std::byte> prefix(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        refused += is_refused([&] { read(std::span<const std::byte>(prefix)); }) ? 1 : 0;
    }
    return refused;
}

// `read(bytes)` for `count` copies of `whole` with one to four bytes changed.
template <class Read>
std::size_t refused_flips(std::span<const std::byte> whole, std::uint32_t seed, int count, const Read& read) {
    INFO("seed " << seed);
    seeded_random random(seed);
    std::vector<std::byte> damaged(whole.begin(), whole.end());
    std::size_t refused = 0;
    for (int i = 0; i != count; ++i) {
        const unsigned flips = 1 + random.below(4);
        std::vector<std::size_t> places;
        for (unsigned flip = 0; flip != flips; ++flip) {
            places.push_back(random.below(static_cast<std::uint32_t>(whole.size())));
            damaged[places.back()] ^= static_cast<std::byte>(1 + random.below(255));
        }
        refused += is_refused([&] { read(std::span<const std::byte>(damaged)); }) ? 1 : 0;
        for (const std::size_t place : places) damaged[place] = whole[place];
    }
    return refused;
}

}  // namespace hostile_bytes
