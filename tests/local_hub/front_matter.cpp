#include <hubpush/local_hub/front_matter.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <string>

namespace {

using namespace hubpush_test;

/// What is said about a card with this text between the marks; empty for nothing.
std::string complaint(const std::string& yaml) {
    const hubpush::detail::front_matter found("---\n" + yaml + "\n---\n# Card\n");
    CHECK_FALSE(found.missing());
    return found.complaints().empty() ? "" : found.complaints().front();
}

}  // namespace

TEST_CASE("a card without metadata is missing it", "[front_matter]") {
    for (const std::string text : {"", "# Card\n", "---\n", "---\nlicense: mit\n", "---\n---\n",
                                   "---\n# only a comment\n---\n", "text\n---\nlicense: mit\n---\n"}) {
        CAPTURE(text);
        CHECK(hubpush::detail::front_matter(text).missing());
    }
    CHECK_FALSE(hubpush::detail::front_matter("\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n").missing());
}

TEST_CASE("what model cards hold is accepted", "[front_matter]") {
    CHECK(complaint("license: mit") == "");
    CHECK(complaint("tags:\n- a\n- b-c\nlibrary_name: x  # a comment") == "");
    CHECK(complaint("tags:\n  - a\n  -   b\nlanguage: [en, 'de', \"fr\"]") == "");
    CHECK(complaint("model-index:\n- name: x\n  results:\n  - task:\n      type: t\n      name: n: not this\n") != "");
    CHECK(complaint("model-index:\n- name: x\n  results:\n  - task:\n      type: t\n    metrics:\n    - {type: f1, "
                    "value: 0.5}\n"
                    "  - task: {type: u}\n- name: y") == "");
    CHECK(complaint("widget:\n- text: |\n    a: b: c\n      [ {\n\n    '\n  example: \"x\"\nlast: y") == "");
    CHECK(complaint("url: https://example.org/a:b#c\ntime: 10:30\nquoted: 'it''s'\nother: \"a \\\" b\"") == "");
    CHECK(complaint("text: one\n  two\n  three\nmore: \"one\n  two\"\nlist: [a,\n  b]\nempty:\nnull_value: ~") == "");
    CHECK(complaint("base: &a\n  x: 1\ncopy:\n  <<: *a\n  <<: *a\ntyped: !!str 5\n\"quoted key\": 1") == "");
    CHECK(complaint("flow: {a: don't, b: [1, {c: 2}]}\n- x") != "");
    CHECK(complaint("key:\n  a long\n  text") == "");
    CHECK(complaint("{license: mit, tags: [a]}") == "");
    CHECK(complaint("- a\n- - b\n  - c\n-\n  d: e") == "");
}

TEST_CASE("what no reader of YAML accepts is refused with its line", "[front_matter]") {
    CHECK(complaint("license: mit\n\ttags: a") == "line 2: found a tab where the indentation must be of spaces");
    CHECK(complaint("title: foo: bar") == "line 1: mapping values are not allowed here");
    CHECK(complaint("a: b\n  c: d") == "line 2: mapping values are not allowed here");
    CHECK(complaint("a: 1\nb: 2\na: 3") == "line 3: duplicated mapping key");
    CHECK(complaint("tags: [a, b\nlicense: mit") == "line 2: a quote or a bracket is not closed");
    CHECK(complaint("tags: [a, b}") == "line 1: a bracket that does not fit");
    CHECK(complaint("title: \"open\nlicense: mit") == "line 2: a quote or a bracket is not closed");
    CHECK(complaint("title: 'a' b") == "line 1: unexpected text behind a value");
    CHECK(complaint("title: @x") == "line 1: a text that begins like this needs quotes");
    CHECK(complaint("a: b\njust text") == "line 2: neither a key with a value nor an item of a list");
    CHECK(complaint("a:\n    b: 1\n  c: 2") == "line 3: bad indentation");
    CHECK(complaint("a: 1\n- b") == "line 2: bad indentation");
}

TEST_CASE("the route says what is wrong with a card", "[front_matter]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    const auto ask = [&test](const std::string& text) {
        return test.ask("POST", "/api/validate-yaml", nlohmann::json{{"content", text}, {"repoType", "model"}}.dump(),
                        "");
    };
    CHECK(ask("---\nlicense: mit\n---\n").body == R"({"errors":[],"warnings":[]})");
    const raw_reply missing = ask("# Card");
    CHECK(missing.status == 200);
    CHECK(missing.json()["warnings"][0]["message"] == "empty or missing yaml metadata in repo card");
    const raw_reply broken = ask("---\na: b: c\n---\n");
    CHECK(broken.status == 400);
    CHECK(broken.json()["errors"][0]["message"] == "line 1: mapping values are not allowed here");
}
