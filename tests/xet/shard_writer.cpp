#include <hubpush/xet/shard_writer.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "sample_shards.hpp"

using hubpush::shard;
using hubpush::shard_file;
using hubpush::shard_term;
using hubpush::shard_writer;
using hubpush::xet_chunk;
using hubpush::xet_hash;
using hubpush::xorb_description;
using sample_shards::written;

namespace {

xet_hash hash_with(unsigned number) {
    std::array<std::byte, 32> bytes{};
    bytes[0] = static_cast<std::byte>(number & 0xFFU);
    bytes[1] = static_cast<std::byte>(number >> 8U);
    return xet_hash(bytes);
}

shard_file file_with(unsigned number, std::size_t terms) {
    return shard_file(hash_with(number), std::vector(terms, shard_term(hash_with(9), 10, 0, 1, hash_with(8))));
}

}  // namespace

TEST_CASE("the shard of two small files has the known bytes") {
    const auto& sample = known_answers::all()["shards"]["two_small_files"];
    const shard two = sample_shards::two_small_files();
    CHECK(hubpush::to_hex(written(two)) == known_answers::text(sample["upload_form_hex"]));
    CHECK(sample_shards::writer_of(two).size() == sample["upload_form_length"]);
}

TEST_CASE("a keyed answer to a global query has the known bytes") {
    const auto& keyed = known_answers::all()["shards"]["two_small_files"]["keyed_dedup_form"];
    shard answer = sample_shards::two_small_files();
    answer.files.clear();
    answer.footer = sample_shards::footer(keyed);
    CHECK(hubpush::to_hex(written(answer)) == known_answers::text(keyed["hex"]));
}

TEST_CASE("the four published shards have the known bytes") {
    const auto& shards = known_answers::all()["csv_reference"]["shards"];
    shard csv = sample_shards::csv_reference();
    const auto check = [&](const char* name) {
        CAPTURE(name);
        const auto bytes = written(csv);
        CHECK(bytes.size() == shards[name]["size"]);
        CHECK(known_answers::sha256_of(bytes) == known_answers::text(shards[name]["sha256"]));
    };
    check("shard.verification-no-footer");
    csv.footer = sample_shards::footer(shards["shard.verification"]["footer"]);
    check("shard.verification");
    csv.footer = sample_shards::footer(shards["shard"]["footer"]);
    csv.files.front().verified = false;
    check("shard");
    csv.footer = sample_shards::footer(shards["shard.dedupe"]["footer"]);
    csv.files.clear();
    check("shard.dedupe");
}

TEST_CASE("one xorb for a whole file has the known bytes") {
    const auto& expected = known_answers::all()["shards"]["xs_1m_upload"];
    const auto& file = known_answers::all()["files"]["cases"]["xs_1m"];
    shard upload;
    upload.xorbs.emplace_back(known_answers::chunks(file["chunks"]));
    const xorb_description& xorb = upload.xorbs.front();
    const shard_term term(xorb.hash, file["size"].get<std::uint32_t>(), 0, 16, hubpush::range_hash(xorb.chunks));
    upload.files.emplace_back(known_answers::hash(file["file_hash"]), std::vector{term},
                              known_answers::sha256(file["sha256"]));
    const auto bytes = written(upload);
    CHECK(bytes.size() == expected["length"]);
    CHECK(known_answers::sha256_of(bytes) == known_answers::text(expected["sha256"]));
}

TEST_CASE("the smallest shard has no files and no xorbs") {
    shard_writer writer;
    CHECK(writer.empty());
    CHECK(writer.size() == 144);
    CHECK(writer.finish().size() == 144);
}

TEST_CASE("an empty file takes one record, or two with a SHA-256") {
    shard_writer bucket;
    CHECK(bucket.add(shard_file(xet_hash(), {})));
    CHECK(bucket.finish().size() == 192);
    shard_writer repository;
    CHECK(repository.add(shard_file(xet_hash(), {}, hubpush::sha256_digest{})));
    CHECK(repository.finish().size() == 240);
}

TEST_CASE("files and xorbs are written once, in the order of their hashes, whatever the order of adding") {
    const xorb_description first({xet_chunk(hash_with(1), 10)});
    const xorb_description second({xet_chunk(hash_with(2), 20)});
    shard_writer one;
    shard_writer other;
    for (const unsigned number : {3U, 1U, 2U, 1U}) CHECK(one.add(file_with(number, number)));
    for (const unsigned number : {2U, 2U, 1U, 3U}) CHECK(other.add(file_with(number, number)));
    one.add(first);
    one.add(second);
    other.add(second);
    other.add(first);
    other.add(second);
    CHECK(one.finish() == other.finish());
    CHECK(one.size() == one.finish().size());
    CHECK(one.size() == 144 + 3 * 48 + 6 * 96 + 2 * 96);
}

TEST_CASE("a description that does not fit goes to the next shard") {
    shard_writer writer(144 + 48 + 96 * 2 + 96 - 1);
    CHECK(writer.add(file_with(1, 1)));
    CHECK_FALSE(writer.add(file_with(2, 2)));
    CHECK(writer.add(xorb_description({xet_chunk(hash_with(1), 10)})));
    CHECK_FALSE(writer.add(xorb_description({xet_chunk(hash_with(2), 10)})));
    CHECK(writer.size() == writer.finish().size());
    CHECK_THROWS_AS(writer.add(file_with(3, 4)), hubpush::error);
    CHECK_THROWS_AS(shard_writer(143), hubpush::invalid_argument);
}

TEST_CASE("a shard in which only some files are verified is refused") {
    shard_writer writer;
    writer.add(file_with(1, 1));
    shard_file unverified = file_with(2, 1);
    unverified.verified = false;
    CHECK_THROWS_AS(writer.add(unverified), hubpush::invalid_argument);
}
