#include <hubpush/hub/json.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

#include <nlohmann/json.hpp>

using namespace hubpush;

TEST_CASE("values are read by type and never converted") {
    const auto value = json_value::parse(
        R"({"s":"x","n":7,"big":18446744073709551615,"neg":-1,"real":1.5,"t":true,"z":null,"a":[1,2],"o":{"k":"v"}})");
    REQUIRE(value);
    CHECK(value->string("s") == "x");
    CHECK(value->integer("n", 7) == 7);
    CHECK(value->integer("big", ~std::uint64_t{0}) == ~std::uint64_t{0});
    CHECK(value->boolean("t", false));
    CHECK(value->boolean("missing", true));
    CHECK_FALSE(value->optional_string("z"));
    CHECK(value->array("a").size() == 2);
    CHECK(value->object("o").string("k") == "v");
    CHECK(value->find("z") == nullptr);
    CHECK_THROWS_AS(value->integer("n", 6), error);
    CHECK_THROWS_AS(value->integer("neg", 100), error);
    CHECK_THROWS_AS(value->integer("real", 100), error);
    CHECK_THROWS_AS(value->integer("s", 100), error);
    CHECK_THROWS_AS(value->string("n"), error);
    CHECK_THROWS_AS(value->string("s", 0), error);
    CHECK_THROWS_AS(value->optional_string("n"), error);
    CHECK_THROWS_AS(value->boolean("n", false), error);
    CHECK_THROWS_AS(value->object("a"), error);
    CHECK_THROWS_AS(value->array("missing"), error);
}

TEST_CASE("what is not JSON, is ambiguous or too much is refused") {
    for (const char* text : {"", "<html></html>", "{", "[1,]", "{\"a\":1,\"a\":2}", "{\"o\":{\"a\":1,\"a\":2}}", "1 2",
                             "{\"a\":1e400}", "\"\xff\"", "'a'", "// c\n1", "NaN"}) {
        CAPTURE(text);
        CHECK_FALSE(json_value::parse(text));
    }
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(json_value::parse(nested(64)));
    CHECK_FALSE(json_value::parse(nested(65)));
    CHECK_FALSE(json_value::parse(nested(1'000'000)));
    CHECK_FALSE(json_value::parse(std::string(100'000, '[')));
    const auto list = [](std::size_t values) {
        std::string text = "[";
        for (std::size_t i = 1; i < values; ++i) text += i == 1 ? "0" : ",0";
        return text + "]";
    };
    CHECK(json_value::parse(list(json_value::most_values)));
    CHECK_FALSE(json_value::parse(list(json_value::most_values + 1)));
}

TEST_CASE("nested values keep their places") {
    const auto value = json_value::parse(R"([{"a":[{"b":{"c":"d"}},{"e":"f"}],"g":"h"},[[],{}],"i"])");
    REQUIRE(value);
    REQUIRE(value->items().size() == 3);
    CHECK(value->items()[0].array("a")[0].object("b").string("c") == "d");
    CHECK(value->items()[0].array("a")[1].string("e") == "f");
    CHECK(value->items()[0].string("g") == "h");
    CHECK(value->items()[2].text() == "i");
}

TEST_CASE("quoted text is one line and reads back as itself") {
    std::string all;
    for (int byte = 0; byte < 128; ++byte) all += static_cast<char>(byte);
    all += "\xc2\x85 \u2028 \u2029 \u2027 \u202a \xc3\xa9 \xf0\x9f\x98\x80 \xe2\x80";
    all.resize(all.size() - 2);
    const std::string quoted = json_quoted(all);
    CHECK(nlohmann::json::parse(quoted).get<std::string>() == all);
    for (const char* forbidden : {"\n", "\r", "\x7f", "\x1b", "\u2028", "\u2029", "\xc2\x85"})
        CHECK(quoted.find(forbidden) == std::string::npos);
    CHECK(json_quoted("") == "\"\"");
    CHECK(json_quoted("a\"\\\n") == R"("a\"\\\u000a")");
}

TEST_CASE("objects and arrays are written without spaces in the order of their members") {
    CHECK(json_object().text("a", "b").number("n", 7).raw("r", "null").str() == R"({"a":"b","n":7,"r":null})");
    CHECK(json_object().str() == "{}");
    CHECK(json_array({}) == "[]");
    CHECK(json_array({"1", "{}"}) == "[1,{}]");
}
