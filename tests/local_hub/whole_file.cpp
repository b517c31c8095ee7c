#include <hubpush/local_hub/whole_file.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <hubpush/core/error.hpp>

#include <iterator>

using namespace hubpush::detail;
using hubpush_test::temporary_folder;

TEST_CASE("a file is replaced as a whole, also in a folder that is missing", "[whole_file]") {
    const temporary_folder folder;
    const auto path = folder.path() / "new" / "file.json";
    CHECK(read_whole_file(path).empty());
    replace_whole_file(path, "first and longer");
    replace_whole_file(path, "second\n");
    CHECK(read_whole_file(path) == "second\n");
    const std::filesystem::directory_iterator files(path.parent_path());
    CHECK(std::distance(files, std::filesystem::directory_iterator()) == 1);
}

TEST_CASE("a file that cannot be written is an error", "[whole_file]") {
    const temporary_folder folder;
    const auto in_the_way = folder.write("file", "x");
    CHECK_THROWS_AS(replace_whole_file(in_the_way / "below", "y"), hubpush::error);
    CHECK(read_whole_file(in_the_way) == "x");
    CHECK_THROWS_AS(replace_whole_file(folder.path() / "deleted" / "folder" / "file", "y"), hubpush::error);
    CHECK_FALSE(std::filesystem::exists(folder.path() / "deleted"));
}
