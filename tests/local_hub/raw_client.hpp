#pragma once

#include "catch.hpp"

#include <hubpush/local_hub/local_hub_thread.hpp>

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace hubpush_test {

/// An answer taken apart by hand.
struct raw_reply {
    int status = 0;
    std::string head;
    std::string body;

    /// The value of a field whose name is written as the server writes it; empty when there is none.
    std::string field(const std::string& name) const {
        const std::size_t at = head.find("\r\n" + name + ": ");
        if (at == std::string::npos) return "";
        const std::size_t begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }
    nlohmann::json json() const { return nlohmann::json::parse(body); }
};

/// Catch's own macros must not be used on other threads, where some tests ask.
inline void require(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(what);
}

/// True as soon as `condition` holds; false when it does not within half a minute.
template <class Condition>
bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::yield();
    }
    return true;
}

/// A socket and hand-written bytes: shares no code with the client that is to be tested against this server. Nothing
/// here waits for more than half a minute.
class raw_connection {
public:
    explicit raw_connection(const std::string& url) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
        const timeval limit{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        require(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "cannot connect");
    }
    raw_connection(const raw_connection&) = delete;
    raw_connection& operator=(const raw_connection&) = delete;
    ~raw_connection() { ::close(socket_); }

    /// False when the peer does not take it all.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    void finish_sending() { ::shutdown(socket_, SHUT_WR); }

    /// Adds what comes next to `unread()`. 0 at the end, -1 with `errno` when the connection is reset or silent.
    ssize_t receive() {
        char bytes[65536];
        ssize_t size = -1;
        do {
            size = ::recv(socket_, bytes, sizeof bytes, 0);
        } while (size < 0 && errno == EINTR);  // a socket with a time limit is interrupted by the end of a git process
        if (size > 0) unread_.append(bytes, static_cast<std::size_t>(size));
        return size;
    }

    /// True when the next thing that comes is a reset.
    bool is_reset() { return receive() == -1 && errno == ECONNRESET; }
    /// Everything until the peer ends the connection.
    std::string receive_all() {
        while (receive() > 0) {
        }
        return unread_;
    }

    /// The next answer, by its Content-Length. Throws when there is none.
    raw_reply reply(bool without_body = false) {
        while (unread_.find("\r\n\r\n") == std::string::npos)
            require(receive() > 0, "the answer does not come to its end");
        raw_reply result;
        const std::size_t end = unread_.find("\r\n\r\n") + 4;
        result.head = unread_.substr(0, end);
        unread_.erase(0, end);
        result.status = std::stoi(result.head.substr(9, 3));
        const std::string length = result.field("Content-Length");
        const std::size_t size = without_body || length.empty() ? 0 : static_cast<std::size_t>(std::stoull(length));
        while (unread_.size() < size) require(receive() > 0, "the answer does not come to its end");
        result.body = unread_.substr(0, size);
        unread_.erase(0, size);
        return result;
    }

    raw_reply ask(std::string_view request, bool without_body = false) {
        require(send(request), "the request cannot be sent");
        return reply(without_body);
    }

private:
    int socket_;
    std::string unread_;
};

/// A request as text. Every one names its host, its token and its length as a client would.
inline std::string request_text(const std::string& method, const std::string& target, const std::string& token = "",
                                const std::string& body = "", const std::string& more_fields = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:1\r\n";
    if (!token.empty()) text += "authorization: Bearer " + token + "\r\n";
    if (!body.empty() || method == "PUT" || method == "POST")
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + more_fields + "\r\n" + body;
}

/// A server with a writer and a reader, and shorthands for what most tests do first.
class hub_fixture {
public:
    static constexpr const char* token = "hf_exampleAAAA";
    static constexpr const char* reader = "hf_readerBBBB";

    static hubpush::local_hub_options options(const std::filesystem::path& folder) {
        hubpush::local_hub_options result(folder);
        result.token(hubpush::hub_token("acme", hubpush::secret(token)));
        result.token(hubpush::hub_token("bob", hubpush::secret(reader), hubpush::token_role::read));
        return result;
    }

    explicit hub_fixture(const std::filesystem::path& folder) : hub(options(folder)) {}
    explicit hub_fixture(const hubpush::local_hub_options& given) : hub(given) {}

    /// One request on a connection of its own.
    raw_reply ask(const std::string& method, const std::string& target, const std::string& body = "",
                  const std::string& as = token) {
        raw_connection connection(hub.url());
        return connection.ask(request_text(method, target, as, body), method == "HEAD");
    }
    raw_reply ask_storage(const std::string& method, const std::string& href, const std::string& body = "",
                          const std::string& more_fields = "") {
        raw_connection connection(hub.storage_url());
        const std::string target = href.substr(href.find('/', 7));
        return connection.ask(request_text(method, target, "", body, more_fields), method == "HEAD");
    }

    void create(const std::string& visibility = "public") {
        const std::string body = R"({"name":"run-42","organization":"acme","visibility":")" + visibility + "\"}";
        REQUIRE(ask("POST", "/api/repos/create", body).status == 200);
    }
    raw_reply commit(const std::string& lines, const std::string& header = R"({"summary":"x","description":""})") {
        return ask("POST", "/api/models/acme/run-42/commit/main",
                   R"({"key":"header","value":)" + header + "}\n" + lines);
    }
    nlohmann::json commits() { return ask("GET", "/api/models/acme/run-42/commits/main").json(); }
    std::string head() { return ask("GET", "/api/models/acme/run-42").json()["sha"]; }
    nlohmann::json batch(const std::string& operation, const std::string& oid, std::size_t size) {
        const nlohmann::json asked{{"operation", operation}, {"objects", {{{"oid", oid}, {"size", size}}}}};
        return ask("POST", "/acme/run-42.git/info/lfs/objects/batch", asked.dump()).json()["objects"][0];
    }

    hubpush::local_hub_thread hub;
};

inline const std::string hello_line =
    R"({"key":"file","value":{"content":"aGVsbG8K","path":"hello.txt","encoding":"base64"}})"
    "\n";
inline const std::string hello_sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

}  // namespace hubpush_test
