#include <hubpush/cli/serve.hpp>

#include "catch.hpp"

using namespace hubpush;

TEST_CASE("what serves for ever remembers no request", "[serve]") {
    serve_options options;
    options.folder = "hub";
    options.port = 8080;
    const local_hub_options setup = detail::hub_of(options);
    CHECK(setup.remembered_requests() == 0);
    CHECK(setup.folder() == "hub");
    CHECK(setup.port() == 8080);
    CHECK(setup.tokens().empty());
}
