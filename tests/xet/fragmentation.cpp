#include <hubpush/xet/fragmentation.hpp>

#include "catch.hpp"

using hubpush::fragmentation_control;

namespace {

fragmentation_control after_terms(std::size_t terms, std::size_t chunks) {
    fragmentation_control control;
    for (std::size_t i = 0; i != terms; ++i) control.start_term(chunks);
    return control;
}

}  // namespace

TEST_CASE("the first 128 terms may be as short as they like") {
    CHECK(after_terms(127, 1).allows(1));
    CHECK(fragmentation_control().allows(1));
}

TEST_CASE("below 4 chunks a term on average, runs shorter than the average are refused") {
    CHECK_FALSE(after_terms(128, 3).allows(2));
    CHECK(after_terms(128, 3).allows(3));
    CHECK(after_terms(128, 4).allows(1));
    CHECK(after_terms(128, 1).allows(1));
}

TEST_CASE("once a run was refused the average has to reach 8") {
    fragmentation_control control = after_terms(128, 3);
    CHECK_FALSE(control.allows(1));
    for (int i = 0; i != 128; ++i) control.start_term(7);
    CHECK_FALSE(control.allows(6));
    CHECK(control.allows(7));
    for (int i = 0; i != 128; ++i) control.start_term(8);
    CHECK(control.allows(1));
    for (int i = 0; i != 128; ++i) control.start_term(5);
    CHECK(control.allows(1));
}

TEST_CASE("only the last 128 terms count, and extending one counts") {
    fragmentation_control control = after_terms(128, 3);
    CHECK_FALSE(after_terms(128, 3).allows(2));
    control.extend_term(128);
    CHECK(control.allows(2));
    for (int i = 0; i != 127; ++i) control.start_term(3);
    CHECK(control.allows(2));
    control.start_term(3);
    CHECK_FALSE(control.allows(2));
}
