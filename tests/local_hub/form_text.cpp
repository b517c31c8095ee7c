#include <hubpush/local_hub/form_text.hpp>

#include "catch.hpp"

using namespace hubpush::detail;

TEST_CASE("forms are decoded", "[form_text]") {
    const form_fields form("paths=a%20b&paths=c+d&expand=True&&empty=&bad=%zz&limit=12");
    CHECK(form.all("paths") == std::vector<std::string>{"a b", "c d"});
    CHECK(form.flag("expand"));
    CHECK_FALSE(form.flag("empty"));
    CHECK(form.first("empty") == "");
    CHECK_FALSE(form.first("missing"));
    CHECK(form.first("bad") == "%zz");
    CHECK(form.number("limit", 5, 1, 100) == 12);
    CHECK(form.number("limit", 5, 1, 10) == 10);
    CHECK(form.number("bad", 5, 1, 10) == 5);
}

TEST_CASE("paths are split before they are decoded", "[form_text]") {
    const auto segments = path_segments("/api/models/a/b/tree/refs%2Fpr%2F1/x/y");
    REQUIRE(segments);
    CHECK(segments->size() == 8);
    CHECK((*segments)[5] == "refs/pr/1");
    CHECK(join_segments(*segments, 6) == "x/y");
    CHECK(join_segments(*segments, 9) == "");
    CHECK_FALSE(path_segments("/a/%"));
}
