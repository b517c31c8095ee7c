#include <hubpush/local_hub/request_reader.hpp>

#include "catch.hpp"

#include <string>
#include <vector>

namespace {

using hubpush::detail::request_reader;

/// What the reader makes of `text`, given to it in pieces of `step` bytes: one line per request, or the refusal's
/// status.
std::string read_all(const std::string& text, std::size_t step) {
    request_reader reader;
    std::string result;
    for (std::size_t at = 0; at < text.size(); at += step) {
        const std::string piece = text.substr(at, step);
        std::span<const std::byte> input = std::as_bytes(std::span(piece.data(), piece.size()));
        for (;;) {
            const request_reader::event event = reader.next(input);
            if (event == request_reader::event::need_more) break;
            if (event == request_reader::event::failed) return result + std::to_string(reader.failure_status());
            if (event == request_reader::event::head) result += reader.head().method + " " + reader.head().target + " ";
            const std::span<const std::byte> body = reader.body();
            if (event == request_reader::event::body)
                result.append(reinterpret_cast<const char*>(body.data()), body.size());
            if (event == request_reader::event::end) result += '\n';
        }
    }
    return result;
}

std::string refused(const std::string& text) { return read_all(text, text.size()); }

}  // namespace

TEST_CASE("requests are read the same however their bytes are cut", "[request_reader]") {
    const std::string text =
        "GET /x?y HTTP/1.1\r\nHost: a\r\nEmpty:\r\n\r\n"
        "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        "\r\nPUT /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"
        "DELETE /z HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        CAPTURE(step);
        CHECK(read_all(text, step) == "GET /x?y \nPOST /p hello\nPUT /c abcd\nDELETE /z \n");
    }
}

TEST_CASE("no prefix of a request passes for a complete one", "[request_reader]") {
    const std::string text = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    for (std::size_t size = 1; size < text.size(); ++size) {
        CAPTURE(size);
        CHECK(read_all(text.substr(0, size), 3).find('\n') == std::string::npos);
    }
}

TEST_CASE("what a server must not accept is refused", "[request_reader]") {
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
    CHECK(refused(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") == "400");
    CHECK(refused(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n") == "400");
    CHECK(refused(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n") == "400");
    CHECK(refused(post + "Content-Length: +5\r\n\r\n") == "400");
    CHECK(refused(post + "Content-Length: 18446744073709551616\r\n\r\n") == "400");
    CHECK(refused(post + "Transfer-Encoding: xchunked\r\n\r\n") == "501");
    CHECK(refused(post + "Transfer-Encoding: gzip, chunked\r\n\r\n") == "501");
    CHECK(refused(post + " folded: line\r\n\r\n") == "400");
    CHECK(refused(post + "Space : before\r\n\r\n") == "400");
    CHECK(refused(post + "Host: b\r\n\r\n") == "400");
    CHECK(refused(post + "Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n") == "400");
    CHECK(refused("GET / HTTP/1.1\r\n\r\n") == "400");
    CHECK(refused("GET / HTTP/1.1\nHost: a\n\n") == "400");
    CHECK(refused("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == "400");
    CHECK(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == "505");
    CHECK(refused("\x16\x03\x01 not HTTP at all\r\n\r\n") == "400");
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n") == "400");
}

TEST_CASE("a broken chunk and a trailer are refused in the body", "[request_reader]") {
    const std::string chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(refused(chunked + "3\r\nabcX\r\n0\r\n\r\n") == "POST / abc400");
    CHECK(refused(chunked + "0x3\r\nabc\r\n0\r\n\r\n") == "POST / 400");
    CHECK(refused(chunked + "3\nabc\r\n0\r\n\r\n") == "POST / 400");
    CHECK(refused(chunked + "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n") == "POST / abc400");
}

TEST_CASE("a head has limits", "[request_reader]") {
    const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
    CHECK(refused(get + "X: " + std::string(request_reader::head_limit, 'x') + "\r\n\r\n") == "431");
    CHECK(refused("GET /" + std::string(request_reader::target_limit, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n") == "414");
    std::string many = get;
    for (std::size_t i = 0; i < request_reader::field_limit; ++i) many += "X: y\r\n";
    CHECK(refused(many + "\r\n") == "400");
    const std::string fits = get + "X: " + std::string(60'000, 'x') + "\r\n\r\n";
    CHECK(read_all(fits, 1000) == "GET / \n");
}
