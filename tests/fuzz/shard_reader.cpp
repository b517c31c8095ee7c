#include <hubpush/xet/shard_reader.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/xet/dedup_index.hpp>
#include <hubpush/xet/shard_writer.hpp>

#include "targets.hpp"

namespace {

// Writes a shard without its key, so that the hashes stay as they are.
hubpush::shard written_and_read(const hubpush::shard& shard) {
    hubpush::shard_writer writer;
    for (const auto& file : shard.files) writer.add(file);
    for (const auto& xorb : shard.xorbs) writer.add(xorb);
    return hubpush::read_shard(writer.finish());
}

}  // namespace

void fuzz::shard_reader(std::span<const std::byte> bytes) {
    try {
        const hubpush::shard shard = hubpush::read_shard(bytes);
        require(shard.files.size() + shard.xorbs.size() <= bytes.size() / hubpush::shard_record_size);
        const hubpush::shard again = written_and_read(shard);
        require(written_and_read(again) == again);

        constexpr std::size_t limit = 20'000;
        hubpush::dedup_index index(limit);
        index.add(shard, 0);
        require(index.bytes_used() <= limit);
        for (const auto& xorb : shard.xorbs) {
            if (const auto match = index.find(xorb.chunks)) require(match->count <= xorb.chunks.size());
        }
    } catch (const hubpush::error& failure) {
        require(failure.kind() == hubpush::errc::protocol_error);
    }
}

HUBPUSH_FUZZ_TARGET(shard_reader)
