#include <hubpush/xet/xorb_footer.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "hostile_bytes.hpp"
#include "known_answers.hpp"

using hubpush::make_xorb_footer;
using hubpush::read_xorb_footer;
using hubpush::records_of_stored_xorb;
using hubpush::write_xorb_footer;
using hubpush::xorb_footer;

namespace {

const nlohmann::json& sample() { return known_answers::all()["xorbs"]["four_scheme_sample"]; }

std::vector<std::byte> stored_sample() {
    std::vector<std::byte> stored = known_answers::bytes(sample()["upload_form_hex"]);
    const auto footer = known_answers::bytes(sample()["footer_hex"]);
    stored.insert(stored.end(), footer.begin(), footer.end());
    return stored;
}

void append_u32(std::vector<std::byte>& bytes, std::size_t value) {
    for (int shift = 0; shift != 32; shift += 8) bytes.push_back(static_cast<std::byte>(value >> shift & 0xFFU));
}

// The old block, which we only read.
std::vector<std::byte> stored_with_old_footer() {
    std::vector<std::byte> stored = known_answers::bytes(sample()["upload_form_hex"]);
    const xorb_footer footer = make_xorb_footer(stored);
    const std::size_t start = stored.size();
    for (const char letter : std::string_view("XETBLOB\0", 8)) stored.push_back(static_cast<std::byte>(letter));
    stored.insert(stored.end(), footer.hash.bytes().begin(), footer.hash.bytes().end());
    append_u32(stored, footer.chunks.size());
    for (const auto& chunk : footer.chunks) append_u32(stored, chunk.record_end);
    for (const auto& chunk : footer.chunks) {
        stored.insert(stored.end(), chunk.hash.bytes().begin(), chunk.hash.bytes().end());
    }
    stored.resize(stored.size() + 16);
    append_u32(stored, stored.size() - start);
    return stored;
}

}  // namespace

TEST_CASE("the footer of the sample has the known bytes") {
    const xorb_footer footer = make_xorb_footer(known_answers::bytes(sample()["upload_form_hex"]));
    CHECK(footer.hash == known_answers::hash(sample()["xorb_hash"]));
    for (std::size_t i = 0; i != 4; ++i) {
        CHECK(footer.chunks.at(i).record_end == sample()["footer_values"]["compressed_end_offsets"][i]);
        CHECK(footer.chunks.at(i).raw_end == sample()["footer_values"]["uncompressed_end_offsets"][i]);
    }
    CHECK(hubpush::to_hex(write_xorb_footer(footer)) == known_answers::text(sample()["footer_hex"]));
}

TEST_CASE("a stored xorb is read back") {
    const auto stored = stored_sample();
    CHECK(known_answers::sha256_of(stored) == known_answers::text(sample()["stored_form_sha256"]));
    const auto records = records_of_stored_xorb(stored);
    CHECK(hubpush::to_hex(records) == known_answers::text(sample()["upload_form_hex"]));
    CHECK(read_xorb_footer(stored) == make_xorb_footer(records));
}

TEST_CASE("the old footer says the same") {
    const auto stored = stored_with_old_footer();
    CHECK(read_xorb_footer(stored) == read_xorb_footer(stored_sample()));
    CHECK(hostile_bytes::refused_prefixes(stored, [](auto bytes) { read_xorb_footer(bytes); }) == stored.size());
}

TEST_CASE("a nonce does not matter") {
    auto stored = stored_sample();
    stored[stored.size() - 4 - 16] = std::byte{0x5A};
    CHECK(read_xorb_footer(stored) == read_xorb_footer(stored_sample()));
}

TEST_CASE("every truncation of a stored xorb is refused") {
    const auto stored = stored_sample();
    CHECK(hostile_bytes::refused_prefixes(stored, [](auto bytes) { read_xorb_footer(bytes); }) == stored.size());
}

TEST_CASE("a footer that states more chunks than it holds is refused before memory is taken") {
    for (auto stored : {stored_sample(), stored_with_old_footer()}) {
        const bool old = stored.size() != stored_sample().size();
        const std::size_t count = stored.size() - 4 - 252 + (old ? 48 + 40 : 48);
        for (std::size_t i = 0; i != 4; ++i) stored[count + i] = std::byte{0xFF};
        CHECK(hostile_bytes::is_refused([&] { read_xorb_footer(stored); }));
    }
}

TEST_CASE("whatever is changed in a stored xorb, its footer still describes its records or is refused") {
    const auto stored = stored_sample();
    const xorb_footer expected = read_xorb_footer(stored);
    hostile_bytes::refused_flips(stored, 20261122, 100'000, [&](std::span<const std::byte> damaged) {
        const xorb_footer footer = read_xorb_footer(damaged);
        // Only hashes are not seen to be wrong here.
        REQUIRE(footer.chunks.size() == expected.chunks.size());
        for (std::size_t i = 0; i != footer.chunks.size(); ++i) {
            REQUIRE(footer.chunks[i].record_end == expected.chunks[i].record_end);
        }
        REQUIRE(footer.chunks.back().raw_end >= footer.chunks.size());
    });
}
