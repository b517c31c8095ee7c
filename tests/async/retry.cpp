#include <hubpush/async/retry.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

using namespace hubpush;
using namespace hubpush_test;
using namespace std::chrono_literals;

namespace {

/// Waits a second, then two, then three; gives up after the fourth attempt.
struct patient {
    std::optional<std::chrono::milliseconds> next_wait(const error&, int number, std::chrono::milliseconds since,
                                                       std::uint64_t random) const {
        if (number == 4) return std::nullopt;
        asked->push_back(std::to_string(number) + " after " + std::to_string(since.count()));
        randoms->push_back(random);
        return std::chrono::seconds(number);
    }
    std::shared_ptr<std::vector<std::string>> asked = std::make_shared<std::vector<std::string>>();
    std::shared_ptr<std::vector<std::uint64_t>> randoms = std::make_shared<std::vector<std::uint64_t>>();
};

/// Throws the first `failures` times, and gives its input's size otherwise.
class unreliable : public step_base {
public:
    explicit unreliable(int failures, bool retryable = true) : failures_(failures), retryable_(retryable) {}
    task<std::size_t> operator()(test_context& context, set_of<number> in) const {
        context.events.push_back("given " + std::to_string(in.files.size()));
        in.files.clear();
        if (static_cast<int>(context.events.size()) <= failures_ + 1) {  // the source has left an event of its own
            throw_error(errc::server_error, "not now", error_details().retryable(retryable_));
        }
        co_return in.files.capacity() == 0 ? 0 : 7;
    }

private:
    int failures_;
    bool retryable_;
};

class unreliable_source : public step_base {
public:
    task<int> operator()(test_context& context) const {
        context.events.push_back("asked");
        if (context.events.size() < 3) throw_error(errc::transport, "not now", error_details().retryable(true));
        co_return 5;
    }
};

class throws_foreign : public step_base {
public:
    task<int> operator()(test_context& context) const {
        context.events.push_back("asked");
        throw std::runtime_error("foreign");
        co_return 5;
    }
};

class outcome_unknown_once : public step_base {
public:
    task<int> operator()(test_context& context) const {
        context.events.push_back("asked");
        throw_error(errc::outcome_unknown, "nobody knows");
        co_return 5;
    }
};

template <class Pipeline>
typename Pipeline::result_type run(const Pipeline& steps, test_context& place) {
    asio::io_context context;
    typename Pipeline::result_type result{};
    std::exception_ptr failure = std::make_exception_ptr(std::logic_error("it does not end"));
    initiate(context.get_executor(), steps.run(place),
             [&](std::exception_ptr end, typename Pipeline::result_type value) {
                 failure = end;
                 result = std::move(value);
             });
    run_virtual(context, *place.outside.clock);
    if (failure) std::rethrow_exception(failure);
    return result;
}

}  // namespace

static_assert(decides_retries<patient>);
static_assert(!decides_retries<int>);

TEST_CASE("retry repeats a step on a copy of its input, and waits as the policy says") {
    test_context place;
    const patient policy;
    CHECK(run(numbers(3) | retry(unreliable(3), policy), place) == 7);
    CHECK(place.events == std::vector<std::string>{"source ended", "given 3", "given 3", "given 3", "given 3"});
    CHECK(place.outside.clock->elapsed() == 6s);
    CHECK(*policy.asked == std::vector<std::string>{"1 after 0", "2 after 1000", "3 after 3000"});
    CHECK(policy.randoms->at(0) != policy.randoms->at(1));
    CHECK(place.outside.log->lines().size() == 3);
    CHECK(place.outside.log->lines().front() == "next try in 1000 ms: not now");
}

TEST_CASE("retry gives up when the policy does, with the last failure") {
    test_context place;
    CHECK_THROWS_WITH(run(numbers(3) | retry(unreliable(100), patient()), place), "not now");
    CHECK(place.events.size() == 5);
}

TEST_CASE("a source can be repeated too") {
    test_context place;
    CHECK(run(retry(unreliable_source(), patient()) | last_of<int>(), place) == 5);
    CHECK(place.events.size() == 3);
}

TEST_CASE(
    "what cannot pass, what may have succeeded, and what is not ours is never repeated, whatever the policy says") {
    test_context place;
    CHECK_THROWS_WITH(run(numbers(3) | retry(unreliable(1, false), patient()), place), "not now");
    CHECK(place.events.size() == 2);
    place.events.clear();
    CHECK_THROWS_AS(run(retry(outcome_unknown_once(), patient()) | last_of<int>(), place), outcome_unknown);
    CHECK_THROWS_WITH(run(retry(throws_foreign(), patient()) | last_of<int>(), place), "foreign");
    CHECK(place.events == std::vector<std::string>{"asked", "asked"});
    CHECK(place.outside.clock->elapsed() == 0s);
}

TEST_CASE("retry can be cancelled while it waits") {
    test_context place;
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr outcome;
    const auto steps = numbers(3) | retry(unreliable(100), patient());
    initiate(context.get_executor(), steps.run(place),
             asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end, std::size_t) { outcome = end; }));
    context.poll();
    CHECK(place.events.size() == 2);
    signal.emit(asio::cancellation_type::total);
    context.restart();
    context.poll();
    REQUIRE(outcome);
    CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    CHECK_FALSE(place.outside.clock->advance());
}
