#include <hubpush/hub/environment.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <cstdlib>
#include <fstream>

#include <sys/stat.h>

using namespace hubpush;

TEST_CASE("the process environment reads variables and small regular files only") {
    const hubpush_test::temporary_folder folder;
    const std::string base = folder.path().string();
    const auto environment = process_environment();
    ::setenv("HUBPUSH_TEST_VARIABLE", "value", 1);
    CHECK(environment->get("HUBPUSH_TEST_VARIABLE") == "value");
    CHECK_FALSE(environment->get("HUBPUSH_TEST_VARIABLE_THAT_IS_NOT_SET"));
    CHECK(environment->home());

    std::ofstream(base + "/token") << "hf_x\n";
    std::ofstream(base + "/large") << std::string(64 * 1024 + 1, 'x');
    std::ofstream(base + "/limit") << std::string(64 * 1024, 'x');
    REQUIRE(::mkfifo((base + "/pipe").c_str(), 0600) == 0);
    CHECK(environment->read_file(base + "/token") == "hf_x\n");
    CHECK(environment->read_file(base + "/limit")->size() == 64 * 1024);
    CHECK_FALSE(environment->read_file(base + "/large"));
    CHECK_FALSE(environment->read_file(base + "/pipe"));
    CHECK_FALSE(environment->read_file(base));
    CHECK_FALSE(environment->read_file(base + "/missing"));
}
