#include <hubpush/xet/xorb_writer.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/lz4_frame.hpp>
#include <hubpush/xet/xorb_reader.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <cstring>

using hubpush::as_bytes;
using hubpush::chunk_scheme;
using hubpush::xorb_compression;
using hubpush::xorb_writer;

namespace {

std::vector<chunk_scheme> schemes(std::span<const std::byte> records) {
    std::vector<chunk_scheme> found;
    hubpush::chunk_record_reader reader(records);
    while (const auto record = reader.next()) found.push_back(record->scheme);
    return found;
}

std::vector<std::byte> floats(std::size_t count) {
    seeded_random random(5);
    std::vector<std::byte> bytes(count * 4);
    for (std::size_t i = 0; i != count; ++i) {
        const float value = random.normal();
        std::memcpy(bytes.data() + i * 4, &value, 4);
    }
    return bytes;
}

std::vector<std::byte> text(std::size_t size) {
    std::string repeated;
    while (repeated.size() < size) repeated += "The quick brown fox jumps over the lazy dog. ";
    const auto bytes = as_bytes(repeated).first(size);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("a xorb of raw chunks has the known bytes") {
    const auto& sample = known_answers::all()["xorbs"]["raw_two_chunk_sample"];
    std::vector<std::byte> body(2000);
    xorb_writer xorb(body, xorb_compression::raw);
    xorb.append(as_bytes("Hello World!"));
    xorb.append(std::vector<std::byte>(1024));
    CHECK(xorb.records().size() == sample["length"]);
    CHECK(known_answers::sha256_of(xorb.records()) == known_answers::text(sample["sha256"]));
    CHECK(hubpush::to_hex(xorb.records().first(32)) == known_answers::text(sample["first_32_bytes_hex"]));
    CHECK(hubpush::verify_xorb(xorb.records(), known_answers::hash(sample["xorb_hash"])).chunks.size() == 2);
}

TEST_CASE("a chunk that would not become smaller is stored raw") {
    const auto noise = known_answers::xorshift64(50'000);
    std::vector<std::byte> body(200'000);
    for (const auto compression : {xorb_compression::automatic, xorb_compression::lz4, xorb_compression::grouped_lz4}) {
        xorb_writer xorb(body, compression);
        xorb.append(noise);
        xorb.append(as_bytes("Hello World!"));
        xorb.append(as_bytes("H"));
        CHECK(schemes(xorb.records()) == std::vector(3, chunk_scheme::raw));
        CHECK(xorb.records().size() == 3 * 8 + 50'000 + 12 + 1);
    }
}

TEST_CASE("the room a chunk needs is its length and eight bytes, whatever it may shrink to") {
    std::vector<std::byte> body(1008 + 1007);
    xorb_writer xorb(body, xorb_compression::raw);
    xorb.append(text(1000));
    CHECK_THROWS_AS(xorb.append(text(1000)), hubpush::error);
    CHECK(xorb.records().size() == 1008);
    xorb.append(text(999));
    CHECK(xorb.records().size() == body.size());
    CHECK_THROWS_AS(xorb.append({}), hubpush::invalid_argument);
    std::vector<std::byte> large(300'000);
    xorb_writer roomy(large);
    CHECK_THROWS_AS(roomy.append(std::vector<std::byte>(131'073)), hubpush::invalid_argument);
    roomy.append(std::vector<std::byte>(131'072));
}

TEST_CASE("the records of two xorbs are a xorb") {
    std::vector<std::byte> body(4000);
    std::vector<std::byte> other_body(2000);
    xorb_writer xorb(body);
    xorb_writer other(other_body);
    xorb.append(as_bytes("Hello World!"));
    other.append(std::vector<std::byte>(1024));
    xorb.append_records(other.records());
    const auto expected = known_answers::hash(known_answers::all()["xorbs"]["raw_two_chunk_sample"]["xorb_hash"]);
    CHECK(hubpush::verify_xorb(xorb.records(), expected).chunks.size() == 2);
    xorb_writer full(std::span<std::byte>(body).first(10));
    CHECK_THROWS_AS(full.append_records(other.records()), hubpush::error);
}

TEST_CASE("compression is decided once for every 32 chunks") {
    if (!hubpush::has_lz4) return;
    const auto weights = floats(4096);
    const auto words = text(16'384);
    const auto noise = known_answers::xorshift64(16'384);
    std::vector<std::byte> body(4'000'000);
    xorb_writer xorb(body);
    std::vector<chunk_scheme> expected;
    const auto run = [&](const std::vector<std::byte>& first, const std::vector<std::byte>& rest, chunk_scheme scheme,
                         chunk_scheme rest_scheme) {
        xorb.append(first);
        expected.push_back(scheme);
        for (int i = 1; i != 32; ++i) {
            xorb.append(rest);
            expected.push_back(rest_scheme);
        }
    };
    run(words, words, chunk_scheme::lz4, chunk_scheme::lz4);
    run(weights, weights, chunk_scheme::grouped_lz4, chunk_scheme::grouped_lz4);
    run(noise, words, chunk_scheme::raw, chunk_scheme::raw);
    run(words, noise, chunk_scheme::lz4, chunk_scheme::raw);
    run(weights, words, chunk_scheme::grouped_lz4, chunk_scheme::grouped_lz4);
    CHECK(schemes(xorb.records()) == expected);
}

TEST_CASE("what was written is read back, by every way to compress") {
    const unsigned seed = 20261122;
    INFO("seed " << seed);
    seeded_random random(seed);
    const auto weights = floats(40'000);
    const auto words = text(131'072);
    const auto noise = known_answers::xorshift64(131'072);
    for (const auto compression :
         {xorb_compression::automatic, xorb_compression::raw, xorb_compression::lz4, xorb_compression::grouped_lz4}) {
        std::vector<std::span<const std::byte>> chunks;
        std::vector<std::byte> body(12'000'000);
        xorb_writer xorb(body, compression);
        for (int i = 0; i != 90; ++i) {
            const std::uint32_t longest = random.below(8) == 0 ? 20 : 131'072;
            const std::size_t length = 1 + random.below(longest);
            const std::array<std::span<const std::byte>, 3> kinds{weights, words, noise};
            chunks.push_back(kinds[random.below(3)].first(length));
            xorb.append(chunks.back());
        }
        hubpush::chunk_record_reader reader(xorb.records());
        for (const auto chunk : chunks) {
            const auto record = reader.next();
            REQUIRE(record);
            REQUIRE(record->raw_length == chunk.size());
            std::vector<std::byte> raw(chunk.size());
            record->decode(raw);
            REQUIRE(std::ranges::equal(raw, chunk));
        }
        CHECK_FALSE(reader.next());
    }
}
