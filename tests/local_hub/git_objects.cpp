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
    for (const std::string invisible : {"\u200c", "\u200f", "\u202a", "\u202e", "\u206a", "\u206f", "\ufeff"}) {
        INFO(invisible);
        CHECK_FALSE(is_git_path(invisible + ".git"));
        CHECK_FALSE(is_git_path("a/.G" + invisible + invisible + "it/b"));
        CHECK_FALSE(is_git_path(".git" + invisible));
        CHECK(is_git_path(".gi" + invisible));
    }
    for (const std::string visible : {"\u200b", "\u2010", "\u202f", "\u2070", "\xe2"}) {
        INFO(visible);
        CHECK(is_git_path(visible + ".git"));
    }
}
