#include <hubpush/net/http_message.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

#include <cctype>
#include <cstring>
#include <string>

using namespace hubpush;

namespace {

http_request get(const std::string& address) {
    return http_request("GET", url::parse(address).value(), request_class::safe);
}

std::string head_of(const http_request& request) { return std::string(request_head(request).reveal()); }

errc refusal(const http_request& request) {
    try {
        request_head(request);
    } catch (const error& failure) {
        CHECK_FALSE(failure.reached_server());
        CHECK(std::string(failure.what()).find("hf_canary") == std::string::npos);
        return failure.kind();
    }
    return errc();
}

const origin hub("https", "hub.example", 443);

}  // namespace

TEST_CASE("header fields are found without regard to case, replaced and removed") {
    header_list headers;
    headers.add("Link", "a").add("link", "b").add("ETag", "c");
    CHECK(headers.find("LINK") == "a");
    CHECK(headers.count("lInK") == 2);
    headers.set("LINK", "d");
    CHECK(headers.count("link") == 1);
    CHECK(headers.find("link") == "d");
    headers.remove("etag");
    CHECK_FALSE(headers.find("ETag"));
    CHECK(headers.size() == 1);
}

TEST_CASE("every byte that could end a line or a name is refused in a header field") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const std::string text = {'a', static_cast<char>(byte), 'b'};
        const bool in_value = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
        const bool in_name = std::isalnum(byte) != 0 || (byte != 0 && std::strchr("!#$%&'*+-.^_`|~", byte) != nullptr);
        header_list headers;
        if (in_value) CHECK_NOTHROW(headers.add("X", text));
        if (!in_value) CHECK_THROWS_AS(headers.add("X", text), invalid_argument);
        if (in_name) CHECK_NOTHROW(headers.add(text, "v"));
        if (!in_name) CHECK_THROWS_AS(headers.add(text, "v"), invalid_argument);
    }
    CHECK_THROWS_AS(header_list().add("", "v"), invalid_argument);
}

TEST_CASE("a head is the request line, our fields, the caller's fields and the token") {
    http_request request("POST", url::parse("https://hub.example:8443/api/x?y=z").value(), request_class::safe);
    request.header("User-Agent", "hubpush/0.1.0").body("{}", "application/json");
    request.bearer(origin("https", "hub.example", 8443), secret("hf_canary"));
    CHECK(head_of(request) ==
          "POST /api/x?y=z HTTP/1.1\r\nHost: hub.example:8443\r\nAccept-Encoding: identity\r\n"
          "User-Agent: hubpush/0.1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
          "Authorization: Bearer hf_canary\r\n\r\n");
    CHECK(head_of(get("http://[::1]:8080/")) ==
          "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nAccept-Encoding: identity\r\n\r\n");
    CHECK(head_of(http_request("PUT", url::parse("https://h/").value(), request_class::safe))
              .find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("the caller cannot frame the message or send two tokens") {
    http_request request = get("https://hub.example/");
    for (const char* name :
         {"Host", "content-length", "Transfer-Encoding", "connection", "Accept-Encoding", "Expect", "TE"}) {
        request.header(name, "chunked");
    }
    request.header("authorization", "Basic other").bearer(hub, secret("hf_canary"));
    CHECK(head_of(request) ==
          "GET / HTTP/1.1\r\nHost: hub.example\r\nAccept-Encoding: identity\r\n"
          "Authorization: Bearer hf_canary\r\n\r\n");
}

TEST_CASE("the token is sent to its origin only") {
    const auto address = GENERATE(values<std::string>({
        "https://hub.example:8443/",
        "https://other.example/",
        "https://hub.example.org/",
        "https://sub.hub.example/",
        "https://hub.example./",
        "https://127.0.0.1/",
        "http://localhost/",
    }));
    CAPTURE(address);
    CHECK(head_of(get("https://hub.example/").bearer(hub, secret("hf_canary"))).find("hf_canary") != std::string::npos);
    CHECK(head_of(get("https://HUB.example:443/a").bearer(hub, secret("hf_canary"))).find("hf_canary") !=
          std::string::npos);
    CHECK(head_of(get(address).bearer(hub, secret("hf_canary"))).find("hf_canary") == std::string::npos);
}

TEST_CASE("credentials travel over plain http to this machine only, unless that is allowed by name") {
    const auto plain = [](const std::string& host) {
        return get("http://" + host + "/").bearer(origin("http", host, 80), secret("hf_canary"));
    };
    CHECK(refusal(plain("127.0.0.1")) == errc());
    CHECK(refusal(plain("localhost")) == errc());
    CHECK(refusal(plain("hub.example")) == errc::invalid_argument);
    CHECK(refusal(plain("10.0.0.1")) == errc::invalid_argument);
    CHECK(refusal(plain("hub.example").allow_plain_http()) == errc());
    CHECK(refusal(get("http://hub.example/")) == errc());
    CHECK(refusal(get("http://hub.example/").header("Authorization", "Basic hf_canary")) == errc::invalid_argument);
    CHECK(refusal(get("http://hub.example/").header("Cookie", "t=hf_canary")) == errc::invalid_argument);
}

TEST_CASE("no part of a request can split its head") {
    for (int byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const std::string text = {'a', static_cast<char>(byte), 'b'};
        const bool visible = byte > 0x20 && byte < 0x7f;
        const errc expected = visible ? errc() : errc::invalid_argument;
        CHECK(refusal(http_request("GET", url(hub, "/" + text), request_class::safe)) == expected);
        CHECK(refusal(http_request("GET", url(origin("https", text, 443), "/"), request_class::safe)) == expected);
        CHECK(refusal(get("https://hub.example/").bearer(hub, secret("hf_canary" + text))) == expected);
        if (!visible)
            CHECK(refusal(http_request("G" + text, url(hub, "/"), request_class::safe)) == errc::invalid_argument);
    }
}

TEST_CASE("a redirect to another origin takes only fields that cannot hold a secret") {
    http_request request = get("https://hub.example/").bearer(hub, secret("hf_canary"));
    request.header("X-Secret", "hf_canary").header("Cookie", "hf_canary").header("Authorization", "hf_canary");
    request.header("User-Agent", "hubpush").header("Accept", "*/*");
    request.drop_credentials();
    const std::string head = head_of(request);
    CHECK(head.find("hf_canary") == std::string::npos);
    CHECK(head.find("User-Agent: hubpush\r\nAccept: */*\r\n") != std::string::npos);
}
