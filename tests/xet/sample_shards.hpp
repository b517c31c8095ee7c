#pragma once

// The shards of the vectors as values.

#include <hubpush/xet/shard.hpp>
#include <hubpush/xet/shard_writer.hpp>

#include "known_answers.hpp"

namespace sample_shards {

// Two files in one xorb (spec/xet-protocol.md §4.10).
inline hubpush::shard two_small_files() {
    const auto& sample = known_answers::all()["shards"]["two_small_files"];
    const auto& records = known_answers::all()["xorbs"]["four_scheme_sample"]["records"];
    const auto xorb = known_answers::hash(sample["xorb_hash"]);
    hubpush::shard shard;
    for (std::uint32_t i = 0; i != 2; ++i) {
        const std::uint32_t length = i == 0 ? 12 : 1024;
        const hubpush::shard_term term(xorb, length, i, i + 1, known_answers::hash(sample["range_hashes"][i]));
        shard.files.emplace_back(known_answers::hash(sample["file_hashes"][i]), std::vector{term},
                                 known_answers::sha256(sample["sha256"][i]));
    }
    shard.xorbs.emplace_back(xorb,
                             std::vector{hubpush::xet_chunk(known_answers::hash(records[0]["chunk_hash"]), 12),
                                         hubpush::xet_chunk(known_answers::hash(records[1]["chunk_hash"]), 1024)});
    return shard;
}

// The published reference file: one file, one xorb, one term.
inline hubpush::shard csv_reference() {
    const auto& csv = known_answers::all()["csv_reference"];
    const auto xorb = known_answers::hash(csv["xorb_hash"]);
    hubpush::shard shard;
    const hubpush::shard_term term(xorb, csv["csv_size"].get<std::uint32_t>(), 0, 796,
                                   known_answers::hash(csv["range_hash_all_chunks"]));
    shard.files.emplace_back(known_answers::hash(csv["file_hash"]), std::vector{term},
                             known_answers::sha256(csv["csv_sha256"]));
    shard.xorbs.emplace_back(xorb, known_answers::chunks(csv["chunks"]));
    return shard;
}

inline hubpush::shard_footer footer(const nlohmann::json& vector) {
    return hubpush::shard_footer(known_answers::hash(vector["key"]).bytes(), vector["created"].get<std::uint64_t>(),
                                 vector["expiry"].get<std::uint64_t>());
}

inline hubpush::shard_writer writer_of(const hubpush::shard& shard) {
    hubpush::shard_writer writer;
    for (const auto& file : shard.files) writer.add(file);
    for (const auto& xorb : shard.xorbs) writer.add(xorb);
    return writer;
}

inline std::vector<std::byte> written(const hubpush::shard& shard) {
    const auto writer = writer_of(shard);
    return shard.footer ? writer.finish(*shard.footer) : writer.finish();
}

}  // namespace sample_shards
