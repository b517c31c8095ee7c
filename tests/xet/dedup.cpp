#include <hubpush/xet/dedup.hpp>

#include <hubpush/core/error.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "sample_shards.hpp"
#include "seeded_random.hpp"

#include <map>
#include <set>

using hubpush::append_chunks;
using hubpush::cut_xorb;
using hubpush::dedup_action;
using hubpush::dedup_file;
using hubpush::dedup_session;
using hubpush::packing;
using hubpush::reuse_chunks;
using hubpush::shard_file;
using hubpush::xet_chunk;
using hubpush::xet_hash;
using hubpush::xorb_description;
using hubpush::xorb_limits;

namespace {

constexpr std::size_t index_bytes = 10'000'000;

// Carries out what a session decides, with chunks in the place of their bytes, and checks what can be checked.
class uploader {
public:
    explicit uploader(xorb_limits limits = {}) : session(index_bytes, 1, limits), limits_(limits) {}

    // One file, in batches of `batch` chunks.
    void push(std::span<const xet_chunk> chunks, std::size_t batch = 1'000'000) {
        dedup_file file(session);
        std::vector<xet_chunk> body;
        for (std::size_t i = 0; i < chunks.size(); i += batch) {
            const auto part = chunks.subspan(i, std::min(batch, chunks.size() - i));
            perform(file.plan(part), part, body);
        }
        pack(file.finish(name_of(chunks), {}), body);
        files_.emplace(name_of(chunks), std::vector(chunks.begin(), chunks.end()));
        describe();
    }

    void finish() {
        if (const auto last = session.finish()) send(*last, collector_);
        describe();
        REQUIRE(collector_.empty());
        REQUIRE(described.size() == files_.size());
        for (const shard_file& file : described) check(file);
    }

    const shard_file& only_file() const { return described.at(0); }

    void know(const xorb_description& xorb) {
        session.index().add(xorb);
        stored_.emplace(xorb.hash, xorb.chunks);
    }

    dedup_session session;
    std::vector<xorb_description> sent;
    std::vector<shard_file> described;
    std::size_t reused = 0;
    std::size_t appended = 0;

private:
    static xet_hash name_of(std::span<const xet_chunk> chunks) {
        hubpush::merkle_tree tree;
        for (const xet_chunk& chunk : chunks) tree.add(chunk.hash, chunk.length);
        return tree.file_hash();
    }

    void perform(const std::vector<dedup_action>& actions, std::span<const xet_chunk> part,
                 std::vector<xet_chunk>& body) {
        for (const dedup_action& action : actions) {
            if (const auto* const cut = std::get_if<cut_xorb>(&action)) {
                send(*cut, body);
            } else if (const auto* const append = std::get_if<append_chunks>(&action)) {
                body.insert(body.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(append->count));
                part = part.subspan(append->count);
                appended += append->count;
            } else {
                part = part.subspan(std::get<reuse_chunks>(action).count);
                reused += std::get<reuse_chunks>(action).count;
            }
        }
        REQUIRE(part.empty());
    }

    void pack(const packing& decision, std::vector<xet_chunk>& body) {
        switch (decision.what) {
            case packing::how::nothing:
                REQUIRE(body.empty());
                break;
            case packing::how::start:
                REQUIRE(collector_.empty());
                collector_.swap(body);
                break;
            case packing::how::append:
                collector_.insert(collector_.end(), body.begin(), body.end());
                break;
            case packing::how::cut_file:
                send(decision.cut, body);
                break;
            case packing::how::cut_collector:
                send(decision.cut, collector_);
                collector_.swap(body);
                break;
        }
    }

    // The name must be that of the bytes at hand.
    void send(const cut_xorb& cut, std::vector<xet_chunk>& body) {
        REQUIRE(cut.xorb == xorb_description(body));
        REQUIRE(limits_.allow(body.size(), cut.xorb.raw_bytes()));
        REQUIRE_FALSE(body.empty());
        REQUIRE(cut.first_time == stored_.emplace(cut.xorb.hash, body).second);
        if (cut.first_time) sent.push_back(cut.xorb);
        body.clear();
    }

    void describe() {
        for (shard_file& file : session.take_described_files()) described.push_back(std::move(file));
    }

    // The terms of the file are its chunks, and every term has its length and its proof.
    void check(const shard_file& file) const {
        std::vector<xet_chunk> rebuilt;
        for (const auto& term : file.terms) {
            const auto& xorb = stored_.at(term.xorb);
            REQUIRE((term.first_chunk < term.end_chunk && term.end_chunk <= xorb.size()));
            const auto chunks = std::span(xorb).subspan(term.first_chunk, term.end_chunk - term.first_chunk);
            REQUIRE(term.range_hash == hubpush::range_hash(chunks));
            REQUIRE(term.length == xorb_description(xet_hash(), {chunks.begin(), chunks.end()}).raw_bytes());
            rebuilt.insert(rebuilt.end(), chunks.begin(), chunks.end());
        }
        REQUIRE(files_.contains(file.hash));
        REQUIRE(rebuilt == files_.at(file.hash));
    }

    xorb_limits limits_;
    std::vector<xet_chunk> collector_;
    std::map<xet_hash, std::vector<xet_chunk>> stored_;
    std::map<xet_hash, std::vector<xet_chunk>> files_;
};

// A chunk that holds its own name.
xet_chunk named_chunk(const std::string& name) {
    return {hubpush::chunk_hash(hubpush::as_bytes(name)), static_cast<std::uint32_t>(name.size())};
}

// Chunks told apart by numbers, with any length.
std::vector<xet_chunk> numbered(unsigned first, unsigned end, std::uint32_t length = 65'536) {
    std::vector<xet_chunk> chunks;
    for (unsigned number = first; number != end; ++number) {
        chunks.emplace_back(named_chunk(std::to_string(number)).hash, length);
    }
    return chunks;
}

std::vector<xet_chunk> joined(std::initializer_list<std::vector<xet_chunk>> parts) {
    std::vector<xet_chunk> whole;
    for (const auto& part : parts) whole.insert(whole.end(), part.begin(), part.end());
    return whole;
}

const nlohmann::json& cases() { return known_answers::all()["deduplication"]["cases"]; }

void check_terms(const shard_file& file, const nlohmann::json& terms) {
    REQUIRE(file.terms.size() == terms.size());
    for (std::size_t i = 0; i != terms.size(); ++i) {
        CAPTURE(i);
        REQUIRE(file.terms[i].xorb == known_answers::hash(terms[i][0]));
        REQUIRE(file.terms[i].first_chunk == terms[i][1]);
        REQUIRE(file.terms[i].end_chunk == terms[i][2]);
        REQUIRE(file.terms[i].length == terms[i][3]);
    }
}

void check_xorbs(const std::vector<xorb_description>& sent, const nlohmann::json& xorbs) {
    REQUIRE(sent.size() == xorbs.size());
    for (std::size_t i = 0; i != xorbs.size(); ++i) {
        REQUIRE(sent[i].hash == known_answers::hash(xorbs[i][0]));
        REQUIRE(sent[i].chunks.size() == xorbs[i][1]);
        REQUIRE(sent[i].raw_bytes() == xorbs[i][2]);
    }
}

void check_case(const uploader& push, const nlohmann::json& expected) {
    CHECK(push.only_file().hash == known_answers::hash(expected["file"]));
    check_xorbs(push.sent, expected["xorbs"]);
    CHECK(push.appended == expected["new_chunks"]);
    CHECK(push.reused == expected["deduped_chunks"]);
}

}  // namespace

TEST_CASE("a file that repeats itself refers to its own xorb") {
    const auto& expected = cases()["xs_1m_twice"];
    auto data = known_answers::xorshift64(1'048'576);
    data.insert(data.end(), data.begin(), data.begin() + 1'048'576);
    REQUIRE(known_answers::sha256_of(data) == known_answers::text(expected["sha256"]));
    uploader push;
    push.push(known_answers::cut(data));
    push.finish();
    check_case(push, expected);
    check_terms(push.only_file(), expected["terms"]);
    for (std::size_t i = 0; i != expected["verification"].size(); ++i) {
        CHECK(push.only_file().terms[i].range_hash == known_answers::hash(expected["verification"][i]));
    }
}

TEST_CASE("80 equal chunks are one chunk and 80 terms") {
    const auto& expected = cases()["zeros_10m"];
    uploader push;
    push.push(known_answers::cut(std::vector<std::byte>(10'485'760)));
    push.finish();
    check_case(push, expected);
    REQUIRE(push.only_file().terms.size() == 80);
    for (const auto& term : push.only_file().terms) {
        CHECK(term == hubpush::shard_term(known_answers::hash(expected["xorbs"][0][0]), 131'072, 0, 1,
                                          known_answers::hash(expected["verification_each"])));
    }

    const auto& shard = known_answers::all()["shards"]["zeros_10m_upload"];
    hubpush::shard_writer writer;
    shard_file file = push.only_file();
    const auto& sha256 = known_answers::all()["files"]["cases"]["zeros_10m"]["sha256"];
    file.sha256 = known_answers::sha256(sha256);
    writer.add(file);
    writer.add(push.sent.front());
    CHECK(writer.finish().size() == shard["length"]);
    CHECK(known_answers::sha256_of(writer.finish()) == known_answers::text(shard["sha256"]));
}

TEST_CASE("bytes inserted into a known file cost the chunks around them") {
    const auto& expected = cases()["xs_10m_insert_9_bytes_at_3000000"];
    const auto known = known_answers::chunks(known_answers::all()["files"]["cases"]["xs_10m"]["chunks"]);
    auto data = known_answers::xorshift64(10'485'760);
    const auto inserted = hubpush::as_bytes("inserted!");
    data.insert(data.begin() + 3'000'000, inserted.begin(), inserted.end());
    REQUIRE(known_answers::sha256_of(data) == known_answers::text(expected["sha256"]));

    uploader push;
    push.know(xorb_description(known));
    push.push(known_answers::cut(data));
    push.finish();
    check_case(push, expected);
    check_terms(push.only_file(), expected["terms"]);
}

TEST_CASE("short copies are not used where they would fragment a file") {
    const auto& expected = cases()["defragmentation"];
    const auto k = [](unsigned first, unsigned count) {
        std::vector<xet_chunk> chunks;
        for (unsigned i = first; i != first + count; ++i) chunks.push_back(named_chunk("k" + std::to_string(i)));
        return chunks;
    };
    unsigned fresh = 0;
    const auto n = [&](unsigned count) {
        std::vector<xet_chunk> chunks;
        for (unsigned i = 0; i != count; ++i) chunks.push_back(named_chunk("n" + std::to_string(fresh++)));
        return chunks;
    };
    std::vector<xet_chunk> file;
    for (unsigned j = 0; j != 64; ++j) file = joined({file, k(10 * j, 3), n(3)});
    for (const auto& run : expected["tail_runs"]) {
        file = joined({file, k(run[0].get<unsigned>(), run[1].get<unsigned>()), n(1)});
    }
    REQUIRE(file.size() == expected["chunk_count"]);
    uploader push;
    push.know(xorb_description(k(0, 1000)));
    push.push(file);
    push.finish();
    check_case(push, expected);
    check_terms(push.only_file(), expected["terms"]);
}

TEST_CASE("the rest of a refused run is not offered again") {
    uploader push;
    push.know(xorb_description(numbered(0, 1000)));
    // 128 terms, the first of 130 chunks and the others of one: 2.008 on average.
    std::vector<xet_chunk> file = numbered(0, 130);
    for (unsigned i = 0; i != 127; ++i) file = joined({file, numbered(200 + 2 * i, 201 + 2 * i)});
    // A run of two is refused. With its first chunk as a term of its own the average is 1 and would allow the second.
    push.push(joined({file, numbered(600, 602)}));
    push.finish();
    CHECK(push.appended == 2);
    CHECK(push.only_file().terms.size() == 129);
}

TEST_CASE("a file that is known makes no xorb") {
    uploader push;
    push.know(xorb_description(numbered(0, 100)));
    push.push(numbered(0, 100), 7);
    push.push(numbered(20, 50));
    push.push({});
    push.finish();
    CHECK(push.sent.empty());
    CHECK(push.appended == 0);
    CHECK(push.described[0].terms.size() == 1);
    CHECK(push.described[1].terms.size() == 1);
    CHECK(push.described[2].terms.empty());
    CHECK(push.described[2].hash == xet_hash());
}

TEST_CASE("a xorb is cut at its limits, and its chunks are known from then on") {
    for (const std::size_t batch : {1U, 50U, 1'000'000U}) {
        CAPTURE(batch);
        uploader push;
        push.push(joined({numbered(0, 2500), numbered(0, 2500)}), batch);
        push.finish();
        CHECK(push.sent.size() == 3);
        CHECK(push.appended == 2500);
        CHECK(push.sent[0].chunks.size() == 67'108'864 / 65'544);
        CHECK(push.only_file().terms.size() <= 8);

        uploader many;
        many.push(numbered(0, 8193, 100), batch);
        many.finish();
        CHECK(many.sent.size() == 2);
        CHECK(many.sent[0].chunks.size() == 8192);
    }
}

TEST_CASE("a chunk of an impossible length is refused") {
    dedup_session session(index_bytes);
    dedup_file file(session);
    CHECK_THROWS_AS(file.plan(numbered(0, 1, 0)), hubpush::invalid_argument);
    CHECK_THROWS_AS(file.plan(numbered(0, 1, 131'073)), hubpush::invalid_argument);
    CHECK(file.plan(numbered(0, 1, 131'072)).size() == 1);
}

TEST_CASE("small files share a xorb") {
    uploader push;
    for (unsigned i = 0; i != 100; ++i) push.push(numbered(i * 10, i * 10 + 2));
    CHECK(push.described.empty());  // their xorb has no name yet
    push.finish();
    CHECK(push.sent.size() == 1);
    CHECK(push.appended == 200);
}

TEST_CASE("small files do not send what another small file has") {
    uploader push;
    for (unsigned i = 0; i != 100; ++i) push.push(joined({numbered(7, 12), numbered(i * 100 + 100, i * 100 + 102)}));
    push.finish();
    CHECK(push.sent.size() == 1);
    CHECK(push.appended == 5 + 200);
}

TEST_CASE("of two rests that do not fit together the larger one is cut") {
    const xorb_limits limits(67'108'864, 100);
    SECTION("the newcomer") {
        uploader push(limits);
        push.push(numbered(0, 40));
        push.push(numbered(100, 170));
        REQUIRE(push.sent.size() == 1);
        CHECK(push.sent[0].chunks == numbered(100, 170));
        CHECK(push.described.size() == 1);
        push.push(numbered(200, 260));
        CHECK(push.sent.size() == 1);
        push.finish();
        CHECK(push.sent[1].chunks == joined({numbered(0, 40), numbered(200, 260)}));
    }
    SECTION("the collector") {
        uploader push(limits);
        push.push(numbered(0, 70));
        push.push(numbered(100, 140));
        REQUIRE(push.sent.size() == 1);
        CHECK(push.sent[0].chunks == numbered(0, 70));
        CHECK(push.described.size() == 1);
        push.finish();
        CHECK(push.sent[1].chunks == numbered(100, 140));
    }
}

TEST_CASE("a xorb that two files make at the same time is sent once") {
    dedup_session session(index_bytes, 0, xorb_limits(67'108'864, 50));
    dedup_file one(session);
    dedup_file other(session);
    const auto chunks = numbered(0, 40);
    one.plan(chunks);
    other.plan(chunks);
    CHECK(one.finish(xet_hash(), {}).what == packing::how::start);
    const packing second = other.finish(xet_hash(), {});
    CHECK(second.what == packing::how::cut_file);
    CHECK(second.cut.first_time);
    const auto last = session.finish();
    REQUIRE(last);
    CHECK(last->xorb == second.cut.xorb);
    CHECK_FALSE(last->first_time);
    CHECK(session.take_described_files().size() == 2);
}

TEST_CASE("the first chunk of a file and those that the hash chooses are asked for, well apart") {
    dedup_session session(index_bytes);
    dedup_file file(session);
    std::vector<xet_chunk> chunks;
    std::vector<std::size_t> chosen;
    for (unsigned i = 0; chosen.size() != 12; ++i) {
        chunks.push_back(named_chunk("query " + std::to_string(i)));
        if (hubpush::eligible_by_hash(chunks.back().hash)) chosen.push_back(i);
    }
    std::vector<xet_hash> expected{chunks[0].hash};
    std::size_t last = 0;
    for (const std::size_t i : chosen) {
        if (i - last < 256) continue;
        expected.push_back(chunks[i].hash);
        last = i;
    }
    REQUIRE(expected.size() > 3);
    std::vector<xet_hash> queries;
    for (std::size_t i = 0; i < chunks.size(); i += 100) {
        const auto batch = std::span(chunks).subspan(i, std::min<std::size_t>(100, chunks.size() - i));
        for (const xet_hash& query : file.global_queries(batch)) queries.push_back(query);
        file.plan(batch);
    }
    CHECK(queries == expected);
    // What is known, or in the xorb that is growing, is not asked for.
    CHECK(dedup_file(session).global_queries(std::span(chunks).last(1)) == std::vector{chunks.back().hash});
    session.index().add(xorb_description({chunks.begin(), chunks.end()}));
    CHECK(dedup_file(session).global_queries(chunks).empty());
    CHECK(file.global_queries(chunks).empty());
}

TEST_CASE("an answer to a global query is used for the batch that asked") {
    uploader push;
    const auto chunks = numbered(0, 100);
    dedup_file file(push.session);
    CHECK(file.global_queries(chunks) == std::vector{chunks[0].hash});
    push.know(xorb_description(numbered(0, 60)));
    const auto actions = file.plan(chunks);
    REQUIRE(actions.size() == 2);
    CHECK(std::get<reuse_chunks>(actions[0]).count == 60);
    CHECK(std::get<append_chunks>(actions[1]).count == 40);
}

TEST_CASE("whatever the files and batches, the terms rebuild every file and no xorb is sent twice") {
    for (std::uint32_t seed = 1; seed != 20; ++seed) {
        INFO("seed " << seed);
        seeded_random random(seed);
        const xorb_limits limits(131'080 + random.below(3'000'000), 1 + random.below(200));
        uploader push(limits);
        for (unsigned i = random.below(4); i != 0; --i) {
            const unsigned first = random.below(2000);
            push.know(xorb_description(numbered(first, first + 1 + random.below(300))));
        }
        std::set<xet_hash> names;
        for (unsigned files = 1 + random.below(12); files != 0; --files) {
            std::vector<xet_chunk> chunks;
            for (unsigned runs = random.below(50); runs != 0; --runs) {
                const unsigned first = random.below(2000);
                chunks = joined({chunks, numbered(first, first + 1 + random.below(random.below(8) == 0 ? 300 : 6))});
            }
            if (names.insert(hubpush::xorb_hash(chunks)).second) push.push(chunks, 1 + random.below(200));
        }
        push.finish();
        std::set<xet_hash> sent;
        for (const auto& xorb : push.sent) REQUIRE(sent.insert(xorb.hash).second);
    }
}

TEST_CASE("a file of very many short terms can still be described in one shard") {
    dedup_session session(index_bytes);
    dedup_file file(session);
    // The same chunk again and again: every copy would be a term of its own.
    const std::vector<xet_chunk> same(10'000, numbered(1, 2).front());
    for (int i = 0; i != 40; ++i) file.plan(same);
    file.finish(xet_hash(), hubpush::sha256_digest{});
    session.finish();
    const auto described = session.take_described_files();
    REQUIRE(described.size() == 1);
    CHECK(described[0].size() == 400'000ULL * 65'536);
    CHECK(described[0].terms.size() < 301'000);
    CHECK(described[0].shard_bytes() < hubpush::shard_size_limit / 2);
}
