#include <hubpush/net/connection_pool.hpp>

#include "catch.hpp"

using namespace hubpush;
using namespace std::chrono_literals;

namespace {

class idle_stream final : public byte_stream {
public:
    explicit idle_stream(int& alive) : alive_(alive) { ++alive_; }
    ~idle_stream() override { --alive_; }
    task<std::size_t> read_some(std::span<std::byte>) override { co_return 0; }
    task<std::size_t> write_some(std::span<const std::byte>) override { co_return 0; }
    void close() noexcept override {}
    bool quiet() noexcept override { return still; }
    bool still = true;

private:
    int& alive_;
};

const origin here("https", "here", 443);
const origin there("https", "there", 443);
const steady_time start{1h};

http_response keep_alive(const std::string& value) {
    header_list headers;
    headers.add("Keep-Alive", value);
    return http_response(200, std::move(headers), "");
}

}  // namespace

TEST_CASE("the last connection used is the first one taken again") {
    int alive = 0;
    detail::connection_pool pool;
    const auto first = std::make_shared<idle_stream>(alive);
    const auto second = std::make_shared<idle_stream>(alive);
    pool.put(here, first, http_response(), start);
    pool.put(here, second, http_response(), start);
    CHECK(pool.take(there, start) == nullptr);
    CHECK(pool.take(here, start) == second);
    CHECK(pool.take(here, start) == first);
    CHECK(pool.take(here, start) == nullptr);
}

TEST_CASE("eight connections per origin are kept, the oldest goes") {
    int alive = 0;
    detail::connection_pool pool;
    for (int i = 0; i < 20; ++i) {
        pool.put(here, std::make_shared<idle_stream>(alive), http_response(), start);
        pool.put(there, std::make_shared<idle_stream>(alive), http_response(), start);
    }
    CHECK(pool.size() == 16);
    CHECK(alive == 16);
}

TEST_CASE("connections that grew old or got noisy are dropped, whoever asks") {
    int alive = 0;
    detail::connection_pool pool;
    const auto noisy = std::make_shared<idle_stream>(alive);
    pool.put(here, noisy, http_response(), start);
    pool.put(here, std::make_shared<idle_stream>(alive), keep_alive("timeout=5"), start);
    pool.put(here, std::make_shared<idle_stream>(alive), keep_alive("max=3, timeout=7"), start);
    noisy->still = false;
    CHECK(pool.take(there, start + 5s) == nullptr);
    CHECK(pool.size() == 1);
    CHECK(pool.take(here, start + 7s) == nullptr);
}

TEST_CASE("a server cannot make a connection live longer than we like") {
    const auto text =
        GENERATE(values<std::string>({"timeout=99999999999999999999", "timeout=600", "timeout=x", "timeout", ""}));
    int alive = 0;
    detail::connection_pool pool;
    pool.put(here, std::make_shared<idle_stream>(alive), keep_alive(text), start);
    CHECK(pool.take(here, start + 55s) == nullptr);
    pool.put(here, std::make_shared<idle_stream>(alive), keep_alive("timeout=-1"), start);
    CHECK(pool.take(here, start) == nullptr);
}
