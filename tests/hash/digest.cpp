#include <hubpush/hash/digest.hpp>

#include <hubpush/hash/text.hpp>

#include "catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using hubpush::as_bytes;
using hubpush::git_blob_hash;
using hubpush::sha256;
using hubpush::to_hex;

namespace {

/// The digest of `text`, given to the hash in pieces of `step` bytes.
template <class Hash>
std::string digest_in_pieces(Hash hash, const std::string& text, std::size_t step) {
    for (std::size_t at = 0; at < text.size(); at += step)
        hash.update(as_bytes(text).subspan(at, std::min(step, text.size() - at)));
    return to_hex(hash.finish());
}

}  // namespace

TEST_CASE("SHA-256 gives the published answers") {
    // FIPS 180-4 examples, then hub-http-api.md §14.5.
    CHECK(to_hex(sha256::of({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256::of(as_bytes("abc"))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256::of(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(to_hex(sha256::of(as_bytes("hello\n"))) ==
          "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    CHECK(to_hex(sha256::of(as_bytes("{\"a\":1}"))) ==
          "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
    CHECK(to_hex(sha256::of(std::vector<std::byte>(20 << 20))) ==
          "cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc");
    CHECK(digest_in_pieces(sha256(), std::string(1'000'000, 'a'), 4093) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("git blob ids are those of git") {
    CHECK(to_hex(git_blob_hash::of({})) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    CHECK(to_hex(git_blob_hash::of(as_bytes("hello\n"))) == "ce013625030ba8dba906f756967f9e9ca394464a");
    CHECK(to_hex(git_blob_hash::of(as_bytes("{\"a\":1}"))) == "daa5053ecf5f9a37b2de733d0751cc1ab53ac010");
    const std::string pointer =
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc\nsize 20971520\n";
    REQUIRE(pointer.size() == 133);
    CHECK(to_hex(git_blob_hash::of(as_bytes(pointer))) == "dfc37c82187ece3b7f025b3ddedb667cb797e5cc");
}

TEST_CASE("a digest does not depend on the pieces it was fed") {
    std::string text;
    for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 7));
    const std::string whole = to_hex(sha256::of(as_bytes(text)));
    const std::string blob = to_hex(git_blob_hash::of(as_bytes(text)));
    for (std::size_t step = 1; step <= text.size(); ++step) {
        REQUIRE(digest_in_pieces(sha256(), text, step) == whole);
        REQUIRE(digest_in_pieces(git_blob_hash(text.size()), text, step) == blob);
    }
}

TEST_CASE("a running digest can be moved") {
    sha256 first;
    first.update(as_bytes("hel"));
    sha256 second = std::move(first);
    second.update(as_bytes("lo\n"));
    first = sha256();
    CHECK(second.finish() == sha256::of(as_bytes("hello\n")));
    CHECK(first.finish() == sha256::of({}));
}
