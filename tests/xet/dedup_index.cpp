#include <hubpush/xet/dedup_index.hpp>

#include <hubpush/xet/shard_reader.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "sample_shards.hpp"
#include "seeded_random.hpp"

#include <map>

using hubpush::dedup_index;
using hubpush::dedup_match;
using hubpush::shard;
using hubpush::xet_chunk;
using hubpush::xorb_description;

namespace {

constexpr std::size_t plenty = 10'000'000;

// Chunks that are told apart by numbers.
std::vector<xet_chunk> chunks(std::initializer_list<unsigned> numbers) {
    std::vector<xet_chunk> made;
    for (const unsigned number : numbers) {
        const std::string name = "chunk " + std::to_string(number);
        made.emplace_back(hubpush::chunk_hash(hubpush::as_bytes(name)), static_cast<std::uint32_t>(name.size()));
    }
    return made;
}

std::vector<xet_chunk> chunk_range(unsigned first, unsigned end) {
    std::vector<xet_chunk> made;
    for (unsigned number = first; number != end; ++number) made.push_back(chunks({number}).front());
    return made;
}

// What a service would answer: the xorb under a key.
shard keyed(const xorb_description& xorb, unsigned key_number, std::uint64_t expiry) {
    hubpush::blake3_key key{};
    key[0] = static_cast<std::byte>(key_number & 0xFFU);
    key[31] = std::byte{1};
    shard answer;
    answer.xorbs.push_back(xorb);
    answer.footer.emplace(key, 1, expiry);
    return hubpush::read_shard(sample_shards::written(answer));
}

}  // namespace

TEST_CASE("the leading chunks that lie one after the other in a xorb are found") {
    dedup_index index(plenty);
    CHECK_FALSE(index.find(chunks({1})));
    CHECK_FALSE(index.find({}));
    const xorb_description xorb(chunks({1, 2, 3, 4, 5}));
    index.add(xorb);
    CHECK(index.find(chunks({1})) == dedup_match(xorb.hash, 0, 1));
    CHECK(index.find(chunks({2, 3, 4})) == dedup_match(xorb.hash, 1, 3));
    CHECK(index.find(chunks({4, 5, 6})) == dedup_match(xorb.hash, 3, 2));
    CHECK(index.find(chunks({2, 4})) == dedup_match(xorb.hash, 1, 1));
    CHECK_FALSE(index.find(chunks({6, 1})));
}

TEST_CASE("a chunk that is known twice is found at its latest place") {
    dedup_index index(plenty);
    const xorb_description first(chunks({1, 2, 3}));
    const xorb_description second(chunks({7, 2, 8, 2}));
    index.add(first);
    index.add(second);
    CHECK(index.find(chunks({2, 3})) == dedup_match(second.hash, 3, 1));
    CHECK(index.find(chunks({1, 2, 3})) == dedup_match(first.hash, 0, 3));
}

TEST_CASE("a chunk of another length is another chunk") {
    dedup_index index(plenty);
    auto lying = chunks({1, 2});
    lying[0].length += 1;
    index.add(xorb_description(lying));
    CHECK_FALSE(index.find(chunks({1})));
    CHECK(index.find(chunks({2})));
    index.add(xorb_description(chunks({2, 3})));
    lying = chunks({2, 3});
    lying[1].length += 1;
    CHECK(index.find(lying)->count == 1);
}

TEST_CASE("a keyed answer is searched with keyed hashes") {
    const auto& sample = known_answers::all()["shards"]["two_small_files"];
    const auto own = sample_shards::two_small_files().xorbs.front();
    dedup_index index(plenty);
    index.add(hubpush::read_shard(known_answers::bytes(sample["keyed_dedup_form"]["hex"])), 1795334330);
    CHECK(index.find(own.chunks) == dedup_match(own.hash, 0, 2));
    CHECK(index.find(std::span(own.chunks).subspan(1)) == dedup_match(own.hash, 1, 1));
    CHECK_FALSE(index.find(chunks({1})));
    // The keyed hash itself is not the hash of a chunk.
    const auto in_answer =
        hubpush::keyed_chunk_hash(own.chunks[0].hash, known_answers::hash(sample["keyed_dedup_form"]["key"]).bytes());
    CHECK_FALSE(index.find(std::vector{xet_chunk(in_answer, 12)}));
}

TEST_CASE("clear descriptions go before keyed ones, and keys are independent of each other") {
    dedup_index index(plenty);
    const xorb_description first(chunks({1, 2}));
    const xorb_description second(chunks({2, 3}));
    const xorb_description third(chunks({3, 1}));
    index.add(keyed(first, 1, 0), 0);
    index.add(keyed(second, 2, 0), 0);
    CHECK(index.find(chunks({1, 2}))->xorb == first.hash);
    CHECK(index.find(chunks({3}))->xorb == second.hash);
    index.add(third);
    CHECK(index.find(chunks({1, 2}))->xorb == third.hash);
    CHECK(index.find(chunks({2, 3}))->xorb == first.hash);
}

TEST_CASE("what has expired is not used") {
    dedup_index index(plenty);
    index.add(keyed(xorb_description(chunks({1})), 1, 100), 100);
    CHECK_FALSE(index.find(chunks({1})));
    index.add(keyed(xorb_description(chunks({1})), 1, 100), 99);
    index.add(keyed(xorb_description(chunks({2})), 1, 0), 99);
    index.add(xorb_description(chunks({3})));
    CHECK(index.find(chunks({1})));
    index.forget_expired(99);
    CHECK(index.find(chunks({1})));
    index.forget_expired(100);
    CHECK_FALSE(index.find(chunks({1})));
    CHECK(index.find(chunks({2})));
    CHECK(index.find(chunks({3})));
}

TEST_CASE("the same description again only prolongs the first") {
    dedup_index index(plenty);
    index.add(keyed(xorb_description(chunks({1, 2})), 1, 100), 0);
    const std::size_t used = index.bytes_used();
    index.add(keyed(xorb_description(chunks({1, 2})), 1, 200), 0);
    CHECK(index.bytes_used() == used);
    index.forget_expired(150);
    CHECK(index.find(chunks({1})));
    index.forget_expired(200);
    CHECK_FALSE(index.find(chunks({1})));
    index.add(keyed(xorb_description(chunks({1, 2})), 1, 0), 0);
    index.add(keyed(xorb_description(chunks({1, 2})), 1, 200), 0);
    index.forget_expired(300);
    CHECK(index.find(chunks({1})));
}

TEST_CASE("the index stays within its bytes and forgets the oldest first") {
    for (const std::size_t limit : {0U, 1000U, 20'000U, 100'000U}) {
        CAPTURE(limit);
        dedup_index index(limit);
        unsigned found = 0;
        for (unsigned i = 0; i != 200; ++i) {
            index.add(xorb_description(chunk_range(i * 50, i * 50 + 50)));
            REQUIRE(index.bytes_used() <= limit);
        }
        bool before = false;
        for (unsigned i = 0; i != 200; ++i) {
            const auto match = index.find(chunk_range(i * 50, i * 50 + 50));
            REQUIRE((!before || match));  // once one is known, all later ones are
            before = match.has_value();
            if (match) REQUIRE(match->count == 50);
            found += match ? 1 : 0;
        }
        // A chunk takes 36 bytes and in the table 11 to 22, which may have to be there one and a half times.
        CHECK(found >= limit / 50 / 100);
    }
}

TEST_CASE("no more keys are kept than the limit says") {
    dedup_index index(plenty);
    for (unsigned key = 0; key != 2 * dedup_index::key_limit; ++key) {
        index.add(keyed(xorb_description(chunks({key})), key, 0), 0);
    }
    for (unsigned key = 0; key != 2 * dedup_index::key_limit; ++key) {
        CHECK(index.find(chunks({key})).has_value() == (key >= dedup_index::key_limit));
    }
}

// The same as a map that holds everything.
TEST_CASE("the index finds what a plain map finds, through growth and expiry") {
    const std::uint32_t seed = 20261122;
    INFO("seed " << seed);
    seeded_random random(seed);
    struct place {
        std::size_t shard_number;
        std::uint32_t chunk;
    };
    std::map<hubpush::xet_hash, place> places;
    std::vector<shard> added;
    dedup_index index(plenty, seed);
    for (std::uint64_t now = 1; now != 300; ++now) {
        std::vector<xet_chunk> made;
        for (unsigned i = 5 + random.below(30); i != 0; --i) made.push_back(chunks({random.below(3000)}).front());
        shard next;
        next.footer.emplace(hubpush::blake3_key{}, 0, random.below(3) == 0 ? 0 : now + 1 + random.below(60));
        for (std::uint32_t i = 0; i != made.size(); ++i) places[made[i].hash] = {added.size(), i};
        next.xorbs.emplace_back(std::move(made));
        index.add(next, now);
        added.push_back(std::move(next));

        index.forget_expired(now);
        std::erase_if(places, [&](const auto& entry) { return added[entry.second.shard_number].footer->expired(now); });
        for (unsigned number = random.below(40); number < 3000; number += 1 + random.below(40)) {
            const auto match = index.find(chunks({number}));
            const auto expected = places.find(chunks({number})[0].hash);
            REQUIRE(match.has_value() == (expected != places.end()));
            if (!match) continue;
            REQUIRE(match->xorb == added[expected->second.shard_number].xorbs[0].hash);
            REQUIRE(match->first_chunk == expected->second.chunk);
        }
    }
}
