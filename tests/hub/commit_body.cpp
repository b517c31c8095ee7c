#include <hubpush/hub/commit_body.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/async/offload.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/exactly_once.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <sstream>

using namespace hubpush;

namespace {

/// Content in memory that a test can change behind the reader's back.
class test_content final : public byte_source {
public:
    explicit test_content(std::string text) : bytes(std::move(text)), announced_(bytes.size()) {}

    std::uint64_t size() const noexcept override { return announced_; }
    task<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
        co_return read_now(offset, out);
    }
    worker_pool* pool() const noexcept override { return blocks_on.get(); }
    std::size_t read_now(std::uint64_t offset, std::span<std::byte> out) override {
        ++reads;
        if (before_read) before_read();
        const std::size_t begin = std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(offset));
        const std::size_t count = std::min(out.size(), bytes.size() - begin);
        std::memcpy(out.data(), bytes.data() + begin, count);
        return count;
    }

    std::string bytes;
    std::shared_ptr<worker_pool> blocks_on;
    int reads = 0;
    std::function<void()> before_read;

private:
    std::uint64_t announced_;
};

std::string random_bytes(std::size_t size, std::uint32_t seed) {
    std::mt19937 engine(seed);
    std::string result(size, '\0');
    for (char& byte : result) byte = static_cast<char>(engine());
    return result;
}

commit_operation regular(const std::string& path, std::shared_ptr<test_content> bytes) {
    const std::string hash = to_hex(git_blob_hash::of(as_bytes(bytes->bytes)));
    return commit_operation::add_regular(path, std::move(bytes), hash);
}

commit_operation regular(const std::string& path, std::string text) {
    return regular(path, std::make_shared<test_content>(std::move(text)));
}

using operation_list_pointer = std::shared_ptr<const std::vector<commit_operation>>;

operation_list_pointer list(std::vector<commit_operation> operations) {
    return std::make_shared<const std::vector<commit_operation>>(std::move(operations));
}

/// A body that tells whether it was read to its end.
std::shared_ptr<detail::watched_source> watched(const commit_header& header, std::vector<commit_operation> operations) {
    return std::make_shared<detail::watched_source>(std::make_shared<commit_body>(header, list(std::move(operations))));
}

/// The same body, written the simple way.
std::string reference_body(const commit_header& header, const std::vector<commit_operation>& operations) {
    std::string result = "{\"key\":\"header\",\"value\":{\"summary\":\"" + header.summary() + "\",\"description\":\"" +
                         header.details() + "\"";
    if (!header.parent().empty()) result += ",\"parentCommit\":\"" + header.parent() + "\"";
    result += "}}\n";
    for (const commit_operation& each : operations) {
        if (each.type() == commit_operation::kind::add_regular) {
            const std::string& bytes = static_cast<const test_content&>(*each.bytes()).bytes;
            result += "{\"key\":\"file\",\"value\":{\"content\":\"" + to_base64(as_bytes(bytes)) + "\",\"path\":\"" +
                      each.path() + "\",\"encoding\":\"base64\"}}\n";
        } else if (each.type() == commit_operation::kind::add_lfs) {
            result += "{\"key\":\"lfsFile\",\"value\":{\"path\":\"" + each.path() +
                      "\",\"algo\":\"sha256\",\"oid\":\"" + each.hash() + "\",\"size\":" + std::to_string(each.size()) +
                      "}}\n";
        } else if (each.type() == commit_operation::kind::remove_file) {
            result += "{\"key\":\"deletedFile\",\"value\":{\"path\":\"" + each.path() + "\"}}\n";
        } else {
            result += "{\"key\":\"deletedFolder\",\"value\":{\"path\":\"" + each.path() + "/\"}}\n";
        }
    }
    return result;
}

/// Reads all of it with the given sizes of buffer, one after the other and again from the first.
task<std::string> read_all(std::shared_ptr<byte_source> source, std::vector<std::size_t> sizes) {
    std::string result;
    for (std::size_t turn = 0; result.size() < source->size(); ++turn) {
        std::vector<std::byte> buffer(sizes[turn % sizes.size()], std::byte{0xee});
        const std::size_t wanted =
            std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(source->size()) - result.size());
        const std::size_t count = co_await source->read_at(result.size(), buffer);
        if (count != wanted) throw_error(errc::internal, "a short read");
        result.append(reinterpret_cast<const char*>(buffer.data()), count);
    }
    co_return result;
}

std::vector<commit_operation> mixed_operations() {
    std::vector<commit_operation> operations;
    operations.push_back(commit_operation::remove_folder("old/"));
    const auto pool = std::make_shared<worker_pool>(1);
    for (std::size_t size = 0; size < 14; ++size) {
        auto bytes = std::make_shared<test_content>(random_bytes(size, static_cast<std::uint32_t>(size)));
        if (size % 3 != 0) bytes->blocks_on = pool;
        operations.push_back(regular("f" + std::to_string(size), std::move(bytes)));
    }
    operations.push_back(commit_operation::add_lfs("big.bin", std::string(64, 'c'), 123'456'789'012));
    operations.push_back(commit_operation::remove_file("gone.txt"));
    operations.push_back(regular("last", random_bytes(1000, 99)));
    return operations;
}

}  // namespace

CO_TEST_CASE("the body has exactly the bytes of the wire examples") {
    // hub-http-api.md §16.1, §16.2 and §16.5
    const auto first = std::make_shared<commit_body>(commit_header("Upload config.json with huggingface_hub"),
                                                     list({regular("config.json", "{\"a\":1}")}));
    CHECK(first->size() == 187);
    std::vector<std::size_t> sizes(1, 4096);
    const std::string text = co_await read_all(first, sizes);
    CHECK(text ==
          "{\"key\":\"header\",\"value\":{\"summary\":\"Upload config.json with "
          "huggingface_hub\",\"description\":\"\"}}\n"
          "{\"key\":\"file\",\"value\":{\"content\":\"eyJhIjoxfQ==\",\"path\":\"config.json\",\"encoding\":\"base64\"}}"
          "\n");
    const std::string oid = "cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc";
    CHECK(commit_body(commit_header("Upload z20.bin with huggingface_hub"),
                      list({commit_operation::add_lfs("z20.bin", oid, 20971520)}))
              .size() == 242);
    commit_header guarded("x");
    guarded.parent("1111111111111111111111111111111111111111");
    CHECK(commit_body(guarded, list({commit_operation::remove_file("config.json")})).size() == 169);
}

CO_TEST_CASE("every size of buffer gives the same bytes") {
    const commit_header header("m", "d");
    const std::vector<commit_operation> operations = mixed_operations();
    const std::string expected = reference_body(header, operations);
    for (std::size_t size = 1; size <= 97; ++size) {
        const auto body = watched(header, operations);
        REQUIRE(body->size() == expected.size());
        std::vector<std::size_t> sizes(1, size);
        const std::string got = co_await read_all(body, sizes);
        CHECK(got == expected);
        CHECK(body->read_to_the_end());
    }
}

CO_TEST_CASE("every offset and size gives the bytes that stand there") {
    const commit_header header("m");
    const std::vector<commit_operation> operations = mixed_operations();
    const std::string expected = reference_body(header, operations);
    commit_body body(header, list(operations));
    for (std::size_t offset = 0; offset <= expected.size(); offset += 1) {
        for (const std::size_t size : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 64U}) {
            std::vector<std::byte> buffer(size);
            const std::size_t count = co_await body.read_at(offset, buffer);
            const std::string_view got(reinterpret_cast<const char*>(buffer.data()), count);
            REQUIRE(got == std::string_view(expected).substr(offset, size));
        }
    }
}

CO_TEST_CASE("random sizes of buffers, and a second reading after a broken one, give the same bytes") {
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        std::mt19937 engine(seed);
        std::vector<commit_operation> operations;
        for (int file = 0; file < 6; ++file)
            operations.push_back(regular("f" + std::to_string(file),
                                         random_bytes(engine() % 300, static_cast<std::uint32_t>(engine()))));
        const commit_header header("m");
        const std::string expected = reference_body(header, operations);
        const auto body = std::make_shared<commit_body>(header, list(operations));
        std::vector<std::size_t> sizes;
        for (int i = 0; i < 50; ++i) sizes.push_back(1 + engine() % 40);
        std::vector<std::byte> broken(engine() % expected.size() + 1);
        co_await body->read_at(0, broken);
        const std::string got = co_await read_all(body, sizes);
        CHECK(got == expected);
    }
}

CO_TEST_CASE("every line is JSON that another reader understands, whatever stands in names and texts") {
    std::string nasty = "a\"\\\n\r\t\x01\x7f\xe2\x80\xa8\xc2\x85\xc3\xa9{}";
    std::vector<commit_operation> operations;
    operations.push_back(regular("q\"\xe2\x80\xa9 \xc3\xa9{}[],:", "x"));
    const auto body = std::make_shared<commit_body>(commit_header(nasty, nasty), list(operations));
    std::vector<std::size_t> sizes(1, 11);
    const std::string text = co_await read_all(body, sizes);
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    const auto header = nlohmann::json::parse(line);
    CHECK(header["value"]["summary"].get<std::string>() == nasty);
    CHECK(header["value"]["description"].get<std::string>() == nasty);
    std::getline(lines, line);
    CHECK(nlohmann::json::parse(line)["value"]["path"].get<std::string>() == operations[0].path());
}

CO_TEST_CASE("a file with other bytes than its hash never becomes a complete body") {
    for (const std::size_t size : {1U, 3U, 4U, 5U, 64U, 4096U}) {
        for (const std::size_t changed : {0U, 50U, 99U}) {
            const auto content = std::make_shared<test_content>(random_bytes(100, 1));
            std::vector<commit_operation> operations;
            operations.push_back(regular("a", content));
            operations.push_back(regular("b", "b"));
            content->bytes[changed] = static_cast<char>(content->bytes[changed] ^ 1);
            const auto body = watched(commit_header("m"), operations);
            std::vector<std::size_t> sizes(1, size);
            std::string path;
            try {
                co_await read_all(body, sizes);
            } catch (const file_changed& failure) {
                path = failure.file();
            }
            CHECK(path == "a");
            CHECK_FALSE(body->read_to_the_end());
        }
    }
}

CO_TEST_CASE("a file that changes while it is sent is never sent as a mixture") {
    // The change comes before each of its reads once. Either all bytes sent are the old ones, or the body fails.
    for (std::size_t size = 1; size <= 9; ++size) {
        for (int at = 1; at <= 40; ++at) {
            const auto content = std::make_shared<test_content>(std::string(23, 'a'));
            std::vector<commit_operation> operations;
            operations.push_back(regular("a", content));
            const std::string old = reference_body(commit_header("m"), operations);
            content->before_read = [&content, at] {
                if (content->reads == at) content->bytes.assign(23, 'b');
            };
            const auto body = watched(commit_header("m"), operations);
            std::vector<std::size_t> sizes(1, size);
            try {
                const std::string got = co_await read_all(body, sizes);
                CHECK(got == old);
            } catch (const file_changed&) {
                CHECK_FALSE(body->read_to_the_end());
            }
            content->before_read = nullptr;
        }
    }
}

CO_TEST_CASE("a file that became shorter is noticed") {
    const auto content = std::make_shared<test_content>(std::string(100, 'a'));
    std::vector<commit_operation> operations;
    operations.push_back(regular("a", content));
    content->bytes.resize(99);
    const auto body = std::make_shared<commit_body>(commit_header("m"), list(operations));
    bool noticed = false;
    std::vector<std::size_t> sizes(1, 4096);
    try {
        co_await read_all(body, sizes);
    } catch (const file_changed& failure) {
        noticed = std::string(failure.what()).find("shorter") != std::string::npos;
    }
    CHECK(noticed);
}

TEST_CASE("the length is known without a look into any file") {
    const auto content = std::make_shared<test_content>(std::string(1000, 'a'));
    const commit_body body(commit_header("m"), list({regular("a", content)}));
    CHECK(body.size() > 1336);
    CHECK(content->reads == 0);
}
