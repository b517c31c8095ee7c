#include <hubpush/net/url.hpp>

#include "catch.hpp"

#include <string>
#include <vector>

using hubpush::origin;
using hubpush::url;

namespace {

std::string parsed(std::string_view text) {
    const std::optional<url> result = url::parse(text);
    return result ? result->text() : "nothing";
}

std::string resolved(std::string_view base, std::string_view reference) {
    const std::optional<url> result = url::parse(base).value().resolve(reference);
    return result ? result->text() : "nothing";
}

origin origin_of(std::string_view text) { return url::parse(text).value().origin(); }

}  // namespace

TEST_CASE("a URL has one spelling") {
    CHECK(parsed("https://huggingface.co") == "https://huggingface.co/");
    CHECK(parsed("HTTPS://HuggingFace.CO:443/Api?Q=A#part") == "https://huggingface.co/Api?Q=A");
    CHECK(parsed("http://127.0.0.1:8080/x") == "http://127.0.0.1:8080/x");
    CHECK(parsed("http://host:0080/") == "http://host/");
    CHECK(parsed("https://host:80/") == "https://host:80/");
    CHECK(parsed("https://host?a=b") == "https://host/?a=b");
    CHECK(parsed("https://host#x") == "https://host/");
    CHECK(parsed("https://evil.example#@host/") == "https://evil.example/");
    CHECK(parsed("https://host/@x:y@z") == "https://host/@x:y@z");
    CHECK(parsed("https://host/a//b/?x=/../y") == "https://host/a//b/?x=/../y");
    CHECK(parsed("https://host/a/./b/../c/..") == "https://host/a/");
    CHECK(parsed("https://[2001:DB8:0:0::1]:8443/") == "https://[2001:db8::1]:8443/");
    CHECK(parsed("http://[::ffff:10.0.0.1]/") == "http://[::ffff:10.0.0.1]/");
    CHECK(parsed("https://a_b-c.d1.example/") == "https://a_b-c.d1.example/");
    CHECK(parsed("https://host/%2e%2e/%41") == "https://host/%2e%2e/%41");
}

TEST_CASE("what is not plainly an http or https URL is refused") {
    const std::string long_label(64, 'a');
    const std::string long_host =
        std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(63, 'd');
    const std::vector<std::string> wrong = {
        "", "/", "host", "host/path", "//host/path", "https", "https:", "https:/", "https:/host", "https:host",
        "https://", "https:///path", "https://?x", "https://:443/", "https:\\\\host/", "https://host\\@evil/",
        "https://host\\path",
        // other schemes
        "file:///etc/passwd", "ftp://host/", "data:text/plain,x", "javascript:alert(1)", "ws://host/", "httpss://host/",
        "http+unix://host/", " https://host/", "https ://host/", "ht\ntps://host/", "h\tttps://host/",
        // user information
        "https://user@host/", "https://user:password@host/", "https://@host/", "https://huggingface.co@evil.example/",
        "https://huggingface.co:443@evil.example/", "https://a%40b/",
        // control bytes, white space and what is not ASCII
        "https://ho st/", "https://host/a b", "https://host/\t", "https://host/\n", "https://host/\r\nX: y",
        "https://host/\x7f", "https://ho\tst/", "https://host/\xc3\xa9", "https://h\xc3\xb6st/", "https://h%6fst/",
        // hosts
        "https://.host/", "https://ho..st/", "https://host../", "https://ho*st/", "https://ho,st/", "https://ho~st/",
        "https://" + long_label + ".example/", "https://" + long_host + "/", "https://[::1/", "https://::1/",
        "https://[]/", "https://[1.2.3.4]/", "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1]x/",
        "https://[v1.x]/", "https://[::1]]/", "https://[:::1]/",
        // addresses that have another spelling
        "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://127.0.0.01/", "http://1.2.3/", "http://1.2.3.4.5/", "http://1.2.3.256/", "http://1.2.3.4./",
        "http://host.0x1/", "http://host.1/", "http://host.1./",
        // ports
        "https://host:/", "https://host:0/", "https://host:65536/", "https://host:4294967739/", "https://host:-1/",
        "https://host:+1/", "https://host:0x50/", "https://host:80a/", "https://host:80:80/", "https://[::1]:/"};
    for (const std::string& text : wrong) {
        CAPTURE(text);
        CHECK(parsed(text) == "nothing");
    }
    CHECK(parsed(std::string_view("https://host/\0x", 15)) == "nothing");
    CHECK(parsed("https://host/" + std::string(8192 - 13, 'x')) != "nothing");
    CHECK(parsed("https://host/" + std::string(8193 - 13, 'x')) == "nothing");
}

TEST_CASE("no single byte changes which host a URL names") {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text = std::string("https://good.example") + static_cast<char>(byte) + "evil.example/";
        CAPTURE(byte);
        const std::optional<url> result = url::parse(text);
        if (!result) continue;
        const std::string& host = result->origin().host();
        const bool ends_authority = byte == '/' || byte == '?' || byte == '#';
        CHECK((host == "good.example") == ends_authority);
        CHECK((ends_authority || host.starts_with("good.example")));
        CHECK(parsed(result->text()) == result->text());
    }
}

TEST_CASE("two origins are equal only when scheme, host and port are") {
    const origin ours = origin_of("https://huggingface.co/a");
    CHECK(ours == origin_of("HTTPS://HUGGINGFACE.co:443/b?c"));
    for (const char* other : {"http://huggingface.co", "https://huggingface.co:444", "https://huggingface.co.",
                              "https://www.huggingface.co", "https://huggingface.com", "https://xn--huggingface-x.co",
                              "http://huggingface.co:443"}) {
        CAPTURE(other);
        CHECK_FALSE(ours == origin_of(other));
    }
    CHECK(origin_of("http://[::1]:80") == origin_of("http://[0:0:0:0:0:0:0:1]"));
    CHECK(ours.secure());
    CHECK_FALSE(origin_of("http://huggingface.co").secure());
    CHECK(origin_of("http://[::1]:8080").authority() == "[::1]:8080");
    CHECK(origin_of("http://[::1]").host() == "::1");
    CHECK(origin_of("https://host:80").text() == "https://host:80");
    CHECK(origin_of("http://host:80").authority() == "host");
}

TEST_CASE("loopback is judged by the text alone") {
    for (const char* near : {"http://localhost", "http://LOCALHOST:1", "http://127.0.0.1", "http://127.255.1.2",
                             "http://[::1]", "http://[0::0:1]"}) {
        CAPTURE(near);
        CHECK(origin_of(near).loopback());
    }
    for (const char* far : {"http://127.evil.example", "http://localhost.evil.example", "http://127.0.0.1.example",
                            "http://128.0.0.1", "http://[::2]", "http://[::ffff:127.0.0.1]", "http://localhost.",
                            "http://0.0.0.0", "http://evil.localhost"}) {
        CAPTURE(far);
        CHECK_FALSE(origin_of(far).loopback());
    }
}

TEST_CASE("references are resolved as in RFC 3986 section 5.4") {
    const std::string base = "http://a/b/c/d;p?q";
    const std::vector<std::pair<std::string, std::string>> examples = {{"g", "http://a/b/c/g"},
                                                                       {"./g", "http://a/b/c/g"},
                                                                       {"g/", "http://a/b/c/g/"},
                                                                       {"/g", "http://a/g"},
                                                                       {"//g", "http://g/"},
                                                                       {"?y", "http://a/b/c/d;p?y"},
                                                                       {"g?y", "http://a/b/c/g?y"},
                                                                       {"#s", "http://a/b/c/d;p?q"},
                                                                       {"g#s", "http://a/b/c/g"},
                                                                       {"g?y#s", "http://a/b/c/g?y"},
                                                                       {";x", "http://a/b/c/;x"},
                                                                       {"g;x", "http://a/b/c/g;x"},
                                                                       {"", "http://a/b/c/d;p?q"},
                                                                       {".", "http://a/b/c/"},
                                                                       {"./", "http://a/b/c/"},
                                                                       {"..", "http://a/b/"},
                                                                       {"../", "http://a/b/"},
                                                                       {"../g", "http://a/b/g"},
                                                                       {"../..", "http://a/"},
                                                                       {"../../", "http://a/"},
                                                                       {"../../g", "http://a/g"},
                                                                       // abnormal
                                                                       {"../../../g", "http://a/g"},
                                                                       {"../../../../g", "http://a/g"},
                                                                       {"/./g", "http://a/g"},
                                                                       {"/../g", "http://a/g"},
                                                                       {"g.", "http://a/b/c/g."},
                                                                       {".g", "http://a/b/c/.g"},
                                                                       {"g..", "http://a/b/c/g.."},
                                                                       {"..g", "http://a/b/c/..g"},
                                                                       {"./../g", "http://a/b/g"},
                                                                       {"./g/.", "http://a/b/c/g/"},
                                                                       {"g/./h", "http://a/b/c/g/h"},
                                                                       {"g/../h", "http://a/b/c/h"},
                                                                       {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                                                                       {"g;x=1/../y", "http://a/b/c/y"},
                                                                       {"g?y/./x", "http://a/b/c/g?y/./x"},
                                                                       {"g?y/../x", "http://a/b/c/g?y/../x"},
                                                                       {"g#s/../x", "http://a/b/c/g"},
                                                                       {"g:h", "nothing"},
                                                                       {"http:g", "nothing"}};
    for (const auto& [reference, expected] : examples) {
        CAPTURE(reference);
        CHECK(resolved(base, reference) == expected);
    }
}

TEST_CASE("a hostile Location names the host it seems to name, or nothing") {
    const std::string base = "https://huggingface.co/api/x?token=1";
    CHECK(resolved(base, "HTTPS://huggingface.co:443/y") == "https://huggingface.co/y");
    CHECK(resolved(base, "http://huggingface.co/y") == "http://huggingface.co/y");
    CHECK(resolved(base, "//evil.example/y") == "https://evil.example/y");
    CHECK(resolved(base, "///evil.example/y") == "nothing");
    CHECK(resolved(base, "@evil.example") == "https://huggingface.co/api/@evil.example");
    CHECK(resolved(base, ".evil.example") == "https://huggingface.co/api/.evil.example");
    CHECK(resolved(base, ":80@evil.example/") == "https://huggingface.co/api/:80@evil.example/");
    CHECK(resolved(base, "x//evil.example") == "https://huggingface.co/api/x//evil.example");
    for (const char* wrong :
         {"//user@evil.example/", "\\\\evil.example\\y", "/\\evil.example", "\t//evil.example", "/\t/evil.example",
          " /y", "/y\r\nX: y", "file:///etc/passwd", "data:,x", "https:/y", "https:y", "//", "//:80/", "//host:x/"}) {
        CAPTURE(wrong);
        CHECK(resolved(base, wrong) == "nothing");
    }
    CHECK(resolved(base, "/" + std::string(8192, 'x')) == "nothing");
}

TEST_CASE("a redacted URL keeps path and keys and shows no value") {
    const auto redacted = [](std::string_view text) { return url::parse(text).value().redacted(); };
    CHECK(redacted("https://host/a/b") == "https://host/a/b");
    CHECK(redacted("https://s3.example/k?X-Amz-Signature=abc&X-Amz-Date=&partNumber=3") ==
          "https://s3.example/k?X-Amz-Signature=***&X-Amz-Date=***&partNumber=***");
    CHECK(redacted("https://host:8443/a?hf_secret") == "https://host:8443/a?***");
    CHECK(redacted("https://host/a?x=hf_secret=y?z=hf_secret;w=hf_secret") == "https://host/a?x=***");
    CHECK(redacted("https://host/a?=hf_secret&&b") == "https://host/a?=***&***&***");
}

TEST_CASE("escaping keeps unreserved characters and nothing else") {
    CHECK(hubpush::escape_segment("AZaz09-._~") == "AZaz09-._~");
    CHECK(hubpush::escape_segment("refs/pr/1") == "refs%2Fpr%2F1");
    CHECK(hubpush::escape_segment("a b%?#&=+:@\xc3\xa9\n") == "a%20b%25%3F%23%26%3D%2B%3A%40%C3%A9%0A");
    CHECK(hubpush::escape_segment(std::string_view("\0", 1)) == "%00");
    CHECK(hubpush::unescape("a%20b%2f%C3%a9+") == "a b/\xc3\xa9+");
    CHECK(hubpush::unescape("") == "");
    for (const char* wrong : {"%", "%2", "a%2", "%g0", "%0g", "%%20", "%+1", "%-1", "% 1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(hubpush::unescape(wrong));
    }
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(1, static_cast<char>(byte));
        REQUIRE(hubpush::unescape(hubpush::escape_segment(text)) == text);
        REQUIRE(hubpush::unescape(hubpush::escape_segment(text)) == text);
    }
}
