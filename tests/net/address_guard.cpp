#include <hubpush/net/address_guard.hpp>

#include "catch.hpp"

#include <hubpush/core/error.hpp>

#include <string>
#include <vector>

using namespace hubpush;

namespace {

asio::ip::address address(const std::string& text) { return asio::ip::make_address(text); }

resolver::addresses addresses(const std::vector<std::string>& texts) {
    resolver::addresses result;
    for (const std::string& each : texts) result.emplace_back(address(each), 443);
    return result;
}

const origin endpoint("https", "hub.example", 443);
const origin storage("https", "storage.example", 443);

/// How many of the addresses of `where` may be used; 0 with the error of its own kind.
std::size_t left(address_guard& guard, const origin& where, const std::vector<std::string>& texts) {
    resolver::addresses list = addresses(texts);
    try {
        guard.filter(where, list);
    } catch (const error& failure) {
        CHECK(failure.kind() == errc::private_address);
        CHECK_FALSE(failure.retryable());
        CHECK_FALSE(failure.reached_server());
        CHECK(std::string(failure.what()) ==
              "the server at https://hub.example names " + where.text() + ", which is a private address");
        CHECK(failure.hint().find("allow_private_addresses()") != std::string::npos);
        return 0;
    }
    return list.size();
}

}  // namespace

TEST_CASE("addresses that not everybody on the Internet can have are told apart") {
    for (const char* each : {"0.0.0.0",
                             "0.1.2.3",
                             "10.0.0.1",
                             "10.255.255.255",
                             "100.64.0.1",
                             "100.127.255.255",
                             "127.0.0.1",
                             "127.9.9.9",
                             "169.254.169.254",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.0.1",
                             "224.0.0.1",
                             "239.1.1.1",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "::ffff:10.0.0.1",
                             "::ffff:127.0.0.1",
                             "::ffff:169.254.169.254",
                             "::10.0.0.1",
                             "64:ff9b::10.0.0.1",
                             "64:ff9b::7f00:1",
                             "2002:a00:1::",
                             "2002:7f00:1::1",
                             "fc00::1",
                             "fdff::1",
                             "fe80::1",
                             "fe80::1%1",
                             "febf::1",
                             "fec0::1",
                             "ff02::1",
                             "ff0e::1"}) {
        CAPTURE(each);
        CHECK_FALSE(detail::is_public_address(address(each)));
    }
    for (const char* each :
         {"1.1.1.1",     "9.255.255.255",   "11.0.0.0",       "100.63.255.255",   "100.128.0.0",    "126.255.255.255",
          "128.0.0.0",   "169.253.255.255", "169.255.0.0",    "172.15.255.255",   "172.32.0.0",     "192.167.255.255",
          "192.169.0.0", "223.255.255.255", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::", "2606:4700::1111",
          "fbff::1",     "fe00::1",         "2001:db8::1"}) {
        CAPTURE(each);
        CHECK(detail::is_public_address(address(each)));
    }
}

TEST_CASE("a public endpoint can name only public places, and the addresses decide at every connection") {
    address_guard guard(endpoint);
    CHECK(left(guard, endpoint, {"1.1.1.1", "2606:4700::1"}) == 2);
    CHECK(left(guard, storage, {"9.9.9.9"}) == 1);
    for (const char* each : {"10.1.2.3", "169.254.169.254", "::1", "::ffff:10.1.2.3", "127.0.0.1", "0.0.0.0"}) {
        CAPTURE(each);
        CHECK(left(guard, storage, {each}) == 0);  // rebinding: it was public before
        CHECK(left(guard, storage, {"10.0.0.1", "9.9.9.9", each}) == 1);
        CHECK(left(guard, origin("https", "hub.example", 22), {each}) == 0);
    }
    CHECK(left(guard, endpoint, {"10.0.0.1"}) == 1);  // the user chose it
    CHECK(left(guard, storage, {"10.0.0.1"}) == 0);   // and it was public once
}

TEST_CASE("an endpoint whose address nobody knows yet is public") {
    address_guard guard(endpoint);
    CHECK(left(guard, storage, {"10.0.0.1"}) == 0);
}

TEST_CASE("an endpoint on this machine or in this network may name every place") {
    const std::string own = GENERATE("127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "fd00::1");
    address_guard guard(endpoint);
    CHECK(left(guard, endpoint, {own}) == 1);
    CHECK(left(guard, storage, {"10.0.0.1"}) == 1);
    CHECK(left(guard, storage, {"127.0.0.1"}) == 1);
}

TEST_CASE("without an endpoint every place may be reached") {
    address_guard guard;
    CHECK(left(guard, storage, {"10.0.0.1"}) == 1);
    guard.check_literal(origin("http", "127.0.0.1", 80));
}

TEST_CASE("where a proxy resolves the names, addresses in the URL are judged all the same") {
    address_guard guard(endpoint);
    const auto refused = [&](const origin& where) {
        try {
            guard.check_literal(where);
        } catch (const error& failure) {
            return failure.kind() == errc::private_address;
        }
        return false;
    };
    CHECK_FALSE(refused(endpoint));
    CHECK_FALSE(refused(storage));
    CHECK_FALSE(refused(origin("https", "9.9.9.9", 443)));
    CHECK(refused(origin("https", "10.0.0.1", 443)));
    CHECK(refused(origin("https", "::1", 443)));
    CHECK(refused(origin("https", "localhost", 443)));
    address_guard local(origin("http", "localhost", 8080));
    local.check_literal(origin("http", "localhost", 8080));
    local.check_literal(origin("http", "10.0.0.1", 8080));
}
