#include <hubpush/xet/xorb.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "known_answers.hpp"

using hubpush::xet_chunk;
using hubpush::xorb_description;
using hubpush::xorb_limits;

TEST_CASE("the limits of a xorb count the record headers too") {
    const xorb_limits limits;
    CHECK(limits.allow(0, 0));
    CHECK(limits.allow(8192, 67'108'864 - 8192 * 8));
    CHECK_FALSE(limits.allow(8192, 67'108'864 - 8192 * 8 + 1));
    CHECK_FALSE(limits.allow(8193, 8193));
    CHECK_FALSE(limits.allow(1020, 67'108'864));
}

TEST_CASE("limits can be made tighter but not wider than the format's") {
    const xorb_limits tight(1'000'000, 10);
    CHECK(tight.allow(10, 1'000'000 - 80));
    CHECK_FALSE(tight.allow(11, 11));
    CHECK(xorb_limits(131'080, 1).allow(1, 131'072));
    CHECK_THROWS_AS(xorb_limits(131'079, 1), hubpush::invalid_argument);
    CHECK_THROWS_AS(xorb_limits(131'080, 0), hubpush::invalid_argument);
    CHECK_THROWS_AS(xorb_limits(67'108'865, 1), hubpush::invalid_argument);
    CHECK_THROWS_AS(xorb_limits(67'108'864, 8193), hubpush::invalid_argument);
}

TEST_CASE("the chunks of 64 MiB fill one xorb and begin another") {
    const auto& packing = known_answers::all()["xorb_packing"]["serialized_limit_rule"]["xorbs"];
    const auto chunks = known_answers::chunks(known_answers::all()["files"]["cases"]["xs_64m"]["chunks"]);
    const xorb_limits limits;
    std::size_t first = 0;
    for (const auto& expected : packing) {
        std::uint64_t raw = 0;
        std::size_t end = first;
        while (end != chunks.size() && limits.allow(end - first + 1, raw + chunks[end].length)) {
            raw += chunks[end++].length;
        }
        const xorb_description xorb(std::vector<xet_chunk>(chunks.begin() + static_cast<std::ptrdiff_t>(first),
                                                           chunks.begin() + static_cast<std::ptrdiff_t>(end)));
        CHECK(xorb.hash == known_answers::hash(expected.at(0)));
        CHECK(xorb.chunks.size() == expected.at(1));
        CHECK(xorb.raw_bytes() == expected.at(2));
        first = end;
    }
    CHECK(first == chunks.size());
    // The other rule of §3.2 packs them all into one, which must be read: the name does not depend on the rule.
    const auto& whole = known_answers::all()["xorb_packing"]["raw_limit_rule"];
    const xorb_description all(chunks);
    CHECK(all.hash == known_answers::hash(whole["xorbs"].at(0).at(0)));
    CHECK(all.chunks.size() == whole["xorbs"].at(0).at(1));
    CHECK(all.raw_bytes() == whole["xorbs"].at(0).at(2));
    CHECK(all.raw_bytes() + all.chunks.size() * hubpush::chunk_record_header_size ==
          whole["serialized_length_if_all_chunks_stored_raw"]);
}
