#include <hubpush/local_hub/git_http.hpp>

#include "catch.hpp"
#include "co_test.hpp"
#include "temporary_folder.hpp"

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/error.hpp>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace hubpush;

class text_body final : public body_reader {
public:
    explicit text_body(std::string text = {}) : text_(std::move(text)) {}
    task<std::size_t> read_some(std::span<std::byte> out) override {
        if (fails_) throw_error(errc::transport, "the client is gone");
        const std::size_t count = std::min({out.size(), text_.size() - offset_, std::size_t{1000}});
        std::copy_n(std::as_bytes(std::span(text_)).begin() + static_cast<std::ptrdiff_t>(offset_), count, out.begin());
        offset_ += count;
        co_return count;
    }
    void fail() { fails_ = true; }

private:
    std::string text_;
    std::size_t offset_ = 0;
    bool fails_ = false;
};

class text_answer final : public response_writer {
public:
    task<void> head(int status, std::vector<std::pair<std::string, std::string>> fields) override {
        status_ = status;
        fields_ = std::move(fields);
        co_return;
    }
    task<void> write(std::span<const std::byte> bytes) override {
        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        co_return;
    }
    int status() const { return status_; }
    std::string field(std::string_view name) const {
        for (const auto& [key, value] : fields_) {
            if (key == name) return value;
        }
        return {};
    }

    std::string body;

private:
    int status_ = 0;
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A repository with one file.
class fixture {
public:
    task<void> create() {
        const git_author author("A", "a@b", std::chrono::sys_seconds(std::chrono::seconds(1'790'000'000)));
        const auto pool = std::make_shared<worker_pool>(0);
        std::filesystem::path path = folder.path() / "r.git";
        repository = co_await git_repository::create(pool, path, "attributes", author);
        const auto id = co_await repository->resolve("main");
        head = id.value();
    }
    task<void> serve(git_http_request request, std::string body) {
        text_body reader(std::move(body));
        answer = text_answer();
        co_await serve_git(*repository, request, reader, answer);
    }

    hubpush_test::temporary_folder folder;
    std::shared_ptr<git_repository> repository;
    std::string head;
    text_answer answer;
};

git_http_request fetch_request() {
    git_http_request request("POST", "git-upload-pack", "");
    request.content_type("application/x-git-upload-pack-request");
    return request;
}

std::string packet(std::string_view line) {
    constexpr std::string_view digits = "0123456789abcdef";
    const std::size_t length = line.size() + 4;
    std::string result = "00";
    result += digits[length / 16];
    result += digits[length % 16];
    return result.append(line);
}

/// A whole clone in the first version of the protocol.
std::string want(const std::string& id) { return packet("want " + id + " ofs-delta\n") + "0000" + packet("done\n"); }

}  // namespace

CO_TEST_CASE("the list of refs is served in both versions of the protocol", "[git_http]") {
    fixture test;
    co_await test.create();
    git_http_request request("GET", "info/refs", "service=git-upload-pack");
    co_await test.serve(request, "");
    CHECK(test.answer.status() == 200);
    CHECK(test.answer.field("Content-Type") == "application/x-git-upload-pack-advertisement");
    CHECK(test.answer.body.starts_with("001e# service=git-upload-pack\n"));
    CHECK(test.answer.body.find(test.head + " refs/heads/main") != std::string::npos);
    request.protocol("version=2");
    co_await test.serve(request, "");
    CHECK(test.answer.status() == 200);
    CHECK(test.answer.body.find("version 2") != std::string::npos);
}

CO_TEST_CASE("a fetch gets a pack, also when its request is compressed", "[git_http]") {
    fixture test;
    co_await test.create();
    std::string wanted = want(test.head);
    co_await test.serve(fetch_request(), wanted);
    CHECK(test.answer.status() == 200);
    CHECK(test.answer.field("Content-Type") == "application/x-git-upload-pack-result");
    CHECK(test.answer.body.starts_with("0008NAK\nPACK"));
    const std::string plain = test.answer.body;

    child_command gzip("gzip");
    gzip.argument("-c").input(wanted);
    const child_result compressed = co_await run_child(gzip, 10'000);
    git_http_request request = fetch_request();
    request.content_encoding("gzip");
    std::string body = compressed.output();
    co_await test.serve(request, body);
    CHECK(test.answer.body == plain);
}

CO_TEST_CASE("a request with very many haves gets all its answers", "[git_http]") {
    fixture test;
    co_await test.create();
    std::string body = packet("want " + test.head + " multi_ack_detailed\n") + "0000";
    for (int i = 0; i < 40'000; ++i) body += packet("have " + test.head + "\n");
    body += packet("done\n");
    co_await test.serve(fetch_request(), body);
    CHECK(test.answer.status() == 200);
    CHECK(test.answer.body.size() > 1'000'000);
}

CO_TEST_CASE("pushing is refused, and so is everything but the smart protocol", "[git_http]") {
    fixture test;
    co_await test.create();
    for (const auto& [method, path, query] :
         {std::tuple("GET", "info/refs", "service=git-receive-pack"), std::tuple("POST", "git-receive-pack", ""),
          std::tuple("GET", "info/refs", ""), std::tuple("GET", "git-upload-pack", ""),
          std::tuple("GET", "config", "")}) {
        git_http_request request(method, path, query);
        co_await test.serve(request, "");
        INFO(method << ' ' << path << ' ' << query);
        CHECK(test.answer.status() == 403);
        CHECK(test.answer.body.empty());
    }
    CHECK(is_git_request(git_http_request("POST", "git-receive-pack", "")));
    CHECK_FALSE(is_git_request(git_http_request("GET", "config", "")));
    CHECK_FALSE(is_git_request(git_http_request("GET", "objects/info/packs", "")));
}

CO_TEST_CASE("a body of the wrong type is refused by git itself", "[git_http]") {
    fixture test;
    co_await test.create();
    git_http_request request("POST", "git-upload-pack", "");
    request.content_type("text/plain");
    co_await test.serve(request, "x");
    CHECK(test.answer.status() == 415);
}

CO_TEST_CASE("what git refuses inside its protocol is an ordinary answer", "[git_http]") {
    fixture test;
    co_await test.create();
    std::string body = want(std::string(40, '1'));
    co_await test.serve(fetch_request(), body);
    CHECK(test.answer.status() == 200);
    CHECK(test.answer.body.find("ERR upload-pack: not our ref") != std::string::npos);
}

CO_TEST_CASE("a client that goes away while it sends ends git", "[git_http]") {
    fixture test;
    co_await test.create();
    text_body body;
    body.fail();
    bool failed = false;
    try {
        co_await serve_git(*test.repository, fetch_request(), body, test.answer);
    } catch (const error& failure) {
        failed = failure.kind() == errc::transport;
    }
    CHECK(failed);
    siginfo_t info{};
    CHECK(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == -1);
}

CO_TEST_CASE("a repository that is gone is an error before the head", "[git_http]") {
    fixture test;
    co_await test.create();
    std::filesystem::remove_all(test.repository->path());
    git_http_request request("GET", "info/refs", "service=git-upload-pack");
    co_await test.serve(request, "");
    CHECK(test.answer.status() == 404);
}
