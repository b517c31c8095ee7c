#include <hubpush/hash/crc64.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include "catch.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using hubpush::as_bytes;
using hubpush::crc64_nvme;
using hubpush::crc64_path;
using hubpush::crc64_paths;

namespace {

using bytes = std::vector<std::byte>;

struct answer {
    bytes input;
    std::uint64_t checksum;
};

bytes from_text(const std::string& text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

/// The table of spec/xet-protocol.md §5.6.1.
std::vector<answer> published() {
    const auto vectors =
        nlohmann::json::parse(std::ifstream(HUBPUSH_TEST_DATA "/xet/xet-vectors.json", std::ios::binary));
    const auto xorb = vectors["xorbs"]["four_scheme_sample"]["upload_form_hex"].get<std::string>();
    bytes record = hubpush::from_hex("0007000000070000").value();
    const bytes content = from_text("{\"a\":1}");
    record.insert(record.end(), content.begin(), content.end());
    return {{bytes(), 0},
            {from_text("123456789"), 0xae8b14860a799888},
            {from_text("Hello World!"), 208604604655264165},
            {bytes(4096), 0x6482d367eb22b64e},
            {hubpush::from_hex(xorb).value(), 17619610380561138216U},
            {record, 14880716465422242278U}};
}

/// The definition, bit by bit.
std::uint64_t by_the_book(std::span<const std::byte> input) {
    std::uint64_t value = ~std::uint64_t{0};
    for (const std::byte byte : input) {
        value ^= std::to_integer<std::uint64_t>(byte);
        for (int bit = 0; bit < 8; ++bit) value = value >> 1U ^ ((value & 1U) != 0 ? 0x9a6c9329ac4bc9b5 : 0);
    }
    return ~value;
}

}  // namespace

TEST_CASE("every published CRC-64/NVME comes out of every path, whatever the pieces") {
    const auto seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (const crc64_path path : crc64_paths()) {
        for (const answer& known : published()) {
            CAPTURE(static_cast<int>(path), known.input.size());
            CHECK(crc64_nvme::of(known.input, path) == known.checksum);
            for (const unsigned longest : {1U, 15U, 64U, 65U, 300U}) {
                crc64_nvme checksum(path);
                std::span<const std::byte> rest = known.input;
                while (!rest.empty()) {
                    const std::size_t size = longest == 1 ? 1 : random() % (longest + 1);
                    const auto piece = rest.first(std::min(size, rest.size()));
                    checksum.update(piece);
                    rest = rest.subspan(piece.size());
                }
                CHECK(checksum.finish() == known.checksum);
            }
        }
    }
}

TEST_CASE("CRC-64/NVME is what its definition says, for every length and alignment around its limits") {
    const auto seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    bytes input(9000);
    for (std::byte& byte : input) byte = static_cast<std::byte>(random());
    const auto check = [&](std::size_t offset, std::size_t size) {
        const auto view = std::span<const std::byte>(input).subspan(offset, size);
        const std::uint64_t expected = by_the_book(view);
        for (const crc64_path path : crc64_paths()) {
            CAPTURE(static_cast<int>(path), offset, size);
            REQUIRE(crc64_nvme::of(view, path) == expected);
        }
    };
    for (std::size_t size = 0; size < 300; ++size) check(random() % 16, size);
    for (const std::size_t limit : {512U, 1024U, 2048U, 4096U, 8192U}) {
        for (const std::size_t size : {limit - 1, limit, limit + 1, limit + 63, limit + 65}) check(random() % 16, size);
    }
}

TEST_CASE("a running CRC-64 can be read in between and copied") {
    crc64_nvme running;
    running.update(as_bytes("12345"));
    CHECK(running.finish() == crc64_nvme::of(as_bytes("12345")));
    crc64_nvme copy = running;
    running.update(as_bytes("6789"));
    copy.update(as_bytes("6"));
    CHECK(running.finish() == 0xae8b14860a799888);
    CHECK(copy.finish() == crc64_nvme::of(as_bytes("123456")));
}

TEST_CASE("a CRC-64 path that the machine lacks is refused") {
    CHECK_THROWS_AS(crc64_nvme(static_cast<crc64_path>(7)), hubpush::error);
    CHECK(crc64_paths().front() == crc64_path::portable);
    CHECK(crc64_paths().back() == hubpush::best_crc64_path());
}
