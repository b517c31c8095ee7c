#include <hubpush/hub/repo_id.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>
#include <hubpush/net/url.hpp>

#include <cctype>
#include <random>
#include <string>
#include <vector>

using namespace hubpush;

namespace {

/// The parts between `separators`, empty ones too.
std::vector<std::string> parts_of(const std::string& path, const std::string& separators) {
    std::vector<std::string> parts(1);
    for (const char byte : path) {
        if (separators.find(byte) != std::string::npos) {
            parts.emplace_back();
        } else {
            parts.back() += byte;
        }
    }
    return parts;
}

/// Whether a path, written below some folder, stays there on a system whose parts are separated like this. Windows also
/// drops dots and blanks at the end of a part, knows drives, and takes a leading separator for another root.
bool stays_below(const std::string& path, bool windows) {
    const bool letter = !path.empty() && std::isalpha(static_cast<unsigned char>(path[0])) != 0;
    if (windows && letter && path.substr(1, 1) == ":") return false;
    int depth = 0;
    for (const std::string& part : parts_of(path, windows ? "/\\" : "/")) {
        if (part.empty()) return false;
        const std::string::size_type end = windows ? part.find_last_not_of(' ') + 1 : part.size();
        const std::string name = part.substr(0, end);
        if (name.empty() || name == "." || name == "..") return false;
        if (windows && name.find_first_not_of(". ") == std::string::npos && name.find(' ') != std::string::npos)
            return false;
        ++depth;
    }
    return depth > 0;
}

/// The bytes that percent-encoding stands for, decoded once.
std::string decoded(const std::string& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
        } else {
            result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    }
    return result;
}

bool accepts(void (*check)(std::string_view), const std::string& text) {
    try {
        check(text);
    } catch (const invalid_argument&) {
        return false;
    }
    return true;
}

void check_path(std::string_view path) { static_cast<void>(normalize_path_in_repo(path)); }

}  // namespace

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

TEST_CASE("what git takes for its own folder on some system is refused") {
    for (const char* path :
         {"a/.git ", "a/.git.", "a/.git . .", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1/x", "a/git~1.",
          ".g\u200cit", "\u202a.git", ".git\ufeff", ".\u206fGi\u200ft", "\u200e.git/config"}) {
        CAPTURE(path);
        CHECK_THROWS_AS(normalize_path_in_repo(path), invalid_argument);
    }
    for (const char* path : {".gitt", "git", "git~2", "x.git", ".git~1", ".git-x", ".g it", "git~1x", ".gitignore:x",
                             ".g\u2010it", "\u2020.git"}) {
        CAPTURE(path);
        CHECK_NOTHROW(normalize_path_in_repo(path));
    }
}

TEST_CASE("parts of dots and blanks alone are refused, blanks and dots at the end of a name are not") {
    for (const char* path : {" ", "a/ ", ".. ", "a/.. /b", ". ", " ..", ". .", "a/ . /b", "..  "}) {
        CAPTURE(path);
        CHECK_THROWS_AS(normalize_path_in_repo(path), invalid_argument);
    }
    for (const char* path : {"...", "a.", "a ", " a", "a/b. ", "..a", "-a", "a/...."}) {
        CAPTURE(path);
        CHECK(normalize_path_in_repo(path) == path);
    }
}

TEST_CASE("no accepted path leaves its folder, by the rules of POSIX and by those of Windows") {
    const std::string alphabet = "..//\\  ::aC~gitGIT\x01\x7f";
    std::mt19937 random(7);
    std::size_t accepted = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string path;
        for (std::size_t length = random() % 9; path.size() < length;) path += alphabet[random() % alphabet.size()];
        if (!accepts(check_path, path)) continue;
        ++accepted;
        const std::string normal = normalize_path_in_repo(path);
        CAPTURE(path);
        const bool safe = stays_below(normal, false) && stays_below(normal, true);
        if (!safe || normalize_path_in_repo(normal) != normal) FAIL("leaves its folder");
    }
    CHECK(accepted > 10'000);
}

TEST_CASE("any byte in a name is refused, or stands in a URL percent-encoded exactly once") {
    for (int value = 0; value < 256; ++value) {
        const std::string name = std::string("a") + static_cast<char>(value) + "b";
        CAPTURE(value);
        if (accepts(check_repo_id, name)) CHECK(name == repository(name).api_path().substr(12));
        for (const auto check : {check_revision, check_path}) {
            if (!accepts(check, name)) continue;
            const std::string escaped = escape_segment(name);
            CHECK(escaped.find_first_of(std::string(" \"<>\\^`{|}?#/\r\n\t\0", 17)) == std::string::npos);
            CHECK(url::parse("https://hub.test/" + escaped + "/x")->target() == "/" + escaped + "/x");
            CHECK(decoded(escaped) == name);
        }
    }
}

TEST_CASE("a normalized path stays as it is") {
    for (const char* path : {"/a/b", "./a", "x"}) {
        const std::string once = normalize_path_in_repo(path);
        CHECK(normalize_path_in_repo(once) == once);
    }
}
