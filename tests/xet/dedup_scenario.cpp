#include <hubpush/xet/dedup.hpp>

#include <hubpush/xet/chunker.hpp>
#include <hubpush/xet/shard_reader.hpp>
#include <hubpush/xet/shard_writer.hpp>
#include <hubpush/xet/xorb_reader.hpp>
#include <hubpush/xet/xorb_writer.hpp>

#include "catch.hpp"
#include "seeded_random.hpp"

#include <cstring>
#include <map>

// Two versions of a file of weights, pushed one after the other, all in memory: everything between the bytes and the
// shard but the network.

namespace {

constexpr std::size_t mebibyte = 1U << 20U;

// A tensor whose content follows from a seed; `changed` bytes in its middle from another one.
class tensor {
public:
    std::uint64_t seed = 0;
    std::size_t size = 4 * mebibyte;
    std::size_t changed = 0;

    std::vector<std::byte> content() const {
        std::vector<std::byte> bytes(size);
        fill(bytes, seed);
        fill(std::span(bytes).subspan(size / 2, changed), ~seed);
        return bytes;
    }

private:
    static void fill(std::span<std::byte> bytes, std::uint64_t state) {
        std::uint64_t word = state * 0x9E3779B97F4A7C15U + 1;
        for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
            word ^= word << 13U;
            word ^= word >> 7U;
            word ^= word << 17U;
            std::memcpy(bytes.data() + i, &word, 8);
        }
    }
};

using tensors = std::vector<tensor>;

// The service: xorbs by name.
using xorb_store = std::map<hubpush::xet_hash, std::vector<std::byte>>;

// Pushes one file.
class push {
public:
    push(hubpush::dedup_session& session, xorb_store& store)
        : session_(session), store_(store), file_(session), body_(hubpush::xorb_limits::most_bytes), xorb_(body_) {}

    void add(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            const auto end = chunker_.find_end(bytes);
            const std::size_t taken = end.value_or(bytes.size());
            batch_bytes_.insert(batch_bytes_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
            if (end) close_chunk();
            bytes = bytes.subspan(taken);
        }
    }

    // The shard that describes the file and its new xorbs.
    hubpush::shard_writer finish() {
        if (batch_bytes_.size() != hashed_) close_chunk();
        plan();
        const auto rest = file_.finish(tree_.file_hash(), {});
        if (rest.what == hubpush::packing::how::start) {
            if (const auto last = session_.finish()) store(*last);
        }
        for (const auto& described : session_.take_described_files()) shard_.add(described);
        return shard_;
    }

    std::size_t sent = 0;

private:
    void close_chunk() {
        const auto bytes = std::span<const std::byte>(batch_bytes_).subspan(hashed_);
        batch_.emplace_back(hubpush::chunk_hash(bytes), static_cast<std::uint32_t>(bytes.size()));
        tree_.add(batch_.back().hash, batch_.back().length);
        hashed_ = batch_bytes_.size();
        if (hashed_ >= 8'000'000) plan();
    }

    void plan() {
        std::size_t chunk = 0;
        std::size_t offset = 0;
        const auto take = [&](std::size_t count, bool keep) {
            for (; count != 0; --count) {
                const std::size_t length = batch_[chunk++].length;
                if (keep) xorb_.append(std::span<const std::byte>(batch_bytes_).subspan(offset, length));
                offset += length;
            }
        };
        for (const auto& action : file_.plan(batch_)) {
            if (const auto* const cut = std::get_if<hubpush::cut_xorb>(&action)) {
                store(*cut);
            } else if (const auto* const append = std::get_if<hubpush::append_chunks>(&action)) {
                take(append->count, true);
            } else {
                take(std::get<hubpush::reuse_chunks>(action).count, false);
            }
        }
        REQUIRE(chunk == batch_.size());
        batch_.clear();
        batch_bytes_.clear();
        hashed_ = 0;
    }

    void store(const hubpush::cut_xorb& cut) {
        REQUIRE(cut.first_time);
        const auto records = xorb_.records();
        sent += records.size();
        store_.emplace(cut.xorb.hash, std::vector(records.begin(), records.end()));
        shard_.add(cut.xorb);
        xorb_ = hubpush::xorb_writer(body_);
    }

    hubpush::dedup_session& session_;
    xorb_store& store_;
    hubpush::dedup_file file_;
    std::vector<std::byte> body_;
    hubpush::xorb_writer xorb_;
    hubpush::chunker chunker_;
    hubpush::merkle_tree tree_;
    std::vector<std::byte> batch_bytes_;
    std::size_t hashed_ = 0;
    std::vector<hubpush::xet_chunk> batch_;
    hubpush::shard_writer shard_;
};

// Compares the bytes that the terms give with the tensors.
class rebuilt_file {
public:
    rebuilt_file(const xorb_store& store, const tensors& expected) : store_(store), expected_(expected) {}

    void check(const hubpush::shard_file& file) {
        for (const auto& term : file.terms) {
            hubpush::chunk_record_reader records(store_.at(term.xorb));
            for (std::uint32_t index = 0; index != term.end_chunk; ++index) {
                const auto record = records.next();
                REQUIRE(record);
                if (index < term.first_chunk) continue;
                std::vector<std::byte> chunk(record->raw_length);
                record->decode(chunk);
                compare(chunk);
            }
        }
        REQUIRE(next_ == expected_.size());
        REQUIRE(rest_.empty());
    }

private:
    void compare(std::span<const std::byte> chunk) {
        while (!chunk.empty()) {
            if (rest_.empty()) {
                REQUIRE(next_ != expected_.size());
                content_ = expected_[next_++].content();
                rest_ = content_;
            }
            const std::size_t size = std::min(chunk.size(), rest_.size());
            REQUIRE(std::memcmp(chunk.data(), rest_.data(), size) == 0);
            chunk = chunk.subspan(size);
            rest_ = rest_.subspan(size);
        }
    }

    const xorb_store& store_;
    const tensors& expected_;
    std::size_t next_ = 0;
    std::vector<std::byte> content_;
    std::span<const std::byte> rest_;
};

}  // namespace

TEST_CASE("a new version of 256 MiB of weights costs what is new in it") {
    const std::uint32_t seed = 20261122;
    INFO("seed " << seed);
    seeded_random random(seed);
    tensors first(64);
    for (std::size_t i = 0; i != first.size(); ++i) first[i].seed = seed + i;

    // One per cent changed in ten places, one tensor inserted in the middle, one removed.
    tensors second = first;
    const std::size_t total = first.size() * first.front().size;
    for (std::size_t i = 0; i != 10; ++i) second[6 * i + random.below(6)].changed = total / 1000;
    second.erase(second.begin() + 10 + random.below(40));
    tensor inserted;
    inserted.seed = ~std::uint64_t{seed};
    inserted.size = 4 * mebibyte - 8 * random.below(1000);
    second.insert(second.begin() + 32, inserted);

    xorb_store store;
    const auto push_version = [&](hubpush::dedup_session& session, const tensors& version) {
        push pushed(session, store);
        for (const tensor& t : version) pushed.add(t.content());
        const auto shard = pushed.finish();
        return std::pair(pushed.sent, shard);
    };
    hubpush::dedup_session one(1'000'000);
    const auto [first_sent, first_shard] = push_version(one, first);
    CHECK(first_sent >= total);
    CHECK(first_sent <= total + total / 1000);

    // The second version is pushed by somebody else, who is told about the first one in a keyed shard.
    hubpush::dedup_session other(1'000'000);
    hubpush::blake3_key key{};
    key[0] = std::byte{7};
    other.index().add(hubpush::read_shard(first_shard.finish(hubpush::shard_footer(key, 0, 100))), 50);
    const auto [second_sent, second_shard] = push_version(other, second);
    rebuilt_file(store, second).check(hubpush::read_shard(second_shard.finish()).files.at(0));
    INFO("new bytes in xorbs: " << 100.0 * static_cast<double>(second_sent) / static_cast<double>(total) << " % of "
                                << total);
    CHECK(second_sent <= total / 20);
}
