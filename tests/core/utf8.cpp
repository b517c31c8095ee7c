#include <hubpush/core/utf8.hpp>

#include "catch.hpp"

using hubpush::is_utf8;
using hubpush::utf8_length;

TEST_CASE("UTF-8 is told from everything else") {
    for (const char* text : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        CHECK(is_utf8(text));
    }
    for (const char* text : {"\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3(", "\xc2\xc2"}) {
        CHECK_FALSE(is_utf8(text));
    }
}
