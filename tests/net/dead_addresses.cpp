#include <hubpush/net/dead_addresses.hpp>

#include "catch.hpp"

#include <string>

using namespace hubpush;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

tcp::endpoint at(unsigned int number) { return {asio::ip::address_v4(0x0a000000 + number), 443}; }
const steady_time start{1h};

}  // namespace

TEST_CASE("an address that did not answer is tried last for a minute, and then as before") {
    detail::dead_addresses dead;
    const resolver::addresses before{at(1), at(2), at(3)};
    resolver::addresses list = before;
    dead.put_last(list, start);
    CHECK(list == before);
    dead.note(at(1), start);
    dead.put_last(list, start + 59s);
    CHECK(list == resolver::addresses{at(2), at(3), at(1)});
    list = before;
    dead.put_last(list, start + 60s);
    CHECK(list == before);
}

TEST_CASE("an address that answers again is forgotten, one that fails again is remembered anew") {
    detail::dead_addresses dead;
    dead.note(at(1), start);
    dead.note(at(2), start);
    dead.forget(at(2));
    dead.note(at(1), start + 30s);
    resolver::addresses list{at(1), at(2)};
    dead.put_last(list, start + 70s);
    CHECK(list == resolver::addresses{at(2), at(1)});
}

TEST_CASE("many dead addresses take little memory: the oldest are forgotten") {
    detail::dead_addresses dead;
    for (unsigned int i = 0; i < 1000; ++i) dead.note(at(i), start);
    resolver::addresses list{at(999), at(1000 - detail::dead_addresses::most), at(0), at(935)};
    dead.put_last(list, start);
    CHECK(list == resolver::addresses{at(0), at(935), at(999), at(936)});
}
