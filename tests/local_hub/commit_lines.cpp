#include <hubpush/local_hub/commit_lines.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/reply.hpp>

#include <filesystem>
#include <string>

namespace {

using namespace hubpush;
using namespace hubpush::detail;

const std::string header = R"({"key":"header","value":{"summary":"s","description":"d","parentCommit":"ABCDE"}})"
                           "\n";
const std::string file = R"({"key": "file", "value": {"content": "aGVsbG8K", "path": "a.txt", "encoding": "base64"}})"
                         "\n";

std::shared_ptr<content_spool> make_spool() {
    return std::make_shared<content_spool>(std::make_shared<worker_pool>(0), std::filesystem::temp_directory_path());
}

commit_order read(const std::string& body, std::size_t step = 1 << 20) {
    commit_line_reader reader(make_spool());
    for (std::size_t at = 0; at < body.size(); at += step)
        reader.feed(as_bytes(std::string_view(body).substr(at, step)));
    return reader.finish();
}

/// The status with which a body is refused; 0 when it is not.
int refusal_of(const std::string& body) {
    try {
        read(body);
        return 0;
    } catch (const refusal& refused) {
        return refused.reply().status();
    }
}

std::string line(const std::string& key, const std::string& value) {
    return R"({"key":")" + key + R"(","value":)" + value + "}\n";
}

}  // namespace

CO_TEST_CASE("a commit is read the same however its bytes are cut", "[commit_lines]") {
    const std::string body =
        header + "\n" + file +
        line("lfsFile", R"({"path":"b","algo":"sha256","oid":")" + std::string(64, 'a') + R"(","size":7})") +
        line("deletedFile", R"({"path":"c"})") + R"({"key":"deletedFolder","value":{"path":"d/"}})";
    for (std::size_t step = 1; step < body.size(); step += 7) {
        const commit_order order = read(body, step);
        CHECK(order.summary == "s");
        CHECK(order.description == "d");
        CHECK(order.parent == "abcde");
        REQUIRE(order.operations.size() == 4);
        CHECK(order.operations[1].size == 7);
        CHECK(order.operations[3].path == "d");
        std::string content(10, '?');
        const std::size_t size =
            co_await order.operations[0].content->read_at(0, std::as_writable_bytes(std::span(content)));
        CHECK(content.substr(0, size) == "hello\n");
    }
}

CO_TEST_CASE("contents stand one after the other in one file", "[commit_lines]") {
    const commit_order order =
        read(header + file + line("file", R"({"content":"gr\u00fc\u00df","path":"b","encoding":"utf-8"})"));
    std::string content(10, '?');
    const std::size_t size =
        co_await order.operations[1].content->read_at(1, std::as_writable_bytes(std::span(content)));
    CHECK(content.substr(0, size) == "r\xc3\xbc\xc3\x9f");
    CHECK(order.operations[1].content->size() == 6);
}

TEST_CASE("a commit that says nothing or nonsense is refused", "[commit_lines]") {
    CHECK(refusal_of(header + file) == 0);
    CHECK(refusal_of("") == 400);
    CHECK(refusal_of(header) == 400);
    CHECK(refusal_of(file) == 400);
    CHECK(refusal_of(R"({"key":"header","value":{"summary":""}})"
                     "\n" +
                     file) == 400);
    CHECK(refusal_of(header + "{\n") == 400);
    CHECK(refusal_of(header + "[]\n") == 400);
    CHECK(refusal_of(header + line("copyFile", "{}")) == 400);
    CHECK(refusal_of(header + line("file", R"({"content":"a","path":"b","encoding":"base64"})")) == 400);
    CHECK(refusal_of(header + line("file", R"({"content":"a","path":"b","encoding":"utf-16"})")) == 400);
    CHECK(refusal_of(header + line("lfsFile", R"({"path":"b","algo":"sha256","oid":"xy"})")) == 400);
    for (const std::string size : {"-1", "1.5", "1e400", "18446744073709551616"}) {
        CAPTURE(size);
        CHECK(refusal_of(header + line("lfsFile", R"({"path":"b","oid":")" + std::string(64, 'a') + R"(","size":)" +
                                                      size + "}")) == 400);
    }
}

TEST_CASE("paths that leave the repository or upset git are refused with their line", "[commit_lines]") {
    for (const std::string& path :
         std::vector<std::string>{"", "/a", "a//b", "a/../b", "./a", ".git/config", "a/.GIT/b", R"(a\\b)", R"(a\nb)",
                                  "a/", std::string(5000, 'a')}) {
        CAPTURE(path);
        const std::string nothing_follows =
            header + line("file", R"({"content":"","encoding":"utf-8","path":")" + path + "\"}");
        commit_line_reader reader(make_spool());
        CHECK_THROWS_AS(reader.feed(as_bytes(nothing_follows)), refusal);
        CHECK(refusal_of(nothing_follows) == 422);
    }
    CHECK(refusal_of(header + line("deletedFolder", R"({"path":"dir//"})")) == 422);
    CHECK(refusal_of(header + line("deletedFile", R"({"path":"dir/"})")) == 422);
}

TEST_CASE("a commit cannot cost more than its limits", "[commit_lines]") {
    CHECK(refusal_of(header + line("file", std::string(200, '[') + std::string(200, ']'))) == 400);
    CHECK(refusal_of(header + std::string(commit_line_reader::line_limit + 1, ' ')) == 413);
    const std::string ten_mebibytes(commit_line_reader::content_limit, 'x');
    CHECK(refusal_of(header + line("file", R"({"path":"b","encoding":"utf-8","content":")" + ten_mebibytes + "\"}")) ==
          0);
    CHECK(refusal_of(header + line("file", R"({"path":"b","encoding":"utf-8","content":"x)" + ten_mebibytes + "\"}")) ==
          400);
}
