#include <hubpush/local_hub/patterns.hpp>

#include "catch.hpp"

#include <chrono>
#include <string>

using namespace hubpush::detail;

TEST_CASE("wildcards match as a file name pattern does", "[patterns]") {
    const auto anywhere = [](std::string_view pattern, std::string_view text) {
        return matches_wildcards(pattern, text, wildcards::cross_slashes);
    };
    CHECK(anywhere("data/*.json", "data/x/b.json"));
    CHECK(anywhere("*", ""));
    CHECK(anywhere("a?c", "abc"));
    CHECK_FALSE(anywhere("a?c", "ac"));
    CHECK(anywhere("[a-c]x", "bx"));
    CHECK_FALSE(anywhere("[!a-c]x", "bx"));
    CHECK(anywhere("a[[:space:]]b", "a b"));
    CHECK(anywhere("a\\*b", "a*b"));
    CHECK_FALSE(anywhere("a\\*b", "axb"));
    CHECK(anywhere("[x", "[x"));
    CHECK_FALSE(anywhere("", "x"));
}

TEST_CASE("a git pattern without a slash looks at the last component only", "[patterns]") {
    CHECK(matches_git_pattern("*.bin", "a/b/c.bin"));
    CHECK_FALSE(matches_git_pattern("a/*.bin", "a/b/c.bin"));
    CHECK(matches_git_pattern("a/**/c.bin", "a/b/x/c.bin"));
    CHECK(matches_git_pattern("a/**/c.bin", "a/c.bin"));
    CHECK(matches_git_pattern("saved_model/**/*", "saved_model/x"));
    CHECK(matches_git_pattern("**/x", "x"));
    CHECK(matches_git_pattern("/x", "x"));
    CHECK_FALSE(matches_git_pattern("/x", "a/x"));
}

TEST_CASE("a hostile pattern costs no more than its length times that of the text", "[patterns]") {
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(matches_wildcards(pattern + "b", std::string(4000, 'a'), wildcards::cross_slashes));
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
}

TEST_CASE("the last line of .gitattributes that matches decides about LFS", "[patterns]") {
    const lfs_attributes rules(
        "# *.txt filter=lfs\n*.bin filter=lfs diff=lfs merge=lfs -text\r\nkeep/*.bin -filter\n*.txt text\n");
    CHECK(rules.tracks("a/b.bin"));
    CHECK_FALSE(rules.tracks("keep/b.bin"));
    CHECK_FALSE(rules.tracks("a.txt"));
    CHECK_FALSE(lfs_attributes().tracks("a.bin"));
}

TEST_CASE("lines with and without wildcards decide in the order of the file", "[patterns]") {
    const lfs_attributes rules(
        "name filter=lfs\n/top filter=lfs\na/b filter=lfs\na/* -filter\na/c filter=lfs\n*.x filter=lfs\nno.x "
        "-filter\n");
    CHECK(rules.tracks("name"));
    CHECK(rules.tracks("b/name"));
    CHECK_FALSE(rules.tracks("a/name"));
    CHECK(rules.tracks("top"));
    CHECK_FALSE(rules.tracks("b/top"));
    CHECK_FALSE(rules.tracks("a/b"));
    CHECK(rules.tracks("a/c"));
    CHECK_FALSE(rules.tracks("c"));
    CHECK(rules.tracks("a/yes.x"));
    CHECK_FALSE(rules.tracks("a/no.x"));
}

TEST_CASE("a line for each of thousands of files costs little", "[patterns]") {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += lfs_attributes::line_for("folder/" + std::to_string(i));
    const lfs_attributes rules(text);
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 4000; ++i) CHECK_FALSE(rules.tracks("folder/x" + std::to_string(i)));
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}

TEST_CASE("the attributes of a new repository are the Hub's", "[patterns]") {
    const std::string model = lfs_attributes::initial_text(false);
    CHECK(model.size() == 1519);  // spec/hub-http-api.md §3.3
    const lfs_attributes rules(model);
    CHECK(rules.tracks("a/model.safetensors"));
    CHECK(rules.tracks("runs/events.out.tfevents.1"));
    CHECK_FALSE(rules.tracks("config.json"));
    CHECK_FALSE(rules.tracks("a.png"));
    CHECK(lfs_attributes(lfs_attributes::initial_text(true)).tracks("a.png"));
}

TEST_CASE("the line written for a path matches that path and no other", "[patterns]") {
    for (const std::string path : {"a b/weights.blob", "[x]*.blob", "#odd", "!odd", "größe/w"}) {
        CAPTURE(path);
        const lfs_attributes rules(lfs_attributes::line_for(path));
        CHECK(rules.tracks(path));
        CHECK_FALSE(rules.tracks("x" + path));
    }
}

TEST_CASE("ignore rules: the last match decides, and a folder covers what is below it", "[patterns]") {
    const ignore_rules rules("*.tmp\nlogs/\n!keep.tmp\n/top\n");
    CHECK(rules.ignores("a/b.tmp"));
    CHECK_FALSE(rules.ignores("a/keep.tmp"));
    CHECK(rules.ignores("logs/x"));
    CHECK(rules.ignores("a/logs/b/x"));
    CHECK_FALSE(rules.ignores("logs"));
    CHECK(rules.ignores("top"));
    CHECK_FALSE(rules.ignores("a/top"));
}
