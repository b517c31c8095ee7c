#include <hubpush/xet/chunker.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <string>
#include <vector>

using hubpush::chunker;
using hubpush::chunker_path;

namespace {

using bytes_type = std::vector<std::byte>;
using ends_type = std::vector<std::size_t>;

const std::vector<std::uint64_t>& gear_table() {
    static const std::vector<std::uint64_t> table = [] {
        const auto file = nlohmann::json::parse(std::ifstream(HUBPUSH_TEST_DATA "/xet/xet-gear-table.json"));
        std::vector<std::uint64_t> entries;
        for (const std::string entry : file.at("table")) entries.push_back(std::stoull(entry, nullptr, 16));
        return entries;
    }();
    return table;
}

// The oracle: the rule of spec/xet-protocol.md §1.2 word for word, over the published table.
ends_type ends_by_the_rule(std::span<const std::byte> data) {
    ends_type ends;
    std::uint64_t h = 0;
    std::size_t start = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        h = h * 2 + gear_table()[std::to_integer<std::size_t>(data[i])];
        const std::size_t size = i + 1 - start;
        if (size < 8192) continue;
        if (size >= 131072 || (h & 0xFFFF000000000000U) == 0) {
            ends.push_back(i + 1);
            start = i + 1;
            h = 0;
        }
    }
    if (start < data.size()) ends.push_back(data.size());
    return ends;
}

// `next_piece` says how long the next piece of the input is.
template <class NextPiece>
ends_type ends_of(std::span<const std::byte> data, chunker_path path, NextPiece next_piece) {
    chunker chunks(path);
    ends_type ends;
    std::size_t done = 0;
    while (done < data.size()) {
        auto piece = data.subspan(done, std::min<std::size_t>(next_piece(), data.size() - done));
        done += piece.size();
        while (const auto end = chunks.find_end(piece)) {
            piece = piece.subspan(*end);
            ends.push_back(done - piece.size());
        }
    }
    if (chunks.open_bytes() != 0) ends.push_back(data.size());
    return ends;
}

// All paths of this machine, with the input whole and in pieces.
void require_ends(std::span<const std::byte> data, const ends_type& expected, seeded_random& random) {
    for (const chunker_path path : hubpush::chunker_paths()) {
        CAPTURE(static_cast<int>(path), data.size());
        REQUIRE(ends_of(data, path, [&] { return data.size(); }) == expected);
        const std::size_t longest = std::array<std::size_t, 4>{100, 8192, 20'000, 400'000}[random.below(4)];
        REQUIRE(ends_of(data, path, [&] { return 1 + random.below(static_cast<std::uint32_t>(longest)); }) == expected);
    }
}

void require_rule(std::span<const std::byte> data, seeded_random& random) {
    require_ends(data, ends_by_the_rule(data), random);
}

bytes_type splitmix64(std::uint64_t state, std::size_t size) {
    bytes_type data(size);
    std::uint64_t z = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 8 == 0) {
            state += 0x9E3779B97F4A7C15U;
            z = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
            z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
            z ^= z >> 31U;
        }
        data[i] = static_cast<std::byte>(z >> 8 * (i % 8) & 0xFFU);
    }
    return data;
}

bytes_type xorshift32(std::size_t size) {
    bytes_type data(size);
    std::uint32_t state = 0x9e3779b9U;
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 4 == 0) {
            state ^= state << 13U;
            state ^= state >> 17U;
            state ^= state << 5U;
        }
        data[i] = static_cast<std::byte>(state >> 8 * (i % 4) & 0xFFU);
    }
    return data;
}

bytes_type random_bytes(seeded_random& random, std::size_t size) {
    bytes_type data(size);
    for (std::byte& byte : data) byte = random.byte();
    return data;
}

// 64 bytes after which the rolling hash meets the mask, found by trying: with them a test puts boundaries anywhere.
bytes_type triggering_window(seeded_random& random) {
    for (;;) {
        bytes_type window = random_bytes(random, 64);
        std::uint64_t h = 0;
        for (const std::byte byte : window) h = 2 * h + gear_table()[std::to_integer<std::size_t>(byte)];
        if ((h & 0xFFFF000000000000U) == 0) return window;
    }
}

void place(bytes_type& data, std::size_t end, const bytes_type& window) {
    std::copy(window.begin(), window.end(), data.begin() + static_cast<std::ptrdiff_t>(end - window.size()));
}

ends_type ends_of_lengths(const nlohmann::json& chunks) {
    ends_type ends;
    for (const auto& chunk : chunks) ends.push_back((ends.empty() ? 0 : ends.back()) + chunk.at(1).get<std::size_t>());
    return ends;
}

}  // namespace

TEST_CASE("the published boundaries are found") {
    seeded_random random(1);
    const auto& known = known_answers::all().at("chunk_boundaries");
    const auto& mixed = known.at("splitmix64_seed_0");
    require_ends(splitmix64(0, 1'000'000), mixed.at("boundaries").get<ends_type>(), random);
    require_ends(bytes_type(1'000'000, std::byte{59}), known.at("constant_59").at("boundaries").get<ends_type>(),
                 random);
    for (const auto& affine : known.at("affine")) {
        bytes_type data(affine.at("n").get<std::size_t>());
        for (std::size_t i = 0; i < data.size(); ++i) {
            data[i] = static_cast<std::byte>(i * affine.at("a").get<std::size_t>() + affine.at("b").get<std::size_t>());
        }
        require_ends(data, affine.at("boundaries").get<ends_type>(), random);
    }
}

TEST_CASE("the trigger patterns are cut by the rule of 2025-09-10") {
    seeded_random random(2);
    const bytes_type base =
        known_answers::bytes(known_answers::all().at("generators").at("trigger_pattern").at("base_128_bytes"));
    std::size_t differing = 0;
    for (const auto& known : known_answers::all().at("chunk_boundaries").at("trigger_patterns").at("cases")) {
        bytes_type block = base;
        block.resize(base.size() + known.at("padding").get<std::size_t>());
        bytes_type data(65'536);
        for (std::size_t i = 0; i < data.size(); ++i) data[i] = block[i % block.size()];
        require_ends(data, known.at("boundaries").get<ends_type>(), random);
        if (known.contains("legacy_boundaries")) ++differing;
    }
    CHECK(differing == 13);
}

TEST_CASE("the known files have their chunks") {
    seeded_random random(3);
    const auto& cases = known_answers::all().at("files").at("cases");
    const auto check = [&](const char* name, const bytes_type& data) {
        INFO(name);
        const auto& known = cases.at(name);
        REQUIRE(known_answers::sha256_of(data) == known.at("sha256").get<std::string>());
        require_ends(data, ends_of_lengths(known.at("chunks")), random);
    };
    const bytes_type stream = known_answers::xorshift64(64 << 20);
    check("empty", {});
    check("zeros_1k", bytes_type(1024));
    check("xs_1m", bytes_type(stream.begin(), stream.begin() + (1 << 20)));
    check("xs_10m", bytes_type(stream.begin(), stream.begin() + (10 << 20)));
    check("xs_64m", stream);
    check("seed_v1", xorshift32(16 << 20));
    check("sm_256000_1", splitmix64(1, 256'000));
    const ends_type zeros = ends_of(bytes_type(10 << 20), hubpush::best_chunker_path(), [] { return 999'999U; });
    REQUIRE(zeros.size() == cases.at("zeros_10m").at("chunk_count").get<std::size_t>());
    for (std::size_t i = 0; i < zeros.size(); ++i) CHECK(zeros[i] == (i + 1) * 131'072);
}

TEST_CASE("boundaries are those of the rule at sizes around every limit, in every split into two") {
    const unsigned seed = 20261122;
    CAPTURE(seed);
    seeded_random random(seed);
    const bytes_type data = random_bytes(random, 140'000);
    for (const std::size_t limit :
         {std::size_t{0}, std::size_t{8127}, std::size_t{8191}, std::size_t{14'335}, std::size_t{131'072}}) {
        for (std::size_t size = limit; size < limit + 3; ++size) {
            require_rule(std::span(data).first(size), random);
            const bytes_type constant(size, std::byte{7});
            require_rule(constant, random);
        }
    }
    const auto part = std::span(data).first(9'000);
    for (const chunker_path path : hubpush::chunker_paths()) {
        const ends_type whole = ends_by_the_rule(part);
        for (std::size_t cut = 8'000; cut < part.size(); ++cut) {
            bool first = true;
            REQUIRE(ends_of(part, path, [&] { return std::exchange(first, false) ? cut : part.size(); }) == whole);
        }
        REQUIRE(ends_of(data, path, [] { return 1; }) == ends_by_the_rule(data));
    }
}

TEST_CASE("boundaries are those of the rule on random, text-like, periodic and constant data in random splits") {
    const unsigned seed = 20261123;
    CAPTURE(seed);
    seeded_random random(seed);
    for (int round = 0; round < 25; ++round) {
        CAPTURE(round);
        const std::size_t size = random.below(700'000);
        bytes_type data(size);
        const std::uint32_t alphabet = std::array<std::uint32_t, 4>{256, 27, 2, 1}[random.below(4)];
        const std::size_t period = random.below(2) == 0 ? size : 1 + random.below(5000);
        for (std::size_t i = 0; i < size; ++i) {
            data[i] = i < period ? static_cast<std::byte>(97 + random.below(alphabet)) : data[i - period];
        }
        require_rule(data, random);
    }
}

TEST_CASE("boundaries are those of the rule where candidates are dense") {
    const unsigned seed = 20261124;
    CAPTURE(seed);
    seeded_random random(seed);
    const bytes_type window = triggering_window(random);
    for (int round = 0; round < 60; ++round) {
        CAPTURE(round);
        bytes_type data = random_bytes(random, 300'000);
        // Every few hundred or thousand bytes, and often where a chunk becomes testable or a scan changes its pace.
        const std::uint32_t spacing = std::array<std::uint32_t, 4>{100, 1'000, 6'144, 30'000}[random.below(4)];
        for (std::size_t end = 64 + random.below(spacing); end <= data.size(); end += 64 + random.below(spacing)) {
            place(data, end, window);
        }
        require_rule(data, random);
        // The same window over and over, without anything between.
        for (std::size_t i = 0; i < data.size(); ++i) data[i] = window[i % window.size()];
        require_rule(std::span(data).first(100'000), random);
    }
}

TEST_CASE("a candidate counts from the smallest chunk on, to the byte") {
    const unsigned seed = 20261125;
    CAPTURE(seed);
    seeded_random random(seed);
    const bytes_type window = triggering_window(random);
    for (std::size_t end = 8'120; end < 8'200; ++end) {
        bytes_type data(200'000, std::byte{1});
        place(data, end, window);
        require_rule(data, random);
        CHECK((ends_by_the_rule(data).front() == end) == (end >= 8'192));
    }
    // Anywhere in the first blocks that a vector path takes: every lane, its first and last bytes.
    for (std::size_t end = 8'192; end < 8'192 + 2 * 8'192; end += 1 + random.below(7)) {
        bytes_type data(40'000, std::byte{1});
        place(data, end, window);
        REQUIRE(ends_of(data, hubpush::best_chunker_path(), [] { return 40'000; }) == ends_type{end, 40'000});
    }
}

TEST_CASE("an insertion moves boundaries only near it") {
    const unsigned seed = 20261126;
    CAPTURE(seed);
    seeded_random random(seed);
    const auto whole = [] { return std::size_t{1} << 30U; };
    for (int round = 0; round < 5; ++round) {
        const bytes_type data = random_bytes(random, 4 << 20);
        const std::size_t at = random.below(2 << 20);
        const bytes_type inserted = random_bytes(random, 1 + random.below(100'000));
        bytes_type changed = data;
        changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), inserted.begin(), inserted.end());
        const ends_type before = ends_of(data, hubpush::best_chunker_path(), whole);
        const ends_type after = ends_of(changed, hubpush::best_chunker_path(), whole);
        const std::vector<std::uint64_t> ends(before.begin(), before.end());
        const std::uint64_t stable = hubpush::stable_boundary(ends, at).value();
        CHECK(stable < at + 1'000'000);
        const std::set<std::size_t> after_set(after.begin(), after.end());
        for (const std::size_t end : before) {
            if (end < at) CHECK(after_set.count(end) == 1);
            if (end >= stable) CHECK(after_set.count(end + inserted.size()) == 1);
        }
    }
}

TEST_CASE("stable boundaries follow from the lengths as published") {
    const auto& known = known_answers::all().at("stable_boundary");
    std::vector<std::uint64_t> ends;
    for (const std::size_t end :
         ends_of_lengths(known_answers::all().at("files").at("cases").at("xs_10m").at("chunks"))) {
        ends.push_back(end);
    }
    for (const auto& pair : known.at("pairs_start_result")) {
        const auto found = hubpush::stable_boundary(ends, pair.at(0).get<std::uint64_t>());
        if (pair.at(1).is_null()) {
            CHECK_FALSE(found);
        } else {
            CHECK(found == pair.at(1).get<std::uint64_t>());
        }
    }
}

TEST_CASE("this machine has the portable paths, and refuses those it does not have") {
    const auto paths = hubpush::chunker_paths();
    REQUIRE(paths.size() >= 2);
    CHECK(paths.back() == hubpush::best_chunker_path());
    if (paths.back() != chunker_path::avx2) CHECK_THROWS_AS(chunker(chunker_path::avx2), hubpush::invalid_argument);
}
