#include <hubpush/hub/server_warnings.hpp>

#include "catch.hpp"

using hubpush::header_list;
using hubpush::http_response;
using hubpush::server_warnings;

namespace {

using texts = std::vector<std::string>;

http_response with(const texts& fields) {
    header_list headers;
    headers.add("Content-Type", "x; y");
    for (const std::string& field : fields) headers.add("x-hf-warning", field);
    return http_response(200, headers, "");
}

}  // namespace

TEST_CASE("the first message of each topic is shown, a missing topic is one too") {
    server_warnings warnings;
    CHECK(warnings.take_new(with({})).empty());
    CHECK(warnings.take_new(with({"quota; 90 % used", "old client;  update ; soon"})) ==
          texts{"90 % used", "update ; soon"});
    CHECK(warnings.take_new(with({" quota ; 95 % used", "no topic at all"})) == texts{"no topic at all"});
    CHECK(warnings.take_new(with({"another without topic", "; the same"})).empty());
}

TEST_CASE("a message that is empty does not use up its topic") {
    server_warnings warnings;
    CHECK(warnings.take_new(with({"a;", "a; ", ""})).empty());
    CHECK(warnings.take_new(with({"a; x"})) == texts{"x"});
}

TEST_CASE("a server can neither fill the log nor reach the terminal") {
    server_warnings warnings;
    std::size_t shown = 0;
    for (int i = 0; i < 1000; ++i) shown += warnings.take_new(with({std::to_string(i) + "; text"})).size();
    CHECK(shown == server_warnings::most_topics);
    server_warnings fresh;
    const texts long_one = fresh.take_new(with({"a; " + std::string(10'000, 'x') + "\xc2\x9b"}));
    CHECK(long_one.front().size() <= 503);
    CHECK(fresh.take_new(with({"b; \xc2\x9b[31m"})) == texts{"\\xc2\\x9b[31m"});
}
