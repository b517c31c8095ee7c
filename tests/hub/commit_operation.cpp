#include <hubpush/hub/commit_operation.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

using namespace hubpush;

TEST_CASE("operations hold normalized paths and checked hashes") {
    CHECK(commit_operation::add_lfs("/a/b", std::string(64, '0'), 5).path() == "a/b");
    CHECK(commit_operation::remove_folder("ckpt/").path() == "ckpt");
    CHECK(commit_operation::remove_folder("ckpt").type() == commit_operation::kind::remove_folder);
    CHECK_FALSE(commit_operation::remove_file("x").is_addition());
    CHECK(commit_operation::add_lfs("x", std::string(64, '0'), 5).is_addition());
    CHECK_THROWS_AS(commit_operation::add_lfs("x", std::string(40, '0'), 5), invalid_argument);
    CHECK_THROWS_AS(commit_operation::add_lfs("x", std::string(64, 'F'), 5), invalid_argument);
    CHECK_THROWS_AS(commit_operation::remove_file("../x"), invalid_argument);
    CHECK_THROWS_AS(commit_operation::remove_folder("a//"), invalid_argument);
}

TEST_CASE("a commit needs a message that is text") {
    CHECK(commit_header("m", "d").details() == "d");
    for (const char* bad : {"", " \n", "\xff"}) CHECK_THROWS_AS(commit_header(bad), invalid_argument);
    CHECK_THROWS_AS(commit_header("m", "\xff"), invalid_argument);
    CHECK_THROWS_AS(commit_header(std::string(64 * 1024 + 1, 'm')), invalid_argument);
    CHECK_THROWS_AS(commit_header("m").parent("xyz"), invalid_argument);
    CHECK(commit_header("m").parent("abcde").parent() == "abcde");
}

TEST_CASE("one commit takes 25,000 large files and 1 GB in regular ones, and not one more") {
    CHECK_NOTHROW(check_commit_limits(25'000, 1'000'000'000));
    for (const auto& [files, bytes] : {std::pair<std::size_t, std::uint64_t>(25'001, 0), {0, 1'000'000'001}}) {
        try {
            check_commit_limits(files, bytes);
            FAIL("accepted");
        } catch (const error& failure) {
            CHECK(failure.kind() == errc::limit_exceeded);
            CHECK_FALSE(failure.retryable());
            CHECK_FALSE(failure.reached_server());
        }
    }
}
