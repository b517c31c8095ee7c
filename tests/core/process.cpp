#include <hubpush/core/process.hpp>

#include "catch.hpp"
#include "child_process.hpp"

using namespace hubpush;

TEST_CASE("an object knows that it is not in the process that made it", "[fork]") {
    const detail::birthplace here;
    CHECK_FALSE(here.forked());
    CHECK(hubpush_test::holds_in_child([&] { return here.forked() && !detail::birthplace().forked(); }));
}
