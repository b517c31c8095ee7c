#include <hubpush/xet/xorb_reader.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "hostile_bytes.hpp"
#include "known_answers.hpp"

using hubpush::chunk_record_reader;
using hubpush::describe_xorb;
using hubpush::verify_xorb;

namespace {

const nlohmann::json& sample() { return known_answers::all()["xorbs"]["four_scheme_sample"]; }

std::vector<std::byte> sample_bytes() { return known_answers::bytes(sample()["upload_form_hex"]); }

}  // namespace

TEST_CASE("the records of the sample xorb are read and decoded") {
    const auto xorb = sample_bytes();
    chunk_record_reader reader(xorb);
    for (const auto& expected : sample()["records"]) {
        CHECK(xorb.size() - reader.left() == expected["offset"]);
        const auto record = reader.next();
        REQUIRE(record);
        CHECK(static_cast<int>(record->scheme) == expected["scheme"]);
        CHECK(record->payload.size() == expected["compressed_length"]);
        CHECK(record->raw_length == expected["uncompressed_length"]);
        std::vector<std::byte> raw(record->raw_length);
        record->decode(raw);
        CHECK(known_answers::sha256_of(raw) == known_answers::text(expected["uncompressed_sha256"]));
        CHECK(hubpush::chunk_hash(raw) == known_answers::hash(expected["chunk_hash"]));
        std::vector<std::byte> wrong_size(record->raw_length + 1);
        CHECK_THROWS_AS(record->decode(wrong_size), hubpush::invalid_argument);
    }
    CHECK_FALSE(reader.next());
}

TEST_CASE("a xorb is described by its chunks and verified against its name") {
    const auto xorb = verify_xorb(sample_bytes(), known_answers::hash(sample()["xorb_hash"]));
    CHECK(xorb.chunks.size() == 4);
    CHECK(xorb.raw_bytes() == 6539);
    CHECK(xorb.stored_bytes == 707);
    try {
        verify_xorb(sample_bytes(), hubpush::xet_hash());
        FAIL("a wrong name was accepted");
    } catch (const hubpush::error& failure) {
        CHECK(failure.kind() == hubpush::errc::integrity);
    }
}

TEST_CASE("trailing bytes, an empty body and records without sense are refused") {
    const auto refused = [](std::vector<unsigned> bytes) {
        std::vector<std::byte> body;
        for (const unsigned byte : bytes) body.push_back(static_cast<std::byte>(byte));
        return hostile_bytes::is_refused([&] { describe_xorb(body); });
    };
    auto trailing = sample_bytes();
    for (const unsigned byte : {0x58U, 0x45U, 0x54U, 0x42U}) trailing.push_back(static_cast<std::byte>(byte));
    CHECK(hostile_bytes::is_refused([&] { describe_xorb(trailing); }));
    CHECK(refused({}));
    CHECK_FALSE(refused({0, 1, 0, 0, 0, 1, 0, 0, 7}));
    CHECK(refused({1, 1, 0, 0, 0, 1, 0, 0, 7}));           // version
    CHECK(refused({0, 1, 0, 0, 3, 1, 0, 0, 7}));           // scheme
    CHECK(refused({0, 1, 0, 0, 99, 1, 0, 0, 7}));          // "auto"
    CHECK(refused({0, 0, 0, 0, 0, 0, 0, 0}));              // no bytes
    CHECK(refused({0, 1, 0, 0, 0, 2, 0, 0, 7}));           // raw, with two lengths
    CHECK(refused({0, 2, 0, 0, 0, 1, 0, 0, 7, 7}));        // the same
    CHECK(refused({0, 0xff, 0xff, 0xff, 0, 1, 0, 0, 7}));  // more than there is, and than there may be
    CHECK(refused({0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 7}));  // raw length beyond the limit
}

TEST_CASE("more chunks than a xorb may have are refused") {
    std::vector<std::byte> body;
    for (int i = 0; i != 8193; ++i) {
        for (const unsigned byte : {0U, 1U, 0U, 0U, 0U, 1U, 0U, 0U, 7U}) body.push_back(static_cast<std::byte>(byte));
    }
    CHECK(hostile_bytes::is_refused([&] { describe_xorb(body); }));
    body.erase(body.end() - 9, body.end());
    CHECK(describe_xorb(body).chunks.size() == 8192);
}

TEST_CASE("a xorb of small bombs is refused at 64 MiB of content") {
    // 131072 zero bytes in a frame of about 530.
    std::vector<std::byte> record = known_answers::bytes("0000000001000002");
    std::vector<std::byte> frame = known_answers::bytes("04224d186050fb000000001f000100");
    frame.insert(frame.end(), 513, std::byte{0xFF});
    const std::vector<std::byte> tail = known_answers::bytes("e850000000000000000000");
    frame.insert(frame.end(), tail.begin(), tail.end());
    const auto set = [](std::vector<std::byte>& bytes, std::size_t at, std::size_t value) {
        bytes[at] = static_cast<std::byte>(value & 0xFFU);
        bytes[at + 1] = static_cast<std::byte>(value >> 8U & 0xFFU);
    };
    set(frame, 7, frame.size() - 11 - 4);
    set(record, 1, frame.size());
    record.insert(record.end(), frame.begin(), frame.end());
    std::vector<std::byte> body;
    for (int i = 0; i != 512; ++i) body.insert(body.end(), record.begin(), record.end());
    const hubpush::xorb_description full = describe_xorb(body);
    CHECK(full.raw_bytes() == 67'108'864);
    CHECK(full.chunks.front().hash == hubpush::chunk_hash(std::vector<std::byte>(131'072)));
    body.insert(body.end(), record.begin(), record.end());
    CHECK(hostile_bytes::is_refused([&] { describe_xorb(body); }));
}

TEST_CASE("a truncated xorb is refused or is one of fewer chunks") {
    const auto xorb = sample_bytes();
    const auto refused =
        hostile_bytes::refused_prefixes(xorb, [](std::span<const std::byte> bytes) { describe_xorb(bytes); });
    CHECK(refused == xorb.size() - 3);  // all but the prefixes of one, two and three records
    const auto name = known_answers::hash(sample()["xorb_hash"]);
    CHECK(hostile_bytes::refused_prefixes(xorb, [&](std::span<const std::byte> bytes) { verify_xorb(bytes, name); }) ==
          xorb.size());
}

TEST_CASE("whatever is changed in a xorb, it holds the same chunks or is refused") {
    const auto xorb = sample_bytes();
    const auto expected = describe_xorb(xorb);
    const auto refused = hostile_bytes::refused_flips(xorb, 20261122, 100'000, [&](std::span<const std::byte> damaged) {
        const auto verified = verify_xorb(damaged, expected.hash);
        REQUIRE(verified == expected);
    });
    CHECK(refused > 90'000);
}
