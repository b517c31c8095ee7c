#include <hubpush/xet/lz4_frame.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "hostile_bytes.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#if defined(HUBPUSH_HAS_LZ4)
#include <lz4frame.h>
#endif

using hubpush::as_bytes;
using hubpush::decode_lz4_frame;
using hubpush::encode_lz4_frame;

namespace {

std::vector<std::byte> decode(std::span<const std::byte> frame, std::size_t size) {
    std::vector<std::byte> raw(size);
    decode_lz4_frame(frame, raw);
    return raw;
}

}  // namespace

TEST_CASE("XXH32 gives the published answers") {
    for (const auto& entry : known_answers::all()["lz4_frame"]["xxh32"]) {
        const auto hash = std::stoul(entry["hash"].get<std::string>(), nullptr, 16);
        CHECK(hubpush::detail::xxh32(known_answers::bytes(entry["in"])) == hash);
    }
}

TEST_CASE("the known LZ4 frames decode") {
    const auto& frames = known_answers::all()["lz4_frame"]["frames"];
    CHECK(decode(known_answers::bytes(frames[0]["frame_hex"]), 1024) == std::vector<std::byte>(1024));
    const auto text = decode(known_answers::bytes(frames[1]["frame_hex"]), 1500);
    CHECK(known_answers::sha256_of(text) == known_answers::text(frames[1]["decodes_to_sha256"]));
    const auto hello = decode(known_answers::bytes(frames[2]["frame_hex"]), 5);
    CHECK(std::ranges::equal(hello, as_bytes("hello")));
}

TEST_CASE("the chunk of a published xorb decodes") {
    const auto& published = known_answers::all()["csv_reference"]["record_2_base64"];
    const auto record = hubpush::from_base64(published["base64"].get<std::string>()).value();
    CHECK(known_answers::sha256_of(decode(std::span(record).subspan(8), 61389)) ==
          known_answers::text(published["uncompressed_sha256"]));
}

TEST_CASE("a frame with another length than expected is refused") {
    const auto frame = known_answers::bytes(known_answers::all()["lz4_frame"]["frames"][2]["frame_hex"]);
    for (const std::size_t size : {0U, 4U, 6U, 100U}) {
        CAPTURE(size);
        CHECK(hostile_bytes::is_refused([&] { decode(frame, size); }));
    }
    std::vector<std::byte> longer = frame;
    longer.push_back(std::byte{0});
    CHECK(hostile_bytes::is_refused([&] { decode(longer, 5); }));
}

TEST_CASE("every truncation of a frame is refused") {
    const auto frame = known_answers::bytes(known_answers::all()["lz4_frame"]["frames"][1]["frame_hex"]);
    const auto read = [](std::span<const std::byte> bytes) { decode(bytes, 1500); };
    CHECK(hostile_bytes::refused_prefixes(frame, read) == frame.size());
}

TEST_CASE("the checksum of the header is verified, and dictionaries and unknown versions are refused") {
    const auto frame = known_answers::bytes(known_answers::all()["lz4_frame"]["frames"][2]["frame_hex"]);
    const auto with_header = [&](unsigned flags, unsigned bd, unsigned checksum) {
        auto changed = frame;
        changed[4] = static_cast<std::byte>(flags);
        changed[5] = static_cast<std::byte>(bd);
        const unsigned right = hubpush::detail::xxh32(std::span(changed).subspan(4, 2)) >> 8U & 0xFFU;
        changed[6] = static_cast<std::byte>(right ^ checksum);
        return hostile_bytes::is_refused([&] { decode(changed, 5); });
    };
    CHECK_FALSE(with_header(0x60, 0x40, 0));
    CHECK_FALSE(with_header(0x40, 0x70, 0));
    CHECK(with_header(0x60, 0x40, 1));
    CHECK(with_header(0x61, 0x40, 0));
    CHECK(with_header(0x62, 0x40, 0));
    CHECK(with_header(0xA0, 0x40, 0));
    CHECK(with_header(0x60, 0x30, 0));
    CHECK(with_header(0x60, 0xC0, 0));
    CHECK(with_header(0x60, 0x41, 0));
}

#if defined(HUBPUSH_HAS_LZ4)

namespace {

// Text-like bytes: matches of many lengths and distances.
std::vector<std::byte> words(std::size_t size, unsigned seed) {
    seeded_random random(seed);
    std::vector<std::string> vocabulary(200);
    for (std::string& word : vocabulary) {
        for (unsigned i = 0, length = 1 + random.below(12); i != length; ++i) {
            word.push_back(static_cast<char>('a' + random.below(26)));
        }
    }
    std::string text;
    while (text.size() < size) text += vocabulary[random.below(200)] + ' ';
    const auto bytes = as_bytes(text).first(size);
    return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("what is encoded decodes to the same bytes, also by liblz4") {
    for (const std::size_t size : {13U, 64U, 1000U, 65'536U, 65'537U, 131'072U, 300'000U, 2'000'000U}) {
        CAPTURE(size);
        const auto raw = words(size, static_cast<unsigned>(size));
        std::vector<std::byte> frame(size + 64);
        const std::size_t length = encode_lz4_frame(raw, frame);
        REQUIRE(length != 0);
        frame.resize(length);
        CHECK(decode(frame, size) == raw);

        std::vector<std::byte> theirs(size);
        std::size_t written = theirs.size();
        std::size_t taken = frame.size();
        LZ4F_dctx* context = nullptr;
        REQUIRE_FALSE(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
        CHECK(LZ4F_decompress(context, theirs.data(), &written, frame.data(), &taken, nullptr) == 0);
        LZ4F_freeDecompressionContext(context);
        CHECK(theirs == raw);
    }
}

TEST_CASE("a frame is not written where it does not fit") {
    const auto raw = words(10'000, 1);
    std::vector<std::byte> frame(10'000);
    const std::size_t length = encode_lz4_frame(raw, frame);
    REQUIRE(length != 0);
    CHECK(encode_lz4_frame(raw, std::span(frame).first(length - 1)) == 0);
    CHECK(encode_lz4_frame(raw, std::span(frame).first(15)) == 0);
    CHECK(encode_lz4_frame(raw, {}) == 0);
    CHECK(encode_lz4_frame({}, frame) == 0);
}

TEST_CASE("every kind of frame that liblz4 writes decodes") {
    for (const std::size_t size : {1U, 200U, 70'000U, 131'072U}) {
        const auto raw = words(size, 7);
        for (unsigned kind = 0; kind != 32; ++kind) {
            CAPTURE(size, kind);
            LZ4F_preferences_t preferences{};
            preferences.frameInfo.blockMode = (kind & 1U) != 0 ? LZ4F_blockIndependent : LZ4F_blockLinked;
            preferences.frameInfo.blockSizeID = (kind & 2U) != 0 ? LZ4F_max64KB : LZ4F_max4MB;
            preferences.frameInfo.blockChecksumFlag =
                (kind & 4U) != 0 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
            preferences.frameInfo.contentChecksumFlag =
                (kind & 8U) != 0 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
            preferences.frameInfo.contentSize = (kind & 16U) != 0 ? size : 0;
            std::vector<std::byte> frame(LZ4F_compressFrameBound(size, &preferences));
            frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), raw.data(), raw.size(), &preferences));
            REQUIRE(decode(frame, size) == raw);
        }
    }
}

TEST_CASE("whatever is changed in a frame with checksums, it decodes to the same bytes or is refused") {
    const auto raw = words(5000, 3);
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    std::vector<std::byte> frame(LZ4F_compressFrameBound(raw.size(), &preferences));
    frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), raw.data(), raw.size(), &preferences));
    hostile_bytes::refused_flips(frame, 20261122, 20'000, [&](std::span<const std::byte> damaged) {
        const auto decoded = decode(damaged, raw.size());
        REQUIRE(decoded == raw);
    });
}

#else

TEST_CASE("without liblz4 no frame is written") {
    std::vector<std::byte> frame(1000);
    CHECK(encode_lz4_frame(std::vector<std::byte>(500), frame) == 0);
}

#endif
