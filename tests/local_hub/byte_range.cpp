#include <hubpush/local_hub/byte_range.hpp>

#include "catch.hpp"

#include <string>

namespace {

/// Status, offset and length of a range of ten bytes.
std::string range_of(const std::string& text) {
    hubpush::detail::request_head request;
    if (!text.empty()) request.fields.emplace_back("Range", text);
    const hubpush::detail::byte_range range(request, 10);
    return std::to_string(range.status()) + " " + std::to_string(range.offset()) + "+" + std::to_string(range.length());
}

}  // namespace

TEST_CASE("a range is a part of the content, and what is no range is ignored", "[byte_range]") {
    CHECK(range_of("") == "200 0+10");
    CHECK(range_of("bytes=0-0") == "206 0+1");
    CHECK(range_of("bytes=2-5") == "206 2+4");
    CHECK(range_of("bytes=2-") == "206 2+8");
    CHECK(range_of("bytes=2-99") == "206 2+8");
    CHECK(range_of("bytes=-3") == "206 7+3");
    CHECK(range_of("bytes=-99") == "206 0+10");
    CHECK(range_of("bytes=10-").substr(0, 3) == "416");
    CHECK(range_of("bytes=-0").substr(0, 3) == "416");
    for (const std::string odd : {"bytes=5-2", "bytes=a-b", "bytes=", "bytes=1-2,4-5", "lines=1-2", "bytes=--1"}) {
        CAPTURE(odd);
        CHECK(range_of(odd) == "200 0+10");
    }
}

TEST_CASE("the first byte of an empty content is answered with all there is", "[byte_range]") {
    hubpush::detail::request_head request;
    request.fields.emplace_back("range", "bytes=0-0");
    const hubpush::detail::byte_range all(request, 0);
    CHECK(all.status() == 200);
    CHECK(hubpush::detail::find_field(all.fields(), "content-range") == "bytes */0");
    request.fields.back().second = "bytes=1-";
    CHECK(hubpush::detail::byte_range(request, 0).status() == 416);
}

TEST_CASE("the fields of an answer say what part it is", "[byte_range]") {
    hubpush::detail::request_head request;
    request.fields.emplace_back("range", "bytes=2-5");
    const auto fields = hubpush::detail::byte_range(request, 10).fields();
    CHECK(hubpush::detail::find_field(fields, "content-range") == "bytes 2-5/10");
    CHECK(hubpush::detail::find_field(fields, "content-length") == "4");
    CHECK(hubpush::detail::find_field(fields, "accept-ranges") == "bytes");
}
