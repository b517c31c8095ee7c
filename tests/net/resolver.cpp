#include <hubpush/net/resolver.hpp>

#include "catch.hpp"
#include "co_test.hpp"

#include <hubpush/core/error.hpp>

#include <semaphore>
#include <string>
#include <vector>

using namespace hubpush;
using asio::ip::tcp;

TEST_CASE("address families take turns and no more than sixteen addresses are tried") {
    const auto v4 = [](int last) { return tcp::endpoint(asio::ip::make_address("10.0.0." + std::to_string(last)), 1); };
    const auto v6 = [](int last) { return tcp::endpoint(asio::ip::make_address("fd00::" + std::to_string(last)), 1); };
    resolver::addresses table{v6(1), v6(2), v6(3), v4(1)};
    detail::alternate_families(table);
    CHECK(table == resolver::addresses{v6(1), v4(1), v6(2), v6(3)});
    table.clear();
    for (int i = 0; i < 1000; ++i) table.push_back(v4(i % 200));
    detail::alternate_families(table);
    CHECK(table.size() == address_limit);
    table.clear();
    detail::alternate_families(table);
    CHECK(table.empty());
}

CO_TEST_CASE("the system's resolver knows this machine and says what it does not know") {
    const auto names = system_resolver();
    const resolver::addresses found = co_await names->resolve("localhost", 8080);
    REQUIRE_FALSE(found.empty());
    CHECK(found.front().address().is_loopback());
    CHECK(found.front().port() == 8080);
    std::exception_ptr failure;
    try {
        co_await names->resolve("no-such-host.invalid", 80);
    } catch (...) {
        failure = std::current_exception();
    }
    REQUIRE(failure);
    errc kind = errc();
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        kind = ours.kind();
    }
    CHECK((kind == errc::name_not_found || kind == errc::transport));  // without any name server it cannot know
}

TEST_CASE("a look-up that was given up while others blocked delays nobody") {
    std::vector<std::string> asked;
    std::counting_semaphore<> begun(0);
    std::counting_semaphore<> released(0);
    const auto names =
        detail::resolver_on_thread([&](const std::string& host, std::uint16_t port, resolver::addresses& found) {
            asked.push_back(host);
            begun.release();
            released.acquire();
            found.emplace_back(asio::ip::address_v4::loopback(), port);
            return 0;
        });
    const auto ignore = [](std::exception_ptr, const resolver::addresses&) {};
    {
        asio::io_context impatient;
        initiate(impatient.get_executor(), names->resolve("slow", 80), ignore);
        impatient.poll();
        begun.acquire();
        for (int i = 0; i < 5; ++i) initiate(impatient.get_executor(), names->resolve("given up", 80), ignore);
        impatient.poll();
    }
    asio::io_context patient;
    std::size_t found = 0;
    initiate(patient.get_executor(), names->resolve("wanted", 80),
             [&](std::exception_ptr, const resolver::addresses& addresses) { found = addresses.size(); });
    patient.poll();
    released.release(10);
    patient.run();
    CHECK(found == 1);
    CHECK(asked == std::vector<std::string>{"slow", "wanted"});
}

TEST_CASE("a look-up may outlive its coroutine and its io_context") {
    const auto names = system_resolver();
    for (int i = 0; i < 20; ++i) {
        asio::io_context context;
        initiate(context.get_executor(), names->resolve("localhost", 80),
                 [](std::exception_ptr, resolver::addresses) {});
        context.poll();
    }
}
