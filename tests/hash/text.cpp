#include <hubpush/hash/text.hpp>

#include <hubpush/hash/digest.hpp>

#include "catch.hpp"

#include <algorithm>
#include <string>
#include <vector>

using hubpush::as_bytes;
using hubpush::from_base64;
using hubpush::from_hex;
using hubpush::is_hex;
using hubpush::to_base64;
using hubpush::to_hex;

namespace {

std::vector<std::byte> bytes_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

std::vector<std::byte> counted_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 37 + size);
    return bytes;
}

}  // namespace

TEST_CASE("hexadecimal is lower case, two digits a byte") {
    CHECK(to_hex({}) == "");
    CHECK(to_hex(as_bytes(std::string_view("\x00\x0f\xf0\xff\x9a", 5))) == "000ff0ff9a");
    CHECK(from_hex("") == std::vector<std::byte>());
    CHECK(from_hex("000ff0FF9a") == bytes_of(std::string_view("\x00\x0f\xf0\xff\x9a", 5)));
    for (const char* wrong : {"0", "abc", "0g", "g0", " 0", "0x", "-1", "/0", ":0", "@0", "G0", "`0"}) {
        CAPTURE(wrong);
        CHECK_FALSE(from_hex(wrong));
    }
}

TEST_CASE("an object id has the right length and lower-case digits only") {
    CHECK(is_hex("0123456789abcdef", 16));
    CHECK(is_hex("", 0));
    CHECK_FALSE(is_hex("0123456789abcdef", 15));
    CHECK_FALSE(is_hex("0123456789ABCDEF", 16));
    CHECK_FALSE(is_hex("0123456789abcdeg", 16));
    CHECK_FALSE(is_hex("", 64));
}

TEST_CASE("base64 gives the answers of RFC 4648") {
    const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                      {"f", "Zg=="},
                                                                      {"fo", "Zm8="},
                                                                      {"foo", "Zm9v"},
                                                                      {"foob", "Zm9vYg=="},
                                                                      {"fooba", "Zm9vYmE="},
                                                                      {"foobar", "Zm9vYmFy"},
                                                                      {"\xfb\xff\xbf", "+/+/"}};
    for (const auto& [plain, encoded] : vectors) {
        CAPTURE(plain);
        CHECK(to_base64(as_bytes(plain)) == encoded);
        CHECK(from_base64(encoded) == bytes_of(plain));
        CHECK(hubpush::base64_size(plain.size()) == encoded.size());
    }
}

TEST_CASE("base64 text has exactly one spelling") {
    for (const char* wrong :
         {"Z",      "Zg",    "Zg=",  "Zg===", "====", "=",    "Z===", "Zm9v=",    "Zg==Zg==",       "Z=g=",
          "Zm9v\n", "Zm 9v", " Zm9", "Zm9-",  "Zm9_", "Zh==", "Zm9=", "Zm9v====", "Zm9v\xc3\xa9==", "Zg=a"}) {
        CAPTURE(wrong);
        CHECK_FALSE(from_base64(wrong));
    }
    CHECK_FALSE(from_base64(std::string_view("Zg\0=", 4)));
}

TEST_CASE("base64 round trip for every length") {
    for (std::size_t size = 0; size < 200; ++size) {
        const std::vector<std::byte> bytes = counted_bytes(size);
        REQUIRE(from_base64(to_base64(bytes)) == bytes);
    }
}

TEST_CASE("content in the tail of a buffer is encoded in place") {
    for (std::size_t size = 0; size < 400; ++size) {
        const std::vector<std::byte> bytes = counted_bytes(size);
        std::vector<std::byte> buffer(hubpush::base64_size(size));
        const std::span<std::byte> tail = std::span(buffer).last(size);
        std::copy(bytes.begin(), bytes.end(), tail.begin());
        hubpush::encode_base64(tail, buffer);
        REQUIRE(buffer == bytes_of(to_base64(bytes)));
    }
}
