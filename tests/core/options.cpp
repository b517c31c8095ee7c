#include <hubpush/core/options.hpp>

#include "catch.hpp"

using namespace hubpush;

namespace {

struct depth {
    int value = 1;
};
struct name {
    int value = 2;
};
enum class kind { plain, other };

struct narrow_call {
    using takes = option_set<depth, kind>;
};
struct wide_call {
    using takes = option_set<name, kind, depth>;
};

}  // namespace

TEST_CASE("options are found whatever their order, an enumeration is one too") {
    const auto given = detail::collect_options<wide_call>(kind::other, depth{7});
    CHECK(given.get<depth>()->value == 7);
    CHECK(given.get<kind>() == kind::other);
    CHECK_FALSE(given.get<name>());
    CHECK(given.get_or_default<name>().value == 2);
    CHECK(wide_call::takes().get_or_default<kind>() == kind::plain);
}

TEST_CASE("a set takes from another what it accepts and leaves the rest as it is") {
    narrow_call::takes part;
    part.put(depth{5});
    part.put_from(detail::collect_options<wide_call>(name{9}, kind::other));
    CHECK(part.get<depth>()->value == 5);
    CHECK(part.get<kind>() == kind::other);
    part.put_from(detail::collect_options<wide_call>(depth{6}));
    CHECK(part.get<depth>()->value == 6);
    CHECK(part.get<kind>() == kind::other);
}
