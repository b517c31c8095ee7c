#include <hubpush/xet/merkle.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <string>
#include <utility>
#include <vector>

using hubpush::merkle_tree;
using hubpush::xet_chunk;
using hubpush::xet_hash;

namespace {

merkle_tree tree_of(const std::vector<xet_chunk>& chunks) {
    merkle_tree tree;
    for (const xet_chunk& chunk : chunks) tree.add(chunk.hash, chunk.length);
    return tree;
}

// The grouping of spec/xet-protocol.md §2.5 as it is written there: level by level over the whole list.
xet_hash root_by_levels(const std::vector<xet_chunk>& chunks) {
    std::vector<std::pair<xet_hash, std::uint64_t>> level;
    for (const xet_chunk& chunk : chunks) level.emplace_back(chunk.hash, chunk.length);
    while (level.size() > 1) {
        std::vector<std::pair<xet_hash, std::uint64_t>> parents;
        for (std::size_t at = 0; at < level.size();) {
            std::size_t size = std::min<std::size_t>(9, level.size() - at);
            for (std::size_t i = 2; i < size; ++i) {
                if (level[at + i].first.word(3) % 4 == 0) size = i + 1;
            }
            std::string text;
            std::uint64_t length = 0;
            for (std::size_t i = at; i < at + size; ++i) {
                text += level[i].first.text() + " : " + std::to_string(level[i].second) + "\n";
                length += level[i].second;
            }
            const auto key =
                hubpush::from_hex("017ec5c7a5472996fd946666b48a02e65ddd536f37c76dd2f86352e64a53713f").value();
            hubpush::blake3_key node_key;
            std::ranges::copy(key, node_key.begin());
            parents.emplace_back(hubpush::blake3::of(node_key, hubpush::as_bytes(text)), length);
            at += size;
        }
        level = std::move(parents);
    }
    return level.empty() ? xet_hash() : level.front().first;
}

}  // namespace

TEST_CASE("chunk hashes have the known answers") {
    for (const auto& known : known_answers::all().at("chunk_hash")) {
        INFO(known.at("input"));
        std::vector<std::byte> bytes(known.at("length").get<std::size_t>());
        if (!known.at("input_hex").is_null()) bytes = known_answers::bytes(known.at("input_hex"));
        const xet_hash hash = hubpush::chunk_hash(bytes);
        CHECK(hash.text() == known.at("hash").get<std::string>());
        CHECK(hubpush::to_hex(hash.bytes()) == known.at("hash_raw").get<std::string>());
    }
}

TEST_CASE("an inner node has the published answer") {
    const auto& known = known_answers::all().at("internal_node");
    CHECK(hubpush::xorb_hash(known_answers::chunks(known.at("children"))) ==
          known_answers::hash(known.at("node_hash")));
}

TEST_CASE("the published trees have their roots, and their file hashes under every salt") {
    for (const auto& set : known_answers::all().at("merkle_trees").at("sets")) {
        // Their lengths exceed those of any chunk, up to 40 bits.
        merkle_tree tree;
        for (const auto& node : set.at("nodes")) tree.add(known_answers::hash(node.at(0)), node.at(1));
        CHECK(tree.root() == known_answers::hash(set.at("root")));
        for (const auto& [salt, file_hash] :
             set.at("file_hash_by_salt").get<std::vector<std::pair<std::string, std::string>>>()) {
            CHECK(tree.file_hash(xet_hash::parse(salt)->bytes()).text() == file_hash);
        }
    }
}

TEST_CASE("the hashes of known files follow from their chunks") {
    const auto check = [](const std::vector<xet_chunk>& chunks, const xet_hash& xorb, const xet_hash& file,
                          const xet_hash& range) {
        CHECK(hubpush::xorb_hash(chunks) == xorb);
        CHECK(tree_of(chunks).file_hash() == file);
        CHECK(hubpush::range_hash(chunks) == range);
    };
    for (const auto& [name, known] : known_answers::all().at("files").at("cases").items()) {
        if (!known.at("chunks").is_array()) continue;
        INFO(name);
        check(known_answers::chunks(known.at("chunks")), known_answers::hash(known.at("xorb_hash_of_all_chunks")),
              known_answers::hash(known.at("file_hash")), known_answers::hash(known.at("range_hash_of_all_chunks")));
    }
    const auto& csv = known_answers::all().at("csv_reference");
    check(known_answers::chunks(csv.at("chunks")), known_answers::hash(csv.at("xorb_hash")),
          known_answers::hash(csv.at("file_hash")), known_answers::hash(csv.at("range_hash_all_chunks")));
}

TEST_CASE("range hashes and keyed chunk hashes have the known answers") {
    for (const auto& known : known_answers::all().at("verification_range_hash")) {
        std::vector<xet_chunk> chunks;
        for (const auto& hash : known.at("chunk_hashes")) chunks.emplace_back(known_answers::hash(hash), 1);
        CHECK(hubpush::range_hash(chunks) == known_answers::hash(known.at("range_hash")));
    }
    for (const auto& known : known_answers::all().at("keyed_chunk_hash_for_dedup")) {
        const xet_hash keyed = hubpush::keyed_chunk_hash(known_answers::hash(known.at("chunk_hash")),
                                                         known_answers::hash(known.at("key")).bytes());
        CHECK(keyed == known_answers::hash(known.at("keyed")));
    }
}

TEST_CASE("the published xorb begins with the chunks that it should") {
    const auto& csv = known_answers::all().at("csv_reference");
    const auto chunks = known_answers::chunks(csv.at("chunks"));
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i != 10; ++i) {
        const auto& record = csv.at("xorb_prefix_first_10_records").at("rows").at(i);
        CHECK(record.at(0) == offset);
        offset += 8 + record.at(1).get<std::uint64_t>();
        CHECK(record.at(3) == chunks[i].length);
        CHECK(known_answers::hash(record.at(4)) == chunks[i].hash);
    }
    CHECK(csv.at("xorb_prefix_first_10_records").at("bytes") == offset);
    std::vector<std::size_t> eligible;
    for (std::size_t i = 0; i != chunks.size(); ++i) {
        if (hubpush::eligible_by_hash(chunks[i].hash)) eligible.push_back(i);
    }
    CHECK(eligible == std::vector{csv.at("hash_eligible_chunk_index").get<std::size_t>()});
}

TEST_CASE("a chunk is found in a captured answer to a global query") {
    const auto& facts = known_answers::all().at("shards").at("production_dedup_response_facts");
    const auto& match = facts.at("example_match");
    CHECK(hubpush::keyed_chunk_hash(known_answers::hash(match.at("chunk_hash")),
                                    known_answers::hash(facts.at("key")).bytes()) ==
          known_answers::hash(match.at("keyed")));
}

TEST_CASE("a chunk is eligible by its hash if the last three digits of the text say so") {
    for (const char* const end : {"000", "400", "800", "c00"}) {
        CHECK(hubpush::eligible_by_hash(xet_hash::parse(std::string(61, '7') + end).value()));
    }
    for (const char* const end : {"001", "200", "c01", "7ff", "100"}) {
        CHECK_FALSE(hubpush::eligible_by_hash(xet_hash::parse(std::string(61, '0') + end).value()));
    }
    for (const auto& [name, known] : known_answers::all().at("files").at("cases").items()) {
        if (!known.at("chunks").is_array()) continue;
        INFO(name);
        std::vector<std::size_t> eligible;
        const std::vector<xet_chunk> chunks = known_answers::chunks(known.at("chunks"));
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            if (hubpush::eligible_by_hash(chunks[i].hash)) eligible.push_back(i);
        }
        CHECK(eligible == known.at("global_dedup_eligible_chunk_indices_by_hash").get<std::vector<std::size_t>>());
    }
}

TEST_CASE("the streamed tree has the root of the levels computed one by one, at every length") {
    const unsigned seed = 20261122;
    CAPTURE(seed);
    seeded_random random(seed);
    // How often an entry ends a group: never, always, and by chance.
    for (const unsigned divisible_in_ten : {0U, 10U, 3U, 9U}) {
        std::vector<xet_chunk> chunks;
        merkle_tree tree;
        for (int i = 0; i < 200; ++i) {
            REQUIRE(tree.root() == root_by_levels(chunks));
            std::array<std::byte, 32> bytes;
            for (std::byte& byte : bytes) byte = random.byte();
            bytes[24] = std::byte{static_cast<unsigned char>(random.below(10) < divisible_in_ten ? 4 : 5)};
            chunks.emplace_back(xet_hash(bytes), 1 + random.below(131'072));
            tree.add(chunks.back().hash, chunks.back().length);
        }
    }
}
