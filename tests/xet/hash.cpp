#include <hubpush/xet/hash.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <string>
#include <unordered_set>
#include <vector>

using hubpush::xet_hash;

namespace {

xet_hash random_hash(seeded_random& random) {
    std::array<std::byte, 32> bytes;
    for (std::byte& byte : bytes) byte = random.byte();
    return xet_hash(bytes);
}

}  // namespace

TEST_CASE("the text form of a hash has the published answers, in both directions") {
    for (const auto& known : known_answers::all().at("hash_strings")) {
        const std::string text = known.at("string");
        const xet_hash hash = xet_hash::parse(text).value();
        CHECK(hubpush::to_hex(hash.bytes()) == known.at("raw").get<std::string>());
        CHECK(hash.text() == text);
    }
}

TEST_CASE("the words of a hash are the quarters of its text") {
    seeded_random random(20261122);
    for (int i = 0; i < 100; ++i) {
        const xet_hash hash = random_hash(random);
        for (std::size_t word = 0; word < 4; ++word) {
            CHECK(hash.word(word) == std::stoull(hash.text().substr(16 * word, 16), nullptr, 16));
        }
    }
}

TEST_CASE("only 64 hexadecimal digits are a hash") {
    const std::string good(64, 'c');
    CHECK(xet_hash::parse(good));
    CHECK(xet_hash::parse(std::string(64, 'C')) == xet_hash::parse(good));
    for (const std::string& bad : {std::string(), good.substr(1), good + "c", good.substr(2), good.substr(1) + "g",
                                   " " + good.substr(1), "0x" + good.substr(2)}) {
        CHECK_FALSE(xet_hash::parse(bad));
    }
}

TEST_CASE("hashes are ordered as their texts") {
    seeded_random random(20261123);
    for (int i = 0; i < 300; ++i) {
        const xet_hash left = random_hash(random);
        // Often equal up to some byte, so that every word decides sometimes.
        std::array<std::byte, 32> bytes = left.bytes();
        for (std::size_t at = random.below(33); at < bytes.size(); ++at) bytes[at] = random.byte();
        const xet_hash right(bytes);
        CHECK((left < right) == (left.text() < right.text()));
        CHECK((left == right) == (left.text() == right.text()));
        CHECK((left > right) == (left.text() > right.text()));
    }
}

TEST_CASE("a hash is a key of an unordered container") {
    seeded_random random(20261124);
    std::unordered_set<xet_hash> hashes;
    for (int i = 0; i < 100; ++i) hashes.insert(random_hash(random));
    CHECK(hashes.size() == 100);
    CHECK(hashes.count(xet_hash()) == 0);
}

TEST_CASE("a SHA-256 is stored with its groups of eight bytes reversed") {
    for (const auto& known : known_answers::all().at("sha256_field")) {
        const hubpush::sha256_digest stored =
            hubpush::detail::reverse_groups(known_answers::sha256(known.at("sha256")));
        CHECK(stored == known_answers::sha256(known.at("stored_bytes")));
        CHECK(hubpush::detail::reverse_groups(stored) == known_answers::sha256(known.at("sha256")));
    }
}
