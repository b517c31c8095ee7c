#include <hubpush/async/stages.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/map.hpp>

#include <array>
#include <memory>
#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

/// An aggregate with something to destroy, which g++ 12 would destroy twice in the wrong place (style/anchors.md §3.2).
struct report {
    std::string text;
    std::vector<std::shared_ptr<int>> parts;
};

class begin_report : public step_base {
public:
    task<report> operator()(test_context&) const {
        report result;
        result.text = "a text that is too long to live inside of its string";
        co_return result;
    }
};

class add_part : public step_base {
public:
    task<report> operator()(test_context&, report in) const {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        in.parts.push_back(std::make_shared<int>(static_cast<int>(in.parts.size())));
        co_return in;
    }
};

class count_parts : public step_base {
public:
    task<std::size_t> operator()(test_context&, report in) const {
        if (in.text.size() < 20) throw_error(errc::internal, "the text is lost");
        co_return in.parts.size();
    }
};

class wait_for_ever : public step_base {
public:
    task<report> operator()(test_context&, report in) const {
        notifier never(co_await asio::this_coro::executor);
        for (;;) {
            co_await throw_if_cancelled();
            co_await never.wait();
        }
        co_return in;
    }
};

class all_of_them : public step_base {
public:
    task<set_of<number>> operator()(test_context&, set_of<number> in) const { co_return in; }
};

number same(number n) { return n; }

template <class... Steps>
constexpr auto bounds = detail::stage_plan<Steps...>::bounds;
using map_same = decltype(map(&same));

}  // namespace

static_assert(bounds<begin_report, add_part, add_part, add_part, count_parts> == std::array<std::size_t, 2>{0, 5});
static_assert(bounds<numbers, sum> == std::array<std::size_t, 3>{0, 1, 2});
static_assert(bounds<numbers, all_of_them, all_of_them, sum> == std::array<std::size_t, 3>{0, 1, 4});
static_assert(bounds<numbers, all_of_them, map_same, sum> == std::array<std::size_t, 5>{0, 1, 2, 3, 4});

CO_TEST_CASE("steps that hand on whole values run one after the other, as one coroutine") {
    test_context context;
    const auto five = begin_report() | add_part() | add_part() | add_part() | count_parts();
    const std::size_t parts = co_await five.run(context);
    CHECK(parts == 3);
    test_host host;
    const std::size_t temporary = co_await (begin_report() | add_part() | count_parts())(host, "acme/x");
    CHECK(temporary == 1);
}

CO_TEST_CASE("a stage of several steps may stand between streams, at the beginning and at the end") {
    test_context context;
    const auto steps = numbers(10) | all_of_them() | all_of_them() | map(&same) | all_of_them() | all_of_them() | sum();
    const std::string total = co_await steps.run(context);
    CHECK(total == "45");
    const auto first = begin_report() | add_part() | map([](report r) { return r.parts.size(); });
    const set_of<std::size_t> counts = co_await first.run(context);
    CHECK(counts.files == std::vector<std::size_t>{1});
}

CO_TEST_CASE("a step that takes one value refuses a stream that gives several, or none") {
    test_context context;
    const auto one = numbers(1) | map(&same) | last_of<number>();
    const number only = co_await one.run(context);
    CHECK(only.value == 0);
    for (const int count : {0, 2, 40}) {
        const auto steps = numbers(count) | map(&same) | last_of<number>();
        errc kind{};
        try {
            co_await steps.run(context);
        } catch (const error& failure) {
            kind = failure.kind();
        }
        CHECK(kind == errc::invalid_argument);
    }
}

TEST_CASE("a cancelled step ends a fused pipeline with hubpush's own error, also when Asio threw it") {
    for (const bool throw_by_itself : {false, true}) {
        test_context place;
        asio::io_context context;
        asio::cancellation_signal signal;
        std::exception_ptr outcome;
        const auto steps = begin_report() | add_part() | wait_for_ever() | count_parts();
        const auto work = [&]() -> task<void> {
            co_await asio::this_coro::throw_if_cancelled(throw_by_itself);
            co_await steps.run(place);
        };
        asio::co_spawn(context, work,
                       asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr end) { outcome = end; }));
        context.poll();
        CHECK_FALSE(outcome);
        signal.emit(asio::cancellation_type::terminal);
        context.restart();
        context.poll();
        REQUIRE(outcome);
        CHECK_THROWS_AS(std::rethrow_exception(outcome), cancelled);
    }
}

TEST_CASE("a fused pipeline destroyed after any number of handlers leaves nothing behind") {
    for (int steps = 0; steps < 12; ++steps) {
        asio::io_context context;
        test_host host;
        auto work = begin_report() | add_part() | add_part() | add_part() | count_parts();
        initiate(context.get_executor(), work(host, "acme/x"), [](std::exception_ptr, std::size_t) {});
        for (int i = 0; i < steps; ++i) context.poll_one();
    }
    SUCCEED("the sanitizers saw nothing");
}
