#pragma once

// The vectors of spec/xet-protocol.md §8, and how their inputs are made.

#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/xet/chunker.hpp>
#include <hubpush/xet/merkle.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace known_answers {

inline const nlohmann::json& all() {
    static const nlohmann::json vectors =
        nlohmann::json::parse(std::ifstream(HUBPUSH_TEST_DATA "/xet/xet-vectors.json"));
    return vectors;
}

inline std::string text(const nlohmann::json& value) { return value.get<std::string>(); }

inline hubpush::xet_hash hash(const nlohmann::json& digits) { return hubpush::xet_hash::parse(text(digits)).value(); }

inline std::vector<std::byte> bytes(const nlohmann::json& hex) { return hubpush::from_hex(text(hex)).value(); }

inline hubpush::sha256_digest sha256(const nlohmann::json& hex) {
    hubpush::sha256_digest digest{};
    std::ranges::copy(bytes(hex), digest.begin());
    return digest;
}

inline std::string sha256_of(std::span<const std::byte> data) { return hubpush::to_hex(hubpush::sha256::of(data)); }

// A list of [hash, length].
inline std::vector<hubpush::xet_chunk> chunks(const nlohmann::json& list) {
    std::vector<hubpush::xet_chunk> read;
    for (const auto& entry : list) read.emplace_back(hash(entry.at(0)), entry.at(1).get<std::uint32_t>());
    return read;
}

// The generator `xorshift64` of the vectors.
inline std::vector<std::byte> xorshift64(std::size_t size) {
    std::vector<std::byte> stream(size);
    std::uint64_t state = 88172645463325252U;
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 8 == 0) {
            state ^= state << 13U;
            state ^= state >> 7U;
            state ^= state << 17U;
        }
        stream[i] = static_cast<std::byte>(state >> 8 * (i % 8) & 0xFFU);
    }
    return stream;
}

// The chunks of `data`.
inline std::vector<hubpush::xet_chunk> cut(std::span<const std::byte> data) {
    std::vector<hubpush::xet_chunk> chunks;
    hubpush::chunker chunker;
    while (!data.empty()) {
        const std::size_t size = chunker.find_end(data).value_or(data.size());
        chunks.emplace_back(hubpush::chunk_hash(data.first(size)), static_cast<std::uint32_t>(size));
        data = data.subspan(size);
    }
    return chunks;
}

}  // namespace known_answers
