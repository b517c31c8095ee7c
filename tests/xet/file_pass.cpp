#include <hubpush/xet/file_pass.hpp>

#include "catch.hpp"
#include "known_answers.hpp"
#include "seeded_random.hpp"

#include <algorithm>
#include <string>
#include <vector>

using hubpush::file_pass;
using hubpush::xet_chunk;

namespace {

// Passes over `data` in pieces as long as `next_piece` says.
template <class NextPiece>
std::vector<xet_chunk> chunks_of(file_pass& pass, std::span<const std::byte> data, NextPiece next_piece) {
    std::vector<xet_chunk> chunks;
    while (!data.empty()) {
        const auto piece = data.first(std::min<std::size_t>(next_piece(), data.size()));
        const auto ended = pass.update(piece);
        chunks.insert(chunks.end(), ended.begin(), ended.end());
        data = data.subspan(piece.size());
    }
    if (const auto last = pass.finish()) chunks.push_back(*last);
    return chunks;
}

}  // namespace

TEST_CASE("one pass gives a known file its chunks, its name and its SHA-256, whatever the pieces") {
    const std::vector<std::byte> stream = known_answers::xorshift64(10 << 20);
    const std::vector<std::byte> zeros(10 << 20);
    const auto& cases = known_answers::all().at("files").at("cases");
    const auto check = [&cases](const char* name, std::span<const std::byte> data, std::size_t piece) {
        CAPTURE(name, piece);
        const auto& known = cases.at(name);
        file_pass pass(true);
        const std::vector<xet_chunk> chunks = chunks_of(pass, data, [piece] { return piece; });
        CHECK(chunks.size() == known.at("chunk_count").get<std::size_t>());
        if (known.at("chunks").is_array()) CHECK(chunks == known_answers::chunks(known.at("chunks")));
        CHECK(pass.file_hash() == known_answers::hash(known.at("file_hash")));
        CHECK(pass.size() == data.size());
        CHECK(hubpush::to_hex(pass.sha256().value()) == known.at("sha256").get<std::string>());
    };
    for (const std::size_t piece : {777U, 4097U, 65'536U, 1'000'003U, 8'388'608U}) {
        check("xs_10m", stream, piece);
        check("zeros_10m", zeros, piece);
    }
    for (const std::size_t piece : {1U, 777U, 1'048'576U}) {
        check("empty", {}, piece);
        check("one_zero", std::span(zeros).first(1), piece);
        check("zeros_1k", std::span(zeros).first(1024), piece);
        check("hello", hubpush::as_bytes("Hello World!"), piece);
        check("xs_1m", std::span(stream).first(1 << 20), piece);
    }
}

TEST_CASE("a chunk that ends with a piece, or with the file, is one chunk") {
    const unsigned seed = 20261122;
    CAPTURE(seed);
    seeded_random random(seed);
    const std::vector<std::byte> stream = known_answers::xorshift64(1 << 20);
    file_pass whole;
    const std::vector<xet_chunk> expected = chunks_of(whole, stream, [&] { return stream.size(); });
    std::vector<std::size_t> ends{0};
    for (const xet_chunk& chunk : expected) ends.push_back(ends.back() + chunk.length);

    file_pass by_chunk;
    std::size_t next = 0;
    CHECK(chunks_of(by_chunk, stream, [&] { return expected[next++].length; }) == expected);
    for (std::size_t count = 1; count < expected.size(); ++count) {
        const std::vector<xet_chunk> first(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count));
        file_pass pass;
        CHECK(chunks_of(pass, std::span(stream).first(ends[count]), [&] { return 1 + random.below(200'000); }) ==
              first);
    }
}

TEST_CASE("SHA-256 is computed only where it is wanted") {
    file_pass pass;
    pass.update(hubpush::as_bytes("abc"));
    CHECK(pass.finish().value().length == 3);
    CHECK_FALSE(pass.sha256());
}
