#include <hubpush/hub/repo_id.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

using namespace hubpush;

TEST_CASE("repository ids follow the Hub's rules") {
    for (const char* id : {"a", "user/name", "user/na.me-1", "123_ok", "A_b/c.d", "a-b.c_d"}) {
        CAPTURE(id);
        CHECK_NOTHROW(check_repo_id(id));
    }
    CHECK_NOTHROW(check_repo_id(std::string(96, 'a') + "/" + std::string(96, 'b')));
    for (const char* id :
         {"",   "a--b", ".hidden", "name.", "-x",       "x-",    "a/b/c", "datasets/a/b", "foo.git", "a/",
          "/a", "a b",  "a..b",    "a/b\n", "\xc3\xa9", "a/b?c", "a%2Fb", "a\\b",         "a/.b",    "a./b"}) {
        CAPTURE(id);
        CHECK_THROWS_AS(check_repo_id(id), invalid_argument);
    }
    CHECK_THROWS_AS(check_repo_id(std::string(97, 'a')), invalid_argument);
    CHECK_THROWS_AS(check_repo_id(std::string("a/b\0c", 5)), invalid_argument);
}

TEST_CASE("a repository knows its paths") {
    const repository model("acme/run-42");
    CHECK(model.api_path() == "/api/models/acme/run-42");
    CHECK(model.page_path() == "/acme/run-42");
    CHECK(model.git_path() == "/acme/run-42.git");
    CHECK(model.owner() == "acme");
    CHECK(model.name() == "run-42");
    CHECK(repository("corpus", repo_type::dataset).git_path() == "/datasets/corpus.git");
    CHECK(repository("corpus", repo_type::dataset).owner().empty());
    CHECK(repository("corpus", repo_type::dataset).name() == "corpus");
    CHECK(repository("a/b", repo_type::space).page_path() == "/spaces/a/b");
    CHECK(repository("a/b", repo_type::kernel).api_path() == "/api/kernels/a/b");
    CHECK(singular(repo_type::space) == "space");
}

TEST_CASE("revisions are what git allows as names") {
    for (const char* text :
         {"main", "refs/pr/3", "feature/x", "v1.0", "1111111111111111111111111111111111111111", "\xc3\xa9t\xc3\xa9"}) {
        CAPTURE(text);
        CHECK_NOTHROW(check_revision(text));
    }
    for (const char* text : {"",   ".",   "..", "a..b", "a/../b", "/a",   "a/",    "a//b", ".a", "a/.b", "a b", "a~1",
                             "a^", "a:b", "a?", "a*",   "a[",     "a\\b", "a@{1}", "a\n",  "-a", "a.",   "\xff"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(check_revision(text), invalid_argument);
    }
}

TEST_CASE("parent commits are 5 to 40 hexadecimal digits") {
    CHECK_NOTHROW(check_parent_commit("abcDE"));
    CHECK_NOTHROW(check_parent_commit(std::string(40, 'f')));
    for (const std::string& text : {std::string("abcd"), std::string(41, 'f'), std::string("abcdg"), std::string()}) {
        CHECK_THROWS_AS(check_parent_commit(text), invalid_argument);
    }
}

TEST_CASE("paths in a repository are brought into one form") {
    CHECK(normalize_path_in_repo("a/b.txt") == "a/b.txt");
    CHECK(normalize_path_in_repo("/a/b") == "a/b");
    CHECK(normalize_path_in_repo("./a") == "a");
    CHECK(normalize_path_in_repo("/./a") == "a");
    CHECK(normalize_path_in_repo("a b/\xc3\xa9.txt") == "a b/\xc3\xa9.txt");
    CHECK(normalize_path_in_repo(".gitattributes") == ".gitattributes");
    CHECK(normalize_path_in_repo("...") == "...");
    CHECK(normalize_path_in_repo(".cached/x") == ".cached/x");
}

TEST_CASE("paths that could leave the repository or hide in it are refused, with the reason") {
    for (const char* path : {"",
                             "/",
                             ".",
                             "./",
                             "..",
                             "a/..",
                             "a/../b",
                             "../a",
                             "//a",
                             "a//b",
                             "a/",
                             "a/./b",
                             ".git/config",
                             "a/.git/x",
                             ".GIT/x",
                             "a/.Git",
                             ".cache/huggingface/x",
                             "a/.cache",
                             "a\\b",
                             "C:/x",
                             "c:x",
                             "\\\\host\\share",
                             "a\nb",
                             "a\x7f",
                             "a\x01",
                             "\xff",
                             "\xc0\xaf",
                             "\xed\xa0\x80",
                             "././a"}) {
        CAPTURE(path);
        try {
            normalize_path_in_repo(path);
            FAIL("accepted");
        } catch (const invalid_argument& failure) {
            CHECK(std::string(failure.what()).find("the path in the repository") != std::string::npos);
        }
    }
    CHECK_THROWS_AS(normalize_path_in_repo(std::string("a\0b", 3)), invalid_argument);
    CHECK_THROWS_AS(normalize_path_in_repo(std::string(256, 'a')), invalid_argument);
    CHECK_NOTHROW(normalize_path_in_repo(std::string(255, 'a')));
    std::string deep;
    for (int i = 0; i < 2049; ++i) deep += "a/";
    CHECK_THROWS_AS(normalize_path_in_repo(deep + "a"), invalid_argument);
}

TEST_CASE("a normalized path stays as it is") {
    for (const char* path : {"/a/b", "./a", "x"}) {
        const std::string once = normalize_path_in_repo(path);
        CHECK(normalize_path_in_repo(once) == once);
    }
}
