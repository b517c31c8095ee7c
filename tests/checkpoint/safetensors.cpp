#include <hubpush/checkpoint/safetensors.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <sys/resource.h>
#include <csignal>
#include <fstream>
#include <iterator>

// The expected files are those of spec/checkpoints.md §2.8 (AC-ST-01 to AC-ST-09); they and the ones without such a
// number were compared with what safetensors 0.8.0 for Python writes.

namespace {

using hubpush::dtype;
using hubpush::tensor_view;
using tensors = std::vector<tensor_view>;
namespace fs = std::filesystem;
using hubpush_test::temporary_folder;

std::size_t entries(const temporary_folder& folder) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

std::string content(std::istream&& in) { return {std::istreambuf_iterator<char>(in), {}}; }
std::string content(const fs::path& path) { return content(std::ifstream(path, std::ios::binary)); }

std::string written(const tensors& all, const std::optional<hubpush::safetensors_metadata>& metadata = std::nullopt) {
    temporary_folder folder;
    hubpush::write_safetensors(folder.path() / "out", all, metadata);
    REQUIRE(entries(folder) == 1);
    return content(folder.path() / "out");
}

/// A file of the format whose header is `json` (with its padding) and whose data is given in hexadecimal.
std::string file(unsigned char header_length, std::string_view json, std::string_view data = "") {
    REQUIRE(json.size() == header_length);
    const auto bytes = hubpush::from_hex(data).value();
    std::string result(8, '\0');
    result[0] = static_cast<char>(header_length);
    result.append(json).append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return result;
}

std::vector<std::byte> hex(std::string_view text) { return hubpush::from_hex(text).value(); }

std::string refusal(const tensors& all) {
    const temporary_folder folder;
    try {
        hubpush::write_safetensors(folder.path() / "out", all);
    } catch (const hubpush::invalid_argument& e) {
        CHECK(entries(folder) == 0);
        return e.what();
    }
    return "written";
}

const auto one_byte = hex("01");
const auto floats = hex("000000000000803f0000004000004040000080400000a040");

}  // namespace

TEST_CASE("A safetensors file without tensors is sixteen bytes") {
    CHECK(written({}) == file(8, "{}      "));
    CHECK(written({}, {{{"framework", "pt"}}}) == file(40, R"({"__metadata__":{"framework":"pt"}}     )"));
}

TEST_CASE("The safetensors header is compact and padded to eight bytes") {
    CHECK(written({{"attn.0", dtype::f32, {1, 2, 3}, floats}}) ==
          file(64, R"({"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}})",
               "000000000000803f0000004000004040000080400000a040"));
    CHECK(written({{"attn0", dtype::f32, {1, 1, 2, 3}, floats}}) ==
          file(72, R"({"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       )",
               "000000000000803f0000004000004040000080400000a040"));
    CHECK(written({{"attn.0", dtype::f4, {1, 2}, hex("00")}}) ==
          file(64, R"({"attn.0":{"dtype":"F4","shape":[1,2],"data_offsets":[0,1]}}    )", "00"));
}

TEST_CASE("Tensors are ordered by alignment and then by name") {
    const auto a = hex("0000803f00000040"), b = hex("0700000000000000"), c = hex("803f00404040"), z = hex("00004040");
    const std::string out = written(
        {{"a", dtype::f32, {2}, a}, {"b", dtype::i64, {1}, b}, {"c", dtype::bf16, {3}, c}, {"z", dtype::f32, {}, z}},
        {{{"format", "pt"}}});
    CHECK(out.size() == 290);
    CHECK(hubpush::to_hex(hubpush::sha256::of(hubpush::as_bytes(out))) ==
          "0554a70ae49f0860fc79a6572a6527f4b2e944ab273ee7d7bf04bd43d521f0f9");
}

TEST_CASE("Every dtype has the name and the rank of the reference") {
    tensors all;
    for (char i = 0; i < 22; ++i) {
        const std::string name(1, static_cast<char>('a' + i));
        all.push_back(tensor_view(name, static_cast<dtype>(i), {0}, {}));
    }
    std::string order, out = written(all);
    for (std::size_t at = 0; (at = out.find("\"dtype\":\"", at)) != std::string::npos;) {
        at += 9;
        order += out.substr(at, out.find('"', at) - at) + ' ';
    }
    CHECK(order ==
          "U64 I64 F64 C64 F32 U32 I32 BF16 F16 U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3 F8_E5M2 I8 U8 F6_E3M2 "
          "F6_E2M3 "
          "F4 BOOL ");
}

TEST_CASE("Names are UTF-8 and only what JSON demands is escaped") {
    const auto two = hex("02");
    CHECK(written({{"权重", dtype::u8, {1}, one_byte}, {"q\"\\\n", dtype::u8, {1}, two}}) ==
          file(120,
               R"({"q\"\\\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
               R"("权重":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}    )",
               "0201"));
    CHECK(written({{"\x01/\x7f\b\t\f\r", dtype::u8, {1}, one_byte}}, {{{"k\x1f", "v\n"}}}) ==
          file(104,
               R"({"__metadata__":{"k\u001f":"v\n"},"\u0001/)"
               "\x7f"
               R"(\b\t\f\r":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}   )",
               "01"));
}

TEST_CASE("Metadata comes first, also when it is empty, in the order of its keys") {
    CHECK(written({{"a", dtype::u8, {1}, one_byte}}, hubpush::safetensors_metadata{}) ==
          file(72, R"({"__metadata__":{},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} )", "01"));
    CHECK(written({}, {{{"b", "2"}, {"a", "1"}}}) == file(40, R"({"__metadata__":{"a":"1","b":"2"}}      )"));
}

TEST_CASE("Scalars and zero dimensions are legal") {
    const auto scalar = hex("01020304");
    CHECK(written({{"e", dtype::i32, {2, 0}, {}}, {"s", dtype::i32, {}, scalar}}) ==
          file(112,
               R"({"e":{"dtype":"I32","shape":[2,0],"data_offsets":[0,0]},)"
               R"("s":{"dtype":"I32","shape":[],"data_offsets":[0,4]}}    )",
               "01020304"));
}

TEST_CASE("What the format cannot hold is refused before anything is written") {
    using Catch::Matchers::Contains;
    CHECK_THAT(refusal({{"a", dtype::u8, {1}, one_byte}, {"a", dtype::i8, {1}, one_byte}}),
               Contains("\"a\" occurs twice"));
    CHECK_THAT(refusal({{"__metadata__", dtype::u8, {1}, one_byte}}), Contains("keeps for itself"));
    CHECK_THAT(refusal({{"a", dtype::i32, {2}, one_byte}}), Contains("has 1 bytes where its dtype and shape make 8"));
    CHECK_THAT(refusal({{"a", dtype::f4, {1, 3}, one_byte}}), Contains("byte boundary"));
    CHECK_THAT(refusal({{"a", dtype::i32, {2, 18446744073709551614U}, one_byte}}), Contains("overflows"));
    CHECK_THAT(refusal({{"a", dtype::u8, {1ULL << 61}, one_byte}}), Contains("overflows"));
    CHECK_THAT(refusal({{"a", dtype::u8, {1ULL << 63, 2, 0}, {}}}), Contains("overflows"));
}

TEST_CASE("Only well-formed UTF-8 is written") {
    const char* bad = GENERATE("\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                               "\xf4\x90\x80\x80", "\xf5", "\xe6\x9d", "a\xff", "\xf1\x80\x80");
    CHECK(refusal({{bad, dtype::u8, {1}, one_byte}}) == "a safetensors name or metadata text is not UTF-8");
    const char* good = GENERATE("\x7f", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
                                "\xf4\x8f\xbf\xbf");
    CHECK(refusal({{good, dtype::u8, {1}, one_byte}}) == "written");
}

TEST_CASE("A header over the limit of the format is refused") {
    CHECK(hubpush::detail::safetensors_header({}, std::nullopt, 8).size() == 16);
    CHECK_THROWS_AS(hubpush::detail::safetensors_header({}, std::nullopt, 7), hubpush::invalid_argument);
}

TEST_CASE("A reader of the old file is not disturbed by a new one") {
    temporary_folder folder;
    hubpush::write_safetensors(folder.path() / "out", tensors{});
    std::ifstream reader(folder.path() / "out", std::ios::binary);
    hubpush::write_safetensors(folder.path() / "out", tensors{{"a", dtype::u8, {1}, one_byte}});
    CHECK(content(std::move(reader)).size() == 16);
    CHECK(content(folder.path() / "out").size() == 65);
}

TEST_CASE("A refused write leaves the folder as it was") {
    temporary_folder folder;
    const auto code = [&](const fs::path& path) {
        try {
            hubpush::write_safetensors(path, tensors{{"a", dtype::f32, {1, 2, 3}, floats}});
        } catch (const hubpush::error& e) {
            CHECK(e.file() == path.string());
            return e.kind();
        }
        return hubpush::errc();
    };
    SECTION("because there is no folder") {
        CHECK(code(folder.path() / "missing/out") == hubpush::errc::file_unwritable);
    }
    SECTION("because a folder has that name") {
        fs::create_directory(folder.path() / "out");
        CHECK(code(folder.path() / "out") == hubpush::errc::file_unwritable);
        CHECK(fs::is_directory(folder.path() / "out"));
        CHECK(entries(folder) == 1);
    }
    SECTION("because the disk takes no more") {
        hubpush::write_safetensors(folder.path() / "out", tensors{});
        const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
        rlimit old_limit{};
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
        const rlimit small{80, old_limit.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        const auto result = code(folder.path() / "out");
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &old_limit) == 0);
        std::signal(SIGXFSZ, old_handler);
        CHECK(result == hubpush::errc::file_unwritable);
        CHECK(content(folder.path() / "out").size() == 16);
        CHECK(entries(folder) == 1);
    }
}
