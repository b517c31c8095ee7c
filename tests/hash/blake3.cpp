#include <hubpush/hash/blake3.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/impl/blake3_avx2.ipp>
#include <hubpush/hash/impl/blake3_avx512.ipp>
#include <hubpush/hash/impl/blake3_portable.ipp>
#include <hubpush/hash/text.hpp>

#include "catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

using hubpush::as_bytes;
using hubpush::blake3;
using hubpush::blake3_digest;
using hubpush::blake3_key;
using hubpush::blake3_path;
using hubpush::blake3_paths;
using hubpush::to_hex;

namespace {

using bytes = std::vector<std::byte>;

/// The official vectors (spec/xet-protocol.md §2.1), unmodified.
const nlohmann::json& vectors() {
    static const auto parsed =
        nlohmann::json::parse(std::ifstream(HUBPUSH_TEST_DATA "/hash/blake3-test-vectors.json", std::ios::binary));
    return parsed;
}

/// The input of a vector: 0, 1, ... 250, 0, 1, ...
bytes counting(std::size_t size) {
    bytes input(size);
    for (std::size_t i = 0; i < size; ++i) input[i] = static_cast<std::byte>(i % 251);
    return input;
}

blake3_key key_of(const nlohmann::json& text) {
    const auto& characters = text.get_ref<const std::string&>();
    blake3_key key{};
    REQUIRE(characters.size() == key.size());
    std::copy_n(as_bytes(characters).begin(), key.size(), key.begin());
    return key;
}

/// The digest of `input`, given in pieces whose sizes `next` says.
template <class Next>
blake3_digest in_pieces(blake3 hash, std::span<const std::byte> input, Next next) {
    while (!input.empty()) {
        const std::size_t size = std::min<std::size_t>(next(), input.size());
        hash.update(input.first(size));
        input = input.subspan(size);
    }
    return hash.finish();
}

std::string first_32(const nlohmann::json& extended) { return extended.get<std::string>().substr(0, 64); }

/// Sizes around every limit: block, leaf, lanes, subtree.
std::vector<std::size_t> interesting_sizes() {
    std::vector<std::size_t> sizes = {0, 1};
    for (std::size_t limit = 32; limit <= 1 << 20; limit *= 2) {
        for (const std::size_t near : {limit - 1, limit, limit + 1, limit + 64, limit + limit / 2})
            sizes.push_back(near);
    }
    for (std::size_t leaves = 3; leaves < 40; ++leaves) sizes.push_back(leaves * 1024 + leaves * 29);
    return sizes;
}

}  // namespace

TEST_CASE("every official BLAKE3 vector comes out of every path") {
    const blake3_key key = key_of(vectors()["key"]);
    const auto context = vectors()["context_string"].get<std::string>();
    REQUIRE(vectors()["cases"].size() == 35);
    for (const blake3_path path : blake3_paths()) {
        for (const auto& vector : vectors()["cases"]) {
            const bytes input = counting(vector["input_len"].get<std::size_t>());
            CAPTURE(static_cast<int>(path), input.size());
            CHECK(to_hex(blake3::of(input, path)) == first_32(vector["hash"]));
            CHECK(to_hex(blake3::of(key, input, path)) == first_32(vector["keyed_hash"]));
            blake3 derivation = blake3::key_derivation(context, path);
            derivation.update(input);
            CHECK(to_hex(derivation.finish()) == first_32(vector["derive_key"]));
        }
    }
}

TEST_CASE("an official BLAKE3 vector does not depend on the pieces it is fed in") {
    const auto seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const blake3_key key = key_of(vectors()["key"]);
    for (const blake3_path path : blake3_paths()) {
        for (const auto& vector : vectors()["cases"]) {
            const bytes input = counting(vector["input_len"].get<std::size_t>());
            CAPTURE(static_cast<int>(path), input.size());
            const std::string expected = first_32(vector["keyed_hash"]);
            CHECK(to_hex(in_pieces(blake3(key, path), input, [] { return 1U; })) == expected);
            for (const unsigned longest : {7U, 64U, 65U, 1024U, 1025U, 5000U, 40000U}) {
                const auto next = [&] { return std::uniform_int_distribution<unsigned>(0, longest)(random); };
                CHECK(to_hex(in_pieces(blake3(key, path), input, next)) == expected);
            }
        }
    }
}

TEST_CASE("all BLAKE3 paths agree around every limit, in one piece, in two and among other inputs") {
    bytes input(3 << 19);
    const unsigned seed = 20261122;
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (std::byte& byte : input) byte = static_cast<std::byte>(random());
    const blake3_key key = key_of(vectors()["key"]);
    for (const std::size_t size : interesting_sizes()) {
        const auto whole = std::span<const std::byte>(input).first(size);
        const blake3_digest expected =
            in_pieces(blake3(key, blake3_path::portable), whole, [] { return std::size_t{1024}; });
        for (const blake3_path path : blake3_paths()) {
            CAPTURE(static_cast<int>(path), size);
            REQUIRE(blake3::of(key, whole, path) == expected);
            const std::size_t cut = random() % (size + 1);
            bool first = true;
            const auto in_two = [&] { return std::exchange(first, false) ? std::max<std::size_t>(cut, 1) : size; };
            REQUIRE(in_pieces(blake3(key, path), whole, in_two) == expected);
        }
    }
}

TEST_CASE("an unaligned input has the same BLAKE3 digest") {
    const bytes input = counting(8193);
    const blake3_digest expected = blake3::of(input, blake3_path::portable);
    bytes moved(input.size() + 32);
    for (const blake3_path path : blake3_paths()) {
        for (std::size_t offset = 0; offset < 32; ++offset) {
            std::copy(input.begin(), input.end(), moved.begin() + static_cast<std::ptrdiff_t>(offset));
            REQUIRE(blake3::of(std::span(moved).subspan(offset, input.size()), path) == expected);
        }
    }
}

TEST_CASE("many inputs at once have the digests they have alone") {
    const auto seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const blake3_key key = key_of(vectors()["key"]);
    const bytes input = counting(600'000);
    const std::vector<std::size_t> sizes = interesting_sizes();
    for (const blake3_path path : blake3_paths()) {
        for (int round = 0; round < 60; ++round) {
            // Small ones together, chunks together, and everything mixed.
            const std::size_t most = round % 3 == 0 ? 200 : round % 3 == 1 ? 131'072 : input.size();
            std::vector<std::span<const std::byte>> inputs(random() % (round % 3 == 0 ? 300 : 20));
            std::vector<blake3_digest> expected;
            for (auto& one : inputs) {
                const std::size_t size = std::min(most, sizes[random() % sizes.size()] + random() % 2);
                one = std::span(input).subspan(random() % (input.size() - size + 1), size);
                expected.push_back(blake3::of(key, one, path));
            }
            std::vector<blake3_digest> digests(inputs.size());
            hubpush::blake3_many(key, inputs, digests, path);
            CAPTURE(static_cast<int>(path), round);
            REQUIRE(digests == expected);
        }
    }
}

TEST_CASE("many inputs of every official size have the keyed digests of the vectors") {
    std::vector<bytes> inputs;
    std::vector<std::string> expected;
    for (const auto& vector : vectors()["cases"]) {
        inputs.push_back(counting(vector["input_len"].get<std::size_t>()));
        expected.push_back(first_32(vector["keyed_hash"]));
    }
    const std::vector<std::span<const std::byte>> views(inputs.begin(), inputs.end());
    for (const blake3_path path : blake3_paths()) {
        std::vector<blake3_digest> digests(views.size());
        hubpush::blake3_many(key_of(vectors()["key"]), views, digests, path);
        for (std::size_t i = 0; i < views.size(); ++i) CHECK(to_hex(digests[i]) == expected[i]);
    }
}

TEST_CASE("a running BLAKE3 can be finished in between and copied") {
    blake3 running;
    running.update(as_bytes("ab"));
    CHECK(running.finish() == blake3::of(as_bytes("ab")));
    blake3 copy = running;
    running.update(as_bytes("c"));
    copy.update(as_bytes("d"));
    CHECK(to_hex(running.finish()) == "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
    CHECK(copy.finish() == blake3::of(as_bytes("abd")));
}

TEST_CASE("every BLAKE3 path counts leaves in 64 bits") {
    // An input with so many leaves would be 4 TiB: the kernels are called as the tree over them calls them.
    std::vector<hubpush::detail::blake3_kernel> kernels = {hubpush::detail::blake3_portable};
#if defined(__x86_64__)
    if (blake3_paths().size() > 1) kernels.push_back(hubpush::detail::blake3_sse41);
    if (blake3_paths().size() > 2) kernels.push_back(hubpush::detail::blake3_avx2);
    if (blake3_paths().size() > 3) kernels.push_back(hubpush::detail::blake3_avx512);
#endif
    const bytes leaf = counting(1024);
    const hubpush::detail::blake3_work work{&hubpush::detail::blake3_iv, 16, 1, 0};
    for (const auto& kernel : kernels) {
        std::vector<blake3_digest> values(kernel.lanes);
        std::vector<hubpush::detail::blake3_lane> lanes;
        for (std::uint32_t i = 0; i < kernel.lanes; ++i) {
            lanes.push_back({{i, i + 1, 64, 2}, leaf.data(), leaf.data() + 960, values[i].data()});
        }
        kernel.run_all(work, lanes.data());
        for (std::size_t i = 0; i < lanes.size(); ++i) {
            const blake3_digest together = values[i];
            kernel.run_one(work, &lanes[i]);
            CHECK(values[i] == together);
            hubpush::detail::run_blake3_portable(work, &lanes[i]);
            CHECK(values[i] == together);
            CHECK(std::count(values.begin(), values.end(), together) == 1);
        }
    }
}

TEST_CASE("BLAKE3 refuses what it cannot do") {
    CHECK_THROWS_AS(blake3(static_cast<blake3_path>(7)), hubpush::error);
    std::vector<blake3_digest> digests(2);
    const std::vector<std::span<const std::byte>> inputs(3);
    CHECK_THROWS_AS(hubpush::blake3_many(blake3_key{}, inputs, digests), hubpush::error);
    CHECK(blake3_paths().front() == blake3_path::portable);
    CHECK(blake3_paths().back() == hubpush::best_blake3_path());
}
