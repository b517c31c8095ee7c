#include <hubpush/hub/creation_grace.hpp>

#include "catch.hpp"

using hubpush::creation_grace;
using hubpush::repo_type;
using hubpush::repository;

TEST_CASE("a repository is young for a while, under all its addresses and no others") {
    creation_grace young;
    const hubpush::steady_time now{};
    CHECK_FALSE(young.covers("/api/datasets/acme/x", now));
    young.created(repository("acme/x", repo_type::dataset), now);
    for (const char* path :
         {"/api/datasets/acme/x", "/api/datasets/acme/x/preupload/main", "/api/datasets/acme/x?a=1",
          "/api/datasets/Acme/X/tree/main?recursive=true", "/datasets/acme/x.git/info/lfs/objects/batch"}) {
        CAPTURE(path);
        CHECK(young.covers(path, now));
        CHECK(young.covers(path, now + creation_grace::length - std::chrono::nanoseconds(1)));
        CHECK_FALSE(young.covers(path, now + creation_grace::length));
    }
    for (const char* path : {"/api/datasets/acme/x2", "/api/datasets/acme", "/api/models/acme/x", "/api/datasets/", "",
                             "/api/repos/create", "/acme/x.git/info/lfs/objects/batch"}) {
        CAPTURE(path);
        CHECK_FALSE(young.covers(path, now));
    }
}

TEST_CASE("only so many are remembered, the latest ones") {
    creation_grace young;
    const hubpush::steady_time now{};
    for (std::size_t i = 0; i <= creation_grace::most; ++i)
        young.created(repository("acme/x" + std::to_string(i)), now);
    CHECK_FALSE(young.covers("/api/models/acme/x0", now));
    CHECK(young.covers("/api/models/acme/x1", now));
    CHECK(young.covers("/api/models/acme/x" + std::to_string(creation_grace::most), now));
}
