#include <hubpush/xet/byte_grouping.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <cstring>

using hubpush::group_bytes;
using hubpush::grouping_pays;
using hubpush::ungroup_bytes;

TEST_CASE("bytes are grouped as the reference groups them") {
    for (const auto& entry : known_answers::all()["byte_grouping"]["cases"]) {
        const auto raw = known_answers::bytes(entry["in"]);
        std::vector<std::byte> grouped(raw.size());
        group_bytes(raw, grouped);
        CHECK(hubpush::to_hex(grouped) == known_answers::text(entry["out"]));
    }
}

TEST_CASE("ungrouping is the inverse of grouping for every length") {
    for (std::size_t size = 0; size != 100; ++size) {
        const auto raw = known_answers::xorshift64(size);
        std::vector<std::byte> grouped(size);
        std::vector<std::byte> back(size);
        group_bytes(raw, grouped);
        ungroup_bytes(grouped, back);
        REQUIRE(back == raw);
    }
}

TEST_CASE("grouping does not change the length") {
    std::vector<std::byte> four(4);
    std::vector<std::byte> five(5);
    CHECK_THROWS_AS(group_bytes(four, five), hubpush::invalid_argument);
    CHECK_THROWS_AS(ungroup_bytes(five, four), hubpush::invalid_argument);
}

TEST_CASE("grouping pays for weights and not for noise, text or nothing") {
    seeded_random random(20261122);
    std::vector<std::byte> weights(65'536);
    for (std::size_t i = 0; i != weights.size(); i += 4) {
        const float weight = random.normal();
        std::memcpy(weights.data() + i, &weight, 4);
    }
    CHECK(grouping_pays(weights));
    CHECK_FALSE(grouping_pays(known_answers::xorshift64(65'536)));
    CHECK_FALSE(grouping_pays(std::vector<std::byte>(65'536)));
    CHECK_FALSE(grouping_pays({}));
    std::string text;
    while (text.size() < 65'536) text += "the quick brown fox jumps over the lazy dog ";
    CHECK_FALSE(grouping_pays(hubpush::as_bytes(text)));
}
