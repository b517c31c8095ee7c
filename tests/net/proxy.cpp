#include <hubpush/net/proxy.hpp>

#include "catch.hpp"
#include "proxy_environment.hpp"

#include <string>

using namespace hubpush;
using namespace hubpush_test;

namespace {

const std::string password = "hf_canary_proxy_password";

origin at(const std::string& address) { return url::parse(address)->origin(); }

/// Where the connection to `target` goes first.
std::string way(const std::string& target) {
    const proxy via = proxy_settings::from_environment().towards(at(target));
    return via.none() ? "direct" : via.where().text() + " by " + via.named_by();
}

std::string failure_of(const std::string& address, errc kind = errc::invalid_argument) {
    try {
        const proxy one(address);
    } catch (const error& failure) {
        CHECK(failure.kind() == kind);
        CHECK_FALSE(failure.reached_server());
        return std::string(failure.what()) + " - " + failure.hint();
    }
    return "(no error)";
}

}  // namespace

TEST_CASE("the address of a proxy says how it is reached, and with which name and password") {
    CHECK(proxy().none());
    CHECK(proxy("http://host.example:3128").where() == origin("http", "host.example", 3128));
    CHECK(proxy("HTTPS://Host.example").where() == origin("https", "host.example", 443));
    CHECK(proxy("host.example:3128/").where() == origin("http", "host.example", 3128));
    CHECK(proxy("[::1]:3128").where() == origin("http", "::1", 3128));
    CHECK(proxy("http://10.0.0.1").where() == origin("http", "10.0.0.1", 80));
    CHECK(proxy("host.example").authorization().empty());
    // RFC 7617 §2
    CHECK(proxy("http://Aladdin:open%20sesame@h:1").authorization().equals("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    CHECK(proxy("u@h").authorization().equals("Basic dTo="));
    CHECK(proxy("u:p@ss:w@h").authorization().equals("Basic dTpwQHNzOnc="));
    CHECK(proxy("u:@h:1").where() == origin("http", "h", 1));
}

TEST_CASE("an address that cannot be a proxy's is refused without repeating it") {
    const auto address = GENERATE_COPY(
        values<std::string>({"", "http://", "socks5://u:" + password + "@h:1", "http://u:" + password + "@",
                             "http://u:" + password + "@h:0", "http://u:" + password + "@h:1/path",
                             "http://u:" + password + "%@h:1", "http://a%3Ab:" + password + "@h",
                             "http://u:" + password + "@h h", "http://h?x=" + password, "http://h\r\nX: " + password,
                             "http://h#" + password, "http://u:" + password + "@h:99999", "ftp://h", "http://1.2.3"}));
    const std::string text = failure_of(address);
    CHECK(text.find("the proxy option is not the address of a proxy") == 0);
    CHECK(text.find(password) == std::string::npos);
}

TEST_CASE("the request for a tunnel names the target twice and the password once") {
    const proxy via("http://u:" + password + "@h:1");
    CHECK(detail::connect_head(proxy("h"), origin("https", "hub.example", 443))
              .equals("CONNECT hub.example:443 HTTP/1.1\r\nHost: hub.example:443\r\n\r\n"));
    CHECK(detail::connect_head(proxy("h"), origin("http", "::1", 80))
              .equals("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"));
    CHECK(detail::connect_head(via, origin("https", "hub.example", 8443))
              .equals("CONNECT hub.example:8443 HTTP/1.1\r\nHost: hub.example:8443\r\nProxy-Authorization: " +
                      std::string(via.authorization().reveal()) + "\r\n\r\n"));
}

TEST_CASE("what a proxy answers decides whether another attempt can help") {
    const proxy via("http://u:" + password + "@squid.example:3128", "HTTPS_PROXY", errc::bad_environment);
    const auto [status, kind, hint] = GENERATE(table<int, errc, std::string>({
        {407, errc::proxy_failed, "HTTPS_PROXY"},
        {403, errc::proxy_failed, "NO_PROXY"},
        {404, errc::proxy_failed, "HTTPS_PROXY"},
        {302, errc::proxy_failed, "HTTPS_PROXY"},
        {502, errc::transport, "network"},
        {503, errc::transport, "network"},
        {504, errc::transport, "network"},
        {429, errc::transport, "network"},
    }));
    try {
        detail::require_tunnel(http_response(status, header_list(), password), via, at("https://hub.example"));
        FAIL("no error");
    } catch (const error& failure) {
        CHECK(failure.kind() == kind);
        CHECK(failure.retryable() == (kind == errc::transport));
        CHECK_FALSE(failure.reached_server());
        CHECK(failure.details().status() == status);
        const std::string text = std::string(failure.what()) + " - " + failure.hint();
        CHECK(text.find("the proxy http://squid.example:3128 (from HTTPS_PROXY)") == 0);
        CHECK(failure.hint().find(hint) != std::string::npos);
        CHECK(text.find(password) == std::string::npos);
    }
    detail::require_tunnel(http_response(200, header_list(), ""), via, at("https://hub.example"));
}

TEST_CASE("without variables nothing goes through a proxy") {
    const proxy_environment variables;
    CHECK(way("https://hub.example") == "direct");
    CHECK(way("http://hub.example") == "direct");
}

TEST_CASE("each scheme has its variable, in lower case first, and one for both behind") {
    proxy_environment variables;
    variables.set("ALL_PROXY", "http://all:1");
    CHECK(way("https://hub.example") == "http://all:1 by ALL_PROXY");
    CHECK(way("http://hub.example") == "http://all:1 by ALL_PROXY");
    variables.set("all_proxy", "http://lower:1");
    CHECK(way("https://hub.example") == "http://lower:1 by all_proxy");
    variables.set("HTTPS_PROXY", "http://upper:2");
    variables.set("HTTP_PROXY", "http://plain:2");
    CHECK(way("https://hub.example") == "http://upper:2 by HTTPS_PROXY");
    CHECK(way("http://hub.example") == "http://plain:2 by HTTP_PROXY");
    variables.set("https_proxy", "secure:3");
    CHECK(way("https://hub.example") == "http://secure:3 by https_proxy");
    CHECK(way("http://hub.example") == "http://plain:2 by HTTP_PROXY");
    CHECK(way("https://127.0.0.1") == "http://secure:3 by https_proxy");  // as in the Hub's own tools
}

TEST_CASE("plain http to this machine, which may carry a token, takes no way over another one") {
    proxy_environment variables;
    variables.set("HTTP_PROXY", "http://elsewhere:1");
    variables.set("HTTPS_PROXY", "http://elsewhere:1");
    for (const char* here : {"127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "localhost:8080"}) {
        CAPTURE(here);
        CHECK(way("http://" + std::string(here)) == "direct");
        CHECK(way("https://" + std::string(here)) == "http://elsewhere:1 by HTTPS_PROXY");
    }
    variables.set("HTTP_PROXY", "http://127.0.0.1:3128");
    CHECK(way("http://127.0.0.1:8080") == "http://127.0.0.1:3128 by HTTP_PROXY");
}

TEST_CASE("the variable for both schemes is not read where each has its own") {
    proxy_environment variables;
    variables.set("ALL_PROXY", "socks5://all:1");
    variables.set("HTTPS_PROXY", "http://secure:2");
    CHECK_THROWS_AS(proxy_settings::from_environment(), error);
    variables.set("HTTP_PROXY", "http://plain:2");
    CHECK(way("https://hub.example") == "http://secure:2 by HTTPS_PROXY");
    CHECK(way("http://hub.example") == "http://plain:2 by HTTP_PROXY");
}

TEST_CASE("an empty variable is one that is not set, and in lower case switches the other off") {
    proxy_environment variables;
    variables.set("HTTPS_PROXY", "http://upper:2");
    variables.set("https_proxy", "");
    CHECK(way("https://hub.example") == "direct");
    variables.set("ALL_PROXY", "http://all:1");
    CHECK(way("https://hub.example") == "http://all:1 by ALL_PROXY");
}

TEST_CASE("a visitor of a web server does not choose the proxy") {
    proxy_environment variables;
    variables.set("HTTP_PROXY", "http://visitor:1");
    variables.set("HTTPS_PROXY", "http://own:1");
    variables.set("REQUEST_METHOD", "GET");
    CHECK(way("http://hub.example") == "direct");
    CHECK(way("https://hub.example") == "http://own:1 by HTTPS_PROXY");
    variables.set("http_proxy", "http://own:2");
    CHECK(way("http://hub.example") == "http://own:2 by http_proxy");
}

TEST_CASE("an unusable variable is told by its name") {
    const auto name = GENERATE(
        values<std::string>({"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}));
    proxy_environment variables;
    variables.set(name, "socks5h://u:" + password + "@h:1");
    try {
        proxy_settings::from_environment();
        FAIL("no error");
    } catch (const error& failure) {
        CHECK(failure.kind() == errc::bad_environment);
        CHECK(std::string(failure.what()) == name + " is not the address of a proxy");
        CHECK(failure.hint().find(password) == std::string::npos);
    }
}

TEST_CASE("NO_PROXY names hosts, what is below them, addresses and networks") {
    proxy_environment variables;
    variables.set("ALL_PROXY", "http://p:1");
    const auto [list, target, direct] = GENERATE(table<std::string, std::string, bool>({
        {"*", "https://hub.example", true},
        {"hub.example", "https://hub.example", true},
        {"hub.example", "https://HUB.example", true},
        {"HUB.Example", "https://hub.example", true},
        {"hub.example", "https://hub.example:8443", true},
        {"hub.example", "https://hub.example.", true},
        {"hub.example.", "https://hub.example", true},
        {"hub.example", "https://a.hub.example", true},
        {"hub.example", "https://ahub.example", false},
        {"hub.example", "https://hub.example.evil", false},
        {".hub.example", "https://a.hub.example", true},
        {".hub.example", "https://a.b.hub.example", true},
        {".hub.example", "https://hub.example", false},
        {".hub.example", "https://xhub.example", false},
        {"hub.example:8443", "https://hub.example:8443", true},
        {"hub.example:8443", "https://hub.example", false},
        {"hub.example:443", "https://hub.example", true},
        {"hub.example:80", "http://hub.example", true},
        {"hub.example:80", "https://hub.example", false},
        {"other, hub.example ,third", "https://hub.example", true},
        {"other hub.example", "https://hub.example", true},
        {",, ,", "https://hub.example", false},
        {"", "https://hub.example", false},
        {"localhost", "https://localhost:8080", true},
        {"localhost", "https://127.0.0.1:8080", false},
        {"127.0.0.1", "https://127.0.0.1:8080", true},
        {"127.0.0.1:8081", "https://127.0.0.1:8080", false},
        {"127.0.0.0/8", "https://127.0.0.1:8080", true},
        {"10.0.0.0/8", "https://10.200.3.4", true},
        {"10.0.0.0/8", "https://11.0.0.1", false},
        {"10.1.2.3/8", "https://10.200.3.4", true},
        {"10.0.0.0/33", "https://10.0.0.1", false},
        {"10.0.0.0/x", "https://10.0.0.1", false},
        {"0.0.0.0/0", "https://8.8.8.8", true},
        {"0.0.0.0/0", "https://hub.example", false},
        {"::1", "https://[::1]:8080", true},
        {"[::1]", "https://[::1]:8080", true},
        {"[::1]:8080", "https://[::1]:8080", true},
        {"[::1]:8081", "https://[::1]:8080", false},
        {"0:0:0:0:0:0:0:1", "https://[::1]", true},
        {"2001:DB8::/32", "https://[2001:db8:1::2]", true},
        {"2001:db8::/32", "https://[2001:db9::1]", false},
        {"::/0", "https://10.0.0.1", false},
        {"0.0.0.1", "https://10.0.0.0.0.0.1.example", false},
        {"://,@,/,[,]", "https://hub.example", false},
    }));
    CAPTURE(list, target);
    variables.set("NO_PROXY", list);
    CHECK((way(target) == "direct") == direct);
    variables.set("no_proxy", "nobody.example");
    CHECK(way(target) == "http://p:1 by ALL_PROXY");
}
