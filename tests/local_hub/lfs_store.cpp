#include <hubpush/local_hub/lfs_store.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hash/text.hpp>

#include <string>

using namespace hubpush;
using namespace hubpush::detail;

TEST_CASE("a pointer file is what git-lfs writes", "[lfs_store]") {
    const std::string oid = "cd52d81e25f372e6fa4db2c0dfceb59862c1969cab17096da352b34950c973cc";
    const std::string text = lfs_pointer(oid, 20971520).text();
    // spec/hub-http-api.md §14.5
    CHECK(text.size() == 133);
    CHECK(to_hex(git_blob_hash::of(as_bytes(text))) == "dfc37c82187ece3b7f025b3ddedb667cb797e5cc");
    REQUIRE(lfs_pointer::parse(text));
    CHECK(lfs_pointer::parse(text)->oid() == oid);
    CHECK(lfs_pointer::parse(text)->size() == 20971520);
    for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(lfs_pointer::parse(text.substr(0, size)));
    CHECK_FALSE(lfs_pointer::parse(text + "x"));
    CHECK_FALSE(lfs_pointer::parse(text.substr(0, 126) + " 20971520\n"));
}

TEST_CASE("an object appears complete or not at all", "[lfs_store]") {
    const hubpush_test::temporary_folder folder;
    const lfs_store store(folder.path());
    const std::string oid(64, 'a');
    {
        lfs_upload upload(store.folder(), oid, 1);
        upload.append(as_bytes("half"));
        CHECK_FALSE(store.size_of(oid));
    }
    CHECK(std::filesystem::is_empty(store.folder() / "tmp"));
    lfs_upload upload(store.folder(), oid, 2);
    upload.append(as_bytes("whole"));
    upload.keep();
    CHECK(store.size_of(oid) == 5);
    CHECK(store.path_of(oid) == folder.path() / "lfs/objects/aa/aa" / oid);
    const stored_object object(store.path_of(oid));
    std::string content(3, '?');
    CHECK(object.read_at(2, std::as_writable_bytes(std::span(content))) == 3);
    CHECK(content == "ole");
    CHECK_FALSE(store.size_of("../../../etc/passwd"));
}

TEST_CASE("a large file does not bring a deleted repository back", "[lfs_store]") {
    const hubpush_test::temporary_folder folder;
    const std::string oid(64, 'a');
    const lfs_store deleted(folder.path() / "deleted.git");
    CHECK_THROWS_AS(lfs_upload(deleted.folder(), oid, 1), hubpush::error);
    folder.write("doomed.git/HEAD", "");
    folder.write("source.git/lfs/objects/aa/aa/" + oid, "x");
    lfs_upload upload(lfs_store(folder.path() / "doomed.git").folder(), oid, 1);
    std::filesystem::remove_all(folder.path() / "doomed.git");
    CHECK_THROWS_AS(upload.keep(), hubpush::error);
    CHECK_FALSE(lfs_store(folder.path() / "source.git").share_with(deleted, oid));
    CHECK_FALSE(std::filesystem::exists(deleted.folder().parent_path()));
    CHECK_FALSE(std::filesystem::exists(folder.path() / "doomed.git"));
}

TEST_CASE("what a killed server left is removed", "[lfs_store]") {
    const hubpush_test::temporary_folder folder;
    folder.write("lfs/tmp/half", "x");
    lfs_store(folder.path()).remove_unfinished();
    CHECK_FALSE(std::filesystem::exists(folder.path() / "lfs/tmp"));
}
