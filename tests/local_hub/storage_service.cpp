#include <hubpush/local_hub/storage_service.hpp>

#include "catch.hpp"
#include "raw_client.hpp"
#include "temporary_folder.hpp"

#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include <string>

using namespace hubpush_test;

namespace {

/// A repository, and a link by which hello.txt may be stored in it.
class storage_fixture : public hub_fixture {
public:
    explicit storage_fixture(const hubpush::local_hub_options& given) : hub_fixture(given) {
        create();
        upload = batch("upload", hello_sha256, 6)["actions"]["upload"]["href"];
    }
    std::string download() { return batch("download", hello_sha256, 6)["actions"]["download"]["href"]; }

    std::string upload;
};

}  // namespace

TEST_CASE("the storage refuses a token before it looks at anything else", "[storage_service]") {
    const temporary_folder folder;
    storage_fixture test(hub_fixture::options(folder.path()));
    CHECK(test.ask_storage("PUT", test.upload, "hello\n", "Authorization: Bearer hf_exampleAAAA\r\n").status == 400);
    CHECK(test.ask_storage("PUT", "http://x/nowhere", "", "Authorization: x\r\n").status == 400);
    CHECK(test.hub.ledger().snapshot().back().authorization);
}

TEST_CASE("only the signed link works, and only for its method", "[storage_service]") {
    const temporary_folder folder;
    storage_fixture test(hub_fixture::options(folder.path()));
    const raw_reply refused = test.ask_storage("PUT", test.upload + "0", "hello\n");
    CHECK(refused.status == 403);
    CHECK(refused.field("Content-Type") == "application/xml");
    CHECK(test.ask_storage("GET", test.upload).status == 403);
    CHECK(test.ask_storage("POST", test.upload, "x").status == 405);
    CHECK(test.ask_storage("PUT", test.upload, "hello\n").status == 200);
    CHECK(test.ask_storage("PUT", test.download(), "hello\n").status == 403);
}

TEST_CASE("a link has an end", "[storage_service]") {
    const temporary_folder folder;
    storage_fixture test(hub_fixture::options(folder.path()).link_life(std::chrono::seconds(-1)));
    const raw_reply refused = test.ask_storage("PUT", test.upload, "hello\n");
    CHECK(refused.status == 403);
    CHECK(refused.body.find("Request has expired") != std::string::npos);
}

TEST_CASE("content that is not what was announced is not stored", "[storage_service]") {
    const temporary_folder folder;
    storage_fixture test(hub_fixture::options(folder.path()));
    CHECK(test.ask_storage("PUT", test.upload, "hello!").status == 400);
    raw_connection chunked(test.hub.storage_url());
    const std::string target = test.upload.substr(test.upload.find('/', 7));
    CHECK(chunked
              .ask("PUT " + target +
                   " HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n")
              .status == 501);
    {
        raw_connection cut(test.hub.storage_url());
        cut.send("PUT " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nhell");
        cut.finish_sending();
        CHECK(cut.receive_all().empty());
    }
    CHECK(test.batch("upload", hello_sha256, 6).contains("actions"));
    CHECK(std::filesystem::is_empty(test.hub.repository_path("acme/run-42") / "lfs/tmp"));
}

TEST_CASE("objects are read in parts", "[storage_service]") {
    const temporary_folder folder;
    storage_fixture test(hub_fixture::options(folder.path()));
    REQUIRE(test.ask_storage("PUT", test.upload, "hello\n").status == 200);
    const std::string link = test.download();
    CHECK(test.ask_storage("GET", link).body == "hello\n");
    CHECK(test.ask_storage("HEAD", link).field("Content-Length") == "6");
    CHECK(test.ask_storage("GET", link, "", "Range: bytes=2-\r\n").body == "llo\n");
    CHECK(test.ask_storage("GET", link, "", "Range: bytes=0-0\r\n").field("Content-Range") == "bytes 0-0/6");
    CHECK(test.ask_storage("GET", link, "", "Range: bytes=9-\r\n").status == 416);
}

TEST_CASE("a large file passes through a small memory budget, both ways", "[storage_service]") {
    const temporary_folder folder;
    const hubpush::memory_budget memory(hubpush::mebibytes(1));
    storage_fixture test(hub_fixture::options(folder.path()).memory(memory));
    std::string content(48 << 20, 'x');
    for (std::size_t at = 0; at < content.size(); at += 1000) content[at] = static_cast<char>(at / 1000);
    const std::string oid = hubpush::to_hex(hubpush::sha256::of(hubpush::as_bytes(content)));
    const std::string link = test.batch("upload", oid, content.size())["actions"]["upload"]["href"];
    REQUIRE(test.ask_storage("PUT", link, content).status == 200);
    const std::string back = test.batch("download", oid, content.size())["actions"]["download"]["href"];
    CHECK((test.ask_storage("GET", back).body == content));
    CHECK(memory.peak() <= hubpush::mebibytes(1));
    CHECK(memory.peak() > 0);
}

TEST_CASE("faults lose a byte, a file or a field", "[storage_service]") {
    const temporary_folder folder;
    hub_fixture test(folder.path());
    test.create();
    const auto put = [&test] {
        return test.ask_storage("PUT", test.batch("upload", hello_sha256, 6)["actions"]["upload"]["href"], "hello\n");
    };
    test.hub.faults().add(hubpush::fault_rule("PUT", hello_sha256, hubpush::fault::store_nothing()).nth(1));
    test.hub.faults().add(hubpush::fault_rule("PUT", hello_sha256, hubpush::fault::drop_field("etag")).nth(2));
    CHECK(put().status == 200);
    CHECK(test.batch("upload", hello_sha256, 6).contains("actions"));
    const raw_reply without = put();
    CHECK(without.status == 200);
    CHECK(without.field("ETag").empty());
    const std::string stored = test.batch("download", hello_sha256, 6)["actions"]["download"]["href"];
    CHECK(test.ask_storage("GET", stored).body == "hello\n");
    test.hub.faults().add(hubpush::fault_rule("PUT", hello_sha256, hubpush::fault::store_flipped()));
    const std::string link =
        test.ask("POST", "/acme/run-42.git/info/lfs/objects/batch",
                 R"({"operation":"upload","objects":[{"oid":")" + hello_sha256 + R"(","size":7}]})")
            .json()["objects"][0]["actions"]["upload"]["href"];
    CHECK(test.ask_storage("PUT", link, "hello\n").status == 200);
    CHECK(test.ask_storage("GET", stored).body == "iello\n");
}
