#include <hubpush/local_hub/ledger.hpp>

#include "catch.hpp"

#include <thread>
#include <vector>

using namespace hubpush;

namespace {

request_record get(const std::string& target) {
    request_record record;
    record.method = "GET";
    record.target = target;
    return record;
}

}  // namespace

TEST_CASE("requests are numbered, changed by number, and counted", "[ledger]") {
    request_ledger ledger(10'000);
    CHECK(ledger.begin(get("/a?x=/b")) == 1);
    CHECK(ledger.begin(get("/b")) == 2);
    ledger.update(2, [](request_record& record) { record.status = 200; });
    CHECK(ledger.snapshot()[1].status == 200);
    CHECK(ledger.count("GET", "/b") == 1);
    CHECK(ledger.count("PUT", "/b") == 0);
}

TEST_CASE("after clearing numbers go on and old ones change nothing", "[ledger]") {
    request_ledger ledger(10'000);
    ledger.begin(get("/a"));
    ledger.clear();
    CHECK(ledger.begin(get("/b")) == 2);
    ledger.update(1, [](request_record& record) { record.status = 500; });
    ledger.update(3, [](request_record& record) { record.status = 500; });
    CHECK(ledger.snapshot().size() == 1);
    CHECK(ledger.snapshot()[0].status == 0);
}

TEST_CASE("above the limit the oldest records are forgotten, and numbers go on", "[ledger]") {
    request_ledger ledger(2);
    for (const char* target : {"/a", "/b", "/c"}) ledger.begin(get(target));
    CHECK(ledger.begin(get("/d")) == 4);
    ledger.update(2, [](request_record& record) { record.status = 500; });
    ledger.update(3, [](request_record& record) { record.status = 200; });
    const std::vector<request_record> records = ledger.snapshot();
    REQUIRE(records.size() == 2);
    CHECK(records[0].target == "/c");
    CHECK(records[0].status == 200);
    CHECK(records[1].number == 4);
    CHECK(records[1].status == 0);
    CHECK(ledger.count("GET", "/b") == 0);
}

TEST_CASE("a ledger that remembers nothing still counts", "[ledger]") {
    request_ledger ledger(0);
    CHECK(ledger.begin(get("/a")) == 1);
    CHECK(ledger.begin(get("/b")) == 2);
    ledger.update(2, [](request_record& record) { record.status = 500; });
    CHECK(ledger.snapshot().empty());
}

TEST_CASE("many threads write and read at once", "[ledger]") {
    request_ledger ledger(10'000);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&ledger] {
            for (int n = 0; n < 500; ++n) {
                const std::uint64_t number = ledger.begin(get("/a"));
                ledger.update(number, [](request_record& record) { record.finished = true; });
                if (n % 100 == 0) ledger.snapshot();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(ledger.snapshot().size() == 2000);
    for (const request_record& record : ledger.snapshot()) CHECK(record.finished);
}
