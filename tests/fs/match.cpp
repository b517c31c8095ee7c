#include <hubpush/fs/match.hpp>

#include "catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using hubpush::path_filter;
using hubpush::path_pattern;

namespace {

using patterns = std::vector<std::string>;

bool matches(std::string_view pattern, std::string_view path) { return path_pattern(pattern).matches(path); }

/// What `fnmatch.fnmatchcase` of Python 3.11 says of these paths: '#' is a match, in the order of the paths.
const std::vector<std::string> python_paths = {"",
                                               "a",
                                               "b",
                                               "z",
                                               "-",
                                               "!",
                                               "^",
                                               "]",
                                               "[",
                                               "[]",
                                               "[!]",
                                               "[a",
                                               "[z-a]",
                                               "a-",
                                               "ab",
                                               "ba",
                                               "a]",
                                               "]a",
                                               "-a",
                                               "/",
                                               "0",
                                               "&",
                                               "~",
                                               "|",
                                               "é",
                                               "日",
                                               "a/b",
                                               "a/b/c",
                                               "x",
                                               "a/x",
                                               "a/b/x",
                                               "x.txt",
                                               ".x.txt",
                                               "a/x.txt",
                                               "a.txt/x",
                                               "aaaaab",
                                               "aaaab",
                                               "a\nb",
                                               "A",
                                               "*",
                                               "?",
                                               "logs",
                                               "logs/x",
                                               "logs/a/b",
                                               "[a]b",
                                               "data/a.json",
                                               "data/x/b.json",
                                               "data/a.jsonl",
                                               "😀"};
const std::vector<std::pair<std::string, std::string>> python_answers = {
    // clang-format off
    {"", "#................................................"},
    {"*", "#################################################"},
    {"?", ".########..........#######..#.........###.......#"},
    {"??", ".........#.#.######.............................."},
    {"**", "#################################################"},
    {"*?", ".################################################"},
    {"?*", ".################################################"},
    {"a", ".#..............................................."},
    {"a*", ".#...........##.#.........##.##..#####..........."},
    {"*a", ".#.........#...#.##.............................."},
    {"*b", "..#...........#...........#........###.....##...."},
    {"a*b", "..............#...........#........###..........."},
    {"a*a*b", "...................................##............"},
    {"*a*a*b", "...................................##............"},
    {"a?b", "..........................#..........#..........."},
    {"*/x", ".............................##...#.......#......"},
    {"**/x", ".............................##...#.......#......"},
    {"**/*", "...................#......##.##..##.......##.###."},
    {"*/*", "...................#......##.##..##.......##.###."},
    {"*.txt", "...............................###..............."},
    {"x.*", "...............................#................."},
    {"[]", ".........#......................................."},
    {"[!]", "..........#......................................"},
    {"[a", "...........#....................................."},
    {"[", "........#........................................"},
    {"[!", "................................................."},
    {"[]]", ".......#........................................."},
    {"[!]]", ".######.#..........#######..#.........###.......#"},
    {"[]a]", ".#.....#........................................."},
    {"[!]a]", "..#####.#..........#######..#.........###.......#"},
    {"[a]", ".#..............................................."},
    {"[!a]", "..#######..........#######..#.........###.......#"},
    {"[ab]", ".##.............................................."},
    {"[!ab]", "...######..........#######..#.........###.......#"},
    {"[a-c]", ".##.............................................."},
    {"[z-a]", "................................................."},
    {"[!z-a]", ".########..........#######..#.........###.......#"},
    {"[]-a]", ".#....##........................................."},
    {"[--0]", "....#..............##............................"},
    {"[a-]", ".#..#............................................"},
    {"[-a]", ".#..#............................................"},
    {"[!-a]", "..##.####..........#######..#.........###.......#"},
    {"[!--0]", ".###.####............#####..#.........###.......#"},
    {"[a-b-z]", ".####............................................"},
    {"[b-az]", "...#............................................."},
    {"[z-a-z]", "...##............................................"},
    {"[z-ab-z]", "..##........................#...................."},
    {"[^a]", ".#....#.........................................."},
    {"[!^a]", "..####.##..........#######..#.........###.......#"},
    {"[a^]", ".#....#.........................................."},
    {"[!!]", ".####.###..........#######..#.........###.......#"},
    {"[!!a]", "..###.###..........#######..#.........###.......#"},
    {"[[]", "........#........................................"},
    {"[[]]", ".........#......................................."},
    {"[[a]", ".#......#........................................"},
    {"[&&~|]", ".....................###........................."},
    {"[a||b]", ".##....................#........................."},
    {"[é]", "........................#........................"},
    {"[à-ü]", "........................#........................"},
    {"[一-龥]", ".........................#......................."},
    {"[!a-z]", "....#####..........#######............###.......#"},
    {"?é", "................................................."},
    {"é?", "................................................."},
    {"[*]", ".......................................#........."},
    {"[?]", "........................................#........"},
    {"[/]", "...................#............................."},
    {"a[/]b", "..........................#......................"},
    {"a[!x]b", "..........................#..........#..........."},
    {"[a]]", "................#................................"},
    {"[]]a", ".................#..............................."},
    {"[a][b]", "..............#.................................."},
    {"data/*.json", ".............................................##.."},
    {"logs/*", "..........................................##....."},
    {"A", "......................................#.........."},
    {"[A-Z]", "......................................#.........."},
    {"[😀]", "................................................#"},
    {"[!😀]", ".########..........#######..#.........###........"},
    {"*[!a]", "..#########.###.#..##############################"},
    {"[a-a]", ".#..............................................."},
    {"[0-z]", ".###..###...........#.......#.........#.#........"},
    // clang-format on
};

}  // namespace

TEST_CASE("patterns mean what they mean to Python's fnmatch") {
    for (const auto& [pattern, answers] : python_answers) {
        REQUIRE(answers.size() == python_paths.size());
        const path_pattern compiled(pattern);
        std::string ours;
        for (const std::string& path : python_paths) ours.push_back(compiled.matches(path) ? '#' : '.');
        CAPTURE(pattern);
        CHECK(ours == answers);
    }
}

TEST_CASE("the Hub's own rules about slashes hold") {
    CHECK(matches("data/*.json", "data/a.json"));
    CHECK(matches("data/*.json", "data/x/b.json"));
    CHECK(matches("*.txt", "a/b.txt"));
    CHECK(matches("logs/", "logs/x"));
    CHECK(matches("logs/", "logs/a/b"));
    CHECK_FALSE(matches("logs/", "logs"));
    CHECK(matches("**/x", "a/x"));
    CHECK(matches("**/x", "a/b/x"));
    CHECK_FALSE(matches("**/x", "x"));
    CHECK(matches("logs\\*.txt", "logs/a.txt"));
    CHECK(matches("logs\\", "logs/a.txt"));
    CHECK(matches("logs/*", "logs\\a.txt"));
    CHECK(matches("[\\]", "/"));
    CHECK(matches("/", "/x"));
    CHECK(matches("a\\/", "a//"));
    CHECK(matches(".git/*", ".git/config"));
    CHECK(path_filter().keeps(".gitignore"));
}

TEST_CASE("bytes that are not UTF-8 are one character each") {
    CHECK(matches("a?b",
                  "a\xff"
                  "b"));
    CHECK(matches("a??b",
                  "a\xc3\xc3"
                  "b"));
    CHECK(matches("a\xff*", "a\xff\xfe"));
    CHECK_FALSE(matches("a\xff", "a\xc3\xbf"));
    CHECK(matches("???", "\xed\xa0\x80"));  // a surrogate
    CHECK(matches("??", "\xc0\x80"));       // an overlong NUL
    CHECK(matches("????", "\xf4\x90\x80\x80"));
    CHECK(matches("?", "\xf4\x8f\xbf\xbf"));
    CHECK(matches("??", "\xe2\x82"));
    CHECK(matches("?", std::string_view("\0", 1)));
}

TEST_CASE("a hostile pattern costs no more than the product of the lengths") {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    CHECK_FALSE(matches(pattern + "*b", std::string(4000, 'a')));
    CHECK(matches(pattern + "*", std::string(4000, 'a')));
    CHECK_FALSE(matches(std::string(100'000, '*') + "b", std::string(100'000, 'a')));
    CHECK_FALSE(matches(std::string(2000, '['), std::string(1000, '[')));
}

TEST_CASE("an absent allow list keeps everything, an empty one nothing") {
    CHECK(path_filter().keeps("a/b"));
    CHECK(path_filter(std::nullopt, {}).keeps("a/b"));
    CHECK_FALSE(path_filter(patterns{}, {}).keeps("a/b"));
    CHECK(path_filter(patterns{"*.bin", "a/*"}, {}).keeps("a/b"));
    CHECK_FALSE(path_filter(patterns{"*.bin"}, {}).keeps("a/b"));
    CHECK_FALSE(path_filter(patterns{"a/*"}, {"*.tmp", "*/b"}).keeps("a/b"));
    CHECK(path_filter(std::nullopt, {"*.tmp"}).keeps("a/b"));
    CHECK_FALSE(path_filter(patterns{""}, {}).keeps("a"));
}

TEST_CASE("the folders of git and of the Hub's cache are always ignored") {
    const path_filter filter(patterns{"*"}, {});
    for (const char* ignored :
         {".git", ".git/config", ".git/objects/aa/bb", "sub/.git", "sub/.git/config", "a/b/.git/x",
          ".cache/huggingface", ".cache/huggingface/upload/x", "a/.cache/huggingface", "a/.cache/huggingface/x"}) {
        CAPTURE(ignored);
        CHECK_FALSE(filter.keeps(ignored));
    }
    for (const char* kept : {".gitignore", ".gitattributes", "a.git", "a.git/x", ".github/x", "git/config",
                             ".cache/other", ".cache/huggingface2", "x.cache/huggingface", "huggingface/x"}) {
        CAPTURE(kept);
        CHECK(filter.keeps(kept));
    }
}

TEST_CASE("a folder is left out of the walk only when all that may be below it is ignored") {
    const path_filter filter(std::nullopt, {"logs/", "*/tmp/*", "cache*", "data/*.bin", "exact", "?ata?"});
    for (const char* left_out : {".git", "a/.git", ".git/objects", "logs", "logs/a", "a/tmp", "cache", "cache2",
                                 "cache/x", "a/.cache/huggingface"}) {
        CAPTURE(left_out);
        CHECK(filter.ignores_all_below(left_out));
        CHECK_FALSE(filter.keeps(std::string(left_out) + "/x"));
        CHECK_FALSE(filter.keeps(std::string(left_out) + "/x/y.z"));
    }
    for (const char* visited : {"log", "logs2", "tmp", "data", "exact", ".github", "a"}) {
        CAPTURE(visited);
        CHECK_FALSE(filter.ignores_all_below(visited));
    }
    CHECK(path_filter(std::nullopt, {"*"}).ignores_all_below("a"));
}
