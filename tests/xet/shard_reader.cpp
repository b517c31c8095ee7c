#include <hubpush/xet/shard_reader.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "hostile_bytes.hpp"
#include "known_answers.hpp"
#include "sample_shards.hpp"
#include "seeded_random.hpp"

using hubpush::read_shard;
using hubpush::shard;
using hubpush::xet_chunk;
using sample_shards::written;

namespace {

const nlohmann::json& sample() { return known_answers::all()["shards"]["two_small_files"]; }

hubpush::xet_hash random_hash(seeded_random& random) {
    std::array<std::byte, 32> bytes{};
    for (std::byte& byte : bytes) byte = random.byte();
    return hubpush::xet_hash(bytes);
}

shard random_shard(seeded_random& random) {
    shard made;
    const bool verified = random.below(4) != 0;
    for (unsigned i = random.below(5); i != 0; --i) {
        hubpush::shard_file file(random_hash(random), {});
        file.verified = verified;
        if (random.below(2) == 0) file.sha256 = random_hash(random).bytes();
        for (unsigned term = random.below(6); term != 0; --term) {
            const std::uint32_t first = random.below(8000);
            const std::uint32_t count = 1 + random.below(100);
            const std::uint32_t length = count + random.below(count * 131'071);
            file.terms.emplace_back(random_hash(random), length, first, first + count,
                                    verified ? random_hash(random) : hubpush::xet_hash());
        }
        made.files.push_back(std::move(file));
    }
    for (unsigned i = random.below(4); i != 0; --i) {
        std::vector<xet_chunk> chunks;
        for (unsigned chunk = random.below(20); chunk != 0; --chunk) {
            chunks.emplace_back(random_hash(random), 1 + random.below(131'072));
        }
        made.xorbs.emplace_back(random_hash(random), std::move(chunks));
        made.xorbs.back().stored_bytes = random.below(0xFFFFFFFFU);
    }
    std::ranges::sort(made.files, {}, &hubpush::shard_file::hash);
    std::ranges::sort(made.xorbs, {}, &hubpush::xorb_description::hash);
    if (random.below(2) == 0)
        made.footer.emplace(hubpush::blake3_key{}, random.below(0xFFFFFFFFU), random.below(0xFFFFFFFFU));
    return made;
}

}  // namespace

TEST_CASE("the upload form is read") {
    CHECK(read_shard(known_answers::bytes(sample()["upload_form_hex"])) == sample_shards::two_small_files());
}

TEST_CASE("a shard with look-up tables and a footer is read") {
    shard expected = sample_shards::two_small_files();
    expected.footer.emplace(hubpush::blake3_key{}, 0, 0xFFFFFFFFFFFFFFFFU);
    CHECK(read_shard(known_answers::bytes(sample()["with_lookup_tables_and_footer_hex"])) == expected);
}

TEST_CASE("a keyed answer is read, with keyed chunk hashes") {
    const auto& keyed = sample()["keyed_dedup_form"];
    const shard answer = read_shard(known_answers::bytes(keyed["hex"]));
    CHECK(answer.files.empty());
    REQUIRE(answer.xorbs.size() == 1);
    CHECK(answer.xorbs.front().hash == known_answers::hash(sample()["xorb_hash"]));
    CHECK(answer.xorbs.front().chunks ==
          std::vector{xet_chunk(known_answers::hash(keyed["keyed_chunk_hashes"][0]), 12),
                      xet_chunk(known_answers::hash(keyed["keyed_chunk_hashes"][1]), 1024)});
    CHECK(answer.footer == sample_shards::footer(keyed));
    CHECK(answer.footer->keyed());
    CHECK_FALSE(answer.footer->expired(1795337929));
    CHECK(answer.footer->expired(1795337930));
}

TEST_CASE("what was written is read back") {
    const unsigned seed = 20261122;
    INFO("seed " << seed);
    seeded_random random(seed);
    for (int i = 0; i != 300; ++i) {
        const shard made = random_shard(random);
        REQUIRE(read_shard(written(made)) == made);
    }
}

TEST_CASE("every truncation of a shard is refused") {
    for (const char* const form : {"upload_form_hex", "with_lookup_tables_and_footer_hex"}) {
        CAPTURE(form);
        const auto bytes = known_answers::bytes(sample()[form]);
        CHECK(hostile_bytes::refused_prefixes(bytes, [](auto prefix) { read_shard(prefix); }) == bytes.size());
    }
    const auto keyed = known_answers::bytes(sample()["keyed_dedup_form"]["hex"]);
    CHECK(hostile_bytes::refused_prefixes(keyed, [](auto prefix) { read_shard(prefix); }) == keyed.size());
}

TEST_CASE("whatever is changed in a shard, it is refused or reads as what it then says") {
    const auto read = [](std::span<const std::byte> damaged) {
        shard value = read_shard(damaged);
        if (!value.footer) {
            REQUIRE(value.files.size() + value.xorbs.size() <= damaged.size() / 48);
        }
        // Written again and read again it is the same value: nothing was made up. The hashes may be in another order.
        std::ranges::sort(value.files, {}, &hubpush::shard_file::hash);
        std::ranges::sort(value.xorbs, {}, &hubpush::xorb_description::hash);
        if (value.footer) value.footer->key = {};
        REQUIRE(read_shard(written(value)) == value);
    };
    hostile_bytes::refused_flips(known_answers::bytes(sample()["upload_form_hex"]), 20261122, 50'000, read);
    hostile_bytes::refused_flips(known_answers::bytes(sample()["with_lookup_tables_and_footer_hex"]), 20261123, 25'000,
                                 read);
    hostile_bytes::refused_flips(known_answers::bytes(sample()["keyed_dedup_form"]["hex"]), 20261124, 25'000, read);
}

TEST_CASE("a count beyond the input is refused before memory is taken for it") {
    const auto upload = known_answers::bytes(sample()["upload_form_hex"]);
    for (const std::size_t count_at : {84U, 276U, 516U}) {
        CAPTURE(count_at);
        auto damaged = upload;
        for (std::size_t i = 0; i != 4; ++i) damaged[count_at + i] = std::byte{0xFF};
        CHECK(hostile_bytes::is_refused([&] { read_shard(damaged); }));
    }
}

TEST_CASE("a shard whose lengths contradict each other is refused") {
    const auto upload = known_answers::bytes(sample()["upload_form_hex"]);
    const auto refused = [&](std::size_t at, unsigned value) {
        auto damaged = upload;
        damaged[at] = static_cast<std::byte>(value);
        return hostile_bytes::is_refused([&] { read_shard(damaged); });
    };
    CHECK_FALSE(refused(132, 11));  // the length of a term alone says nothing
    CHECK(refused(132, 0));         // but it is not zero
    CHECK(refused(140, 0));         // no chunks in a term
    CHECK(refused(520, 13));        // raw bytes of the xorb
    CHECK(refused(608, 13));        // offset of its second chunk
    CHECK(refused(612, 1));         // length of its second chunk
    CHECK(refused(32, 3));          // version
    CHECK(refused(40, 1));          // length of the footer
    CHECK(refused(83, 0x40));       // the first file without verification, the second with
}

TEST_CASE("what follows an upload form is refused") {
    auto longer = known_answers::bytes(sample()["upload_form_hex"]);
    longer.push_back(std::byte{0});
    CHECK(hostile_bytes::is_refused([&] { read_shard(longer); }));
}
