#include <hubpush/cli/chunk_sample.hpp>

#include "catch.hpp"

#include <cstring>
#include <random>
#include <vector>

using hubpush::chunk_sample;
using hubpush::xet_hash;

namespace {

xet_hash random_hash(std::mt19937_64& random) {
    std::array<std::byte, 32> bytes{};
    for (std::size_t i = 0; i < bytes.size(); i += 8) {
        const std::uint64_t word = random();
        std::memcpy(&bytes[i], &word, 8);
    }
    return xet_hash(bytes);
}

}  // namespace

TEST_CASE("as long as all hashes fit, the answer is exact") {
    const unsigned seed = 20261122;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    chunk_sample sample(1024);
    std::vector<xet_hash> hashes{xet_hash()};  // its first word is zero, as a free slot
    while (hashes.size() < 768) hashes.push_back(random_hash(random));
    for (const xet_hash& hash : hashes) {
        CHECK_FALSE(sample.contains(hash));
        sample.insert(hash);
        sample.insert(hash);
        CHECK(sample.contains(hash));
    }
    CHECK(sample.is_complete());
    for (const xet_hash& hash : hashes) CHECK((sample.contains(hash) && sample.weight(hash) == 1));
    CHECK_FALSE(sample.contains(random_hash(random)));
}

TEST_CASE("beyond that, weights still add up to the number of different hashes") {
    const unsigned seed = 20261123;
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    chunk_sample sample(4096);
    std::vector<xet_hash> hashes;
    for (int i = 0; i < 100'000; ++i) {
        hashes.push_back(random_hash(random));
        sample.insert(hashes.back());
    }
    CHECK_FALSE(sample.is_complete());
    std::uint64_t sum = 0;
    for (const xet_hash& hash : hashes) {
        REQUIRE(sample.contains(hash) == (sample.weight(hash) != 0));
        sum += sample.weight(hash);
    }
    // Between 1536 and 3072 of them are kept, each stands for 64: the standard deviation is 2 to 3 in a hundred.
    CHECK(sum > 90'000);
    CHECK(sum < 110'000);
}
