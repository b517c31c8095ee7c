#include <hubpush/xet/shard.hpp>

#include "catch.hpp"
#include "known_answers.hpp"

using hubpush::blake3_key;
using hubpush::shard_file;
using hubpush::shard_footer;
using hubpush::shard_term;

TEST_CASE("a file knows its size and what it takes of a shard") {
    shard_file file;
    CHECK(file.size() == 0);
    CHECK(file.shard_bytes() == 48);
    file.terms.emplace_back(hubpush::xet_hash(), 4'000'000'000U, 0, 40'000, hubpush::xet_hash());
    file.terms.emplace_back(hubpush::xet_hash(), 1'000'000'000U, 0, 10'000, hubpush::xet_hash());
    CHECK(file.size() == 5'000'000'000U);
    CHECK(file.shard_bytes() == 96 * 2 + 48);
    file.sha256.emplace();
    CHECK(file.shard_bytes() == 96 * 2 + 96);
    file.verified = false;
    CHECK(file.shard_bytes() == 48 * 2 + 96);
}

TEST_CASE("a shard expires at its time, unless none is set") {
    CHECK_FALSE(shard_footer(blake3_key{}, 5, 0).expired(1'000'000));
    CHECK_FALSE(shard_footer(blake3_key{}, 5, 0xFFFFFFFFFFFFFFFFU).expired(1'000'000));
    CHECK_FALSE(shard_footer(blake3_key{}, 5, 100).expired(99));
    CHECK(shard_footer(blake3_key{}, 5, 100).expired(100));
}

TEST_CASE("a zero key is no key") {
    CHECK_FALSE(shard_footer().keyed());
    blake3_key key{};
    key[31] = std::byte{1};
    CHECK(shard_footer(key, 0, 0).keyed());
}
