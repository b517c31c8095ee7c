#include <hubpush/local_hub/git_objects.hpp>

#include "catch.hpp"

#include <string>

using namespace hubpush;

TEST_CASE("ref names follow git's rules and never look like an option or revision syntax", "[git_objects]") {
    for (const char* good : {"main", "feature/x", "v1.0", "a-b_c", "\xc3\xa9", "x@y", "HEAD", "pr/1"}) {
        INFO(good);
        CHECK(is_ref_name(good));
    }
    for (const char* bad :
         {"",   "-x",   "a..b",   "a b",      "a~1", "a^",   "a:b", "a?",    "a*", "a[b",          "a\\b", "/a",
          "a/", "a//b", "a.lock", "a.lock/b", ".a",  "a/.b", "a.",  "a@{1}", "@",  "refs/heads/a", "a\nb", "a\x7f"}) {
        INFO(bad);
        CHECK_FALSE(is_ref_name(bad));
    }
    CHECK_FALSE(is_ref_name(std::string(201, 'a')));
}

TEST_CASE("paths that git would refuse in a tree are refused", "[git_objects]") {
    for (const char* good :
         {"a", "a/b", ".gitattributes", "a b", "-x", "\"q\"", ".gitx", "x.git", "git", "..a", "a:b"}) {
        INFO(good);
        CHECK(is_git_path(good));
    }
    for (const char* bad :
         {"", "/a", "a/", "a//b", ".", "..", "a/../b", ".git", ".GIT/x", "a/.git", "git~1", ".git. ", ".git::$DATA"}) {
        INFO(bad);
        CHECK_FALSE(is_git_path(bad));
    }
    CHECK_FALSE(is_git_path(std::string("a\0b", 3)));
}
