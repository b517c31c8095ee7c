#include <hubpush/net/connection_limits.hpp>

#include "catch.hpp"

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace hubpush;

namespace {

const origin here("https", "here", 443);
const origin there("https", "there", 443);

/// Coroutines that each want a connection and keep it until they are told.
struct crowd {
    explicit crowd(connection_limits limits) : slots(limits) {}

    struct member {
        std::optional<detail::connection_slot> slot;
        std::exception_ptr failure;
        asio::cancellation_signal stop;
    };

    member& want(const origin& where) {
        member& one = *members.emplace_back(std::make_unique<member>());
        const auto take = [](crowd& all, member& self, origin place) -> task<void> {
            self.slot.emplace(co_await all.slots.acquire(std::move(place)));
            all.order.push_back(&self);
        };
        initiate(context.get_executor(), take(*this, one, where),
                 asio::bind_cancellation_slot(one.stop.slot(), [&one](std::exception_ptr end) { one.failure = end; }));
        run();
        return one;
    }
    void run() {
        context.restart();
        context.poll();
    }
    void give_back(member& one) {
        one.slot.reset();
        run();
    }
    void cancel(member& one) {
        one.stop.emit(asio::cancellation_type::total);
        run();
    }

    detail::connection_slots slots;
    std::vector<std::unique_ptr<member>> members;
    std::vector<member*> order;
    asio::io_context context;
};

}  // namespace

TEST_CASE("connections are given out up to the bound, then in order of arrival") {
    crowd all(connection_limits().total(2).per_origin(2));
    crowd::member& first = all.want(here);
    crowd::member& second = all.want(there);
    crowd::member& third = all.want(here);
    crowd::member& fourth = all.want(there);
    CHECK(second.slot);
    CHECK_FALSE(third.slot);
    CHECK(all.slots.used() == 2);
    all.give_back(second);
    CHECK(third.slot);
    CHECK_FALSE(fourth.slot);
    all.give_back(first);
    CHECK(fourth.slot);
    CHECK(all.order == std::vector<crowd::member*>{&first, &second, &third, &fourth});
}

TEST_CASE("who waits for a full origin holds up nobody else") {
    crowd all(connection_limits().total(3).per_origin(1));
    crowd::member& first = all.want(here);
    crowd::member& second = all.want(here);
    crowd::member& other = all.want(there);
    CHECK_FALSE(second.slot);
    CHECK(other.slot);
    all.give_back(other);
    CHECK_FALSE(second.slot);
    all.give_back(first);
    CHECK(second.slot);
}

TEST_CASE("who is cancelled leaves the line, and gives back what it was just granted") {
    crowd all(connection_limits().total(1));
    crowd::member& first = all.want(here);
    crowd::member& second = all.want(here);
    crowd::member& third = all.want(here);
    SECTION("while it waits") {
        all.cancel(second);
        REQUIRE(second.failure);
        CHECK_THROWS_AS(std::rethrow_exception(second.failure), cancelled);
        all.give_back(first);
    }
    SECTION("after its turn has come") {
        first.slot.reset();
        second.stop.emit(asio::cancellation_type::total);
        all.run();
        second.slot.reset();
        all.run();
    }
    CHECK(third.slot);
    CHECK(all.slots.used() == 1);
}

TEST_CASE("waiters may be destroyed in any state") {
    for (int steps = 0; steps < 12; ++steps) {
        detail::connection_slots slots(connection_limits().total(1));
        {
            asio::io_context context;
            const auto take = [](detail::connection_slots& all) -> task<void> {
                const detail::connection_slot slot = co_await all.acquire(here);
                co_await asio::post(asio::use_awaitable);
            };
            for (int i = 0; i < 3; ++i) initiate(context.get_executor(), take(slots), [](std::exception_ptr) {});
            for (int step = 0; step < steps; ++step) context.poll_one();
        }
        REQUIRE(slots.used() == 0);
    }
}

TEST_CASE("without descriptors fewer connections are made, and more again as they succeed") {
    crowd all(connection_limits().total(4));
    crowd::member& first = all.want(here);
    crowd::member& second = all.want(here);
    all.slots.shrink();
    CHECK(all.slots.most() == 1);
    all.give_back(second);
    crowd::member& third = all.want(here);
    CHECK_FALSE(third.slot);
    all.slots.grow();
    all.run();
    CHECK(third.slot);
    all.give_back(first);
    all.give_back(third);
    all.slots.shrink();
    CHECK(all.slots.most() == 1);  // never none
    for (int i = 0; i < 10; ++i) all.slots.grow();
    CHECK(all.slots.most() == 4);
}

TEST_CASE("a bound of none is one") {
    const connection_limits limits = connection_limits().total(0).per_origin(0);
    CHECK(limits.total() == 1);
    CHECK(limits.per_origin() == 1);
}
