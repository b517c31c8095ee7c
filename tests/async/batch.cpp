#include <hubpush/async/batch.hpp>

#include "co_test.hpp"
#include "numbers.hpp"

#include <hubpush/async/map.hpp>

#include <string>
#include <vector>

using namespace hubpush;
using namespace hubpush_test;

namespace {

task<set_of<number>> twice_together(set_of<number> group) {
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    for (number& n : group.files) n.value *= 2;
    co_return group;
}

/// The sizes of the groups, and whether the first came before the source had ended.
class group_sizes : public step_base {
public:
    task<std::vector<std::size_t>> operator()(test_context&, set_of<set_of<number>> groups) const {
        std::vector<std::size_t> sizes;
        for (const auto& group : groups.files) sizes.push_back(group.files.size());
        co_return sizes;
    }
};

class note_first_group : public step_base {
public:
    task<void> operator()(test_context& context, stream<set_of<number>>& in, stream<set_of<number>>& out) const {
        while (std::optional<set_of<number>> group = co_await in.pop()) {
            if (group->files.front().value == 0) context.events.push_back("first group seen");
            co_await out.push(std::move(*group));
        }
    }
};

}  // namespace

static_assert(std::same_as<decltype(numbers(1) | batch(4))::result_type, set_of<set_of<number>>>);
static_assert(std::same_as<decltype(numbers(1) | batch(4) | batch(2))::result_type, set_of<set_of<set_of<number>>>>);
static_assert(std::same_as<decltype(numbers(1) | batch(4) | each(&twice_together) | sum())::result_type, std::string>);

CO_TEST_CASE("batch gives groups of up to n, the last one with what is left") {
    test_context context;
    const auto steps = numbers(10) | batch(4) | group_sizes();
    const std::vector<std::size_t> sizes = co_await steps.run(context);
    CHECK(sizes == std::vector<std::size_t>{4, 4, 2});
    const auto even = numbers(8) | batch(4) | group_sizes();
    const std::vector<std::size_t> full = co_await even.run(context);
    CHECK(full == std::vector<std::size_t>{4, 4});
    const auto none = numbers(0) | batch(4) | group_sizes();
    const std::vector<std::size_t> empty = co_await none.run(context);
    CHECK(empty.empty());
    const auto single = numbers(3) | batch(0) | group_sizes();
    const std::vector<std::size_t> ones = co_await single.run(context);
    CHECK(ones == std::vector<std::size_t>{1, 1, 1});
}

CO_TEST_CASE("batch is no barrier") {
    test_context context;
    const auto steps = numbers(1000) | batch(4) | note_first_group() | group_sizes();
    co_await steps.run(context);
    CHECK(context.events == std::vector<std::string>{"first group seen", "source ended"});
}

CO_TEST_CASE("items of a group that was worked on together go on one by one") {
    test_context context;
    const auto steps = numbers(100) | batch(7) | each(&twice_together, in_flight(3)) | sum();
    const std::string total = co_await steps.run(context);
    CHECK(total == "9900");
}

TEST_CASE("a pipeline with batches that is destroyed at any moment leaves nothing behind") {
    for (int steps = 0; steps < 80; ++steps) {
        asio::io_context context;
        test_host host;
        auto work = numbers(30) | batch(4) | each(&twice_together, in_flight(2)) | batch(3);
        initiate(context.get_executor(), work(host, "acme/x"), [](std::exception_ptr, set_of<set_of<number>>) {});
        for (int i = 0; i < steps; ++i) context.poll_one();
    }
    SUCCEED("the sanitizers saw nothing");
}
