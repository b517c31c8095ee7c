// What composing steps costs beside the same coroutine written by hand: composition.py counts the instructions.
//
//   benchmark_composition whole|streams pipeline|by_hand RUNS ITEMS
//
// `whole`: five steps that hand on whole values. `streams`: five steps that see one item at a time. Prints how often
// operator new was called.

#include <hubpush/async/map.hpp>
#include <hubpush/async/tap.hpp>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

using namespace hubpush;

namespace {

std::size_t allocations = 0;

struct place {
    int items = 0;
};

using numbers = set_of<int>;

class count : public step_base {
public:
    task<numbers> operator()(place& where) const {
        numbers result;
        result.files.resize(static_cast<std::size_t>(where.items));
        std::iota(result.files.begin(), result.files.end(), 0);
        co_return result;
    }
};

class change : public step_base {
public:
    task<numbers> operator()(place&, numbers in) const {
        if (!in.files.empty()) in.files.front() += 1;
        co_return in;
    }
};

class add : public step_base {
public:
    task<long> operator()(place&, numbers in) const { co_return std::accumulate(in.files.begin(), in.files.end(), 0L); }
};

class stream_count : public step_base {
public:
    task<void> operator()(place& where, stream<int>& out) const {
        for (int i = 0; i < where.items; ++i) {
            if (!co_await out.push(i)) co_return;
        }
    }
};

int increment(int value) { return value + 1; }
void look(const int& value) {
    if (value < 0) std::abort();
}

task<long> whole_by_hand(place& where) {
    numbers counted = co_await count()(where);
    numbers once = co_await change()(where, std::move(counted));
    numbers twice = co_await change()(where, std::move(once));
    numbers thrice = co_await change()(where, std::move(twice));
    co_return co_await add()(where, std::move(thrice));
}

task<void> count_by_hand(place& where, stream<int>& out) {
    for (int i = 0; i < where.items; ++i) {
        if (!co_await out.push(i)) break;
    }
    out.close();
}

task<void> increment_by_hand(stream<int>& in, stream<int>& out) {
    while (std::optional<int> item = co_await in.pop()) {
        if (!co_await out.push(increment(*item))) break;
    }
    in.abandon();
    out.close();
}

task<void> look_by_hand(stream<int>& in, stream<int>& out) {
    while (std::optional<int> item = co_await in.pop()) {
        look(*item);
        if (!co_await out.push(*item)) break;
    }
    in.abandon();
    out.close();
}

task<void> add_by_hand(stream<int>& in, std::optional<long>& result) {
    numbers all;
    while (std::optional<int> item = co_await in.pop()) all.files.push_back(*item);
    result = std::accumulate(all.files.begin(), all.files.end(), 0L);
}

task<long> streams_by_hand(place& where) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    stream<int> counted(executor);
    stream<int> once(executor);
    stream<int> seen(executor);
    stream<int> twice(executor);
    std::optional<long> result;
    task_group group(executor);
    group.spawn(count_by_hand(where, counted));
    group.spawn(increment_by_hand(counted, once));
    group.spawn(look_by_hand(once, seen));
    group.spawn(increment_by_hand(seen, twice));
    group.spawn(add_by_hand(twice, result));
    co_await group.join();
    co_return *result;
}

template <class Run>
task<void> repeat(int runs, long expected, const Run& run) {
    for (int i = 0; i < runs; ++i) {
        const long sum = co_await run();
        if (sum != expected) std::abort();
    }
}

template <class Run>
void measure(int runs, long expected, const Run& run) {
    asio::io_context context;
    initiate(context.get_executor(), repeat(runs, expected, run), [](std::exception_ptr failure) {
        if (failure) std::abort();
    });
    const std::size_t before = allocations;
    context.run();
    std::printf("%zu\n", allocations - before);
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int count_of_words, char** words) {
    if (count_of_words != 5) return 2;
    const bool pipelines = std::string_view(words[2]) == "pipeline";
    const int runs = std::atoi(words[3]);
    place where;
    where.items = std::atoi(words[4]);
    const long sum = static_cast<long>(where.items) * (where.items - 1) / 2;
    if (std::string_view(words[1]) == "whole") {
        const auto steps = count() | change() | change() | change() | add();
        if (pipelines) measure(runs, sum + 3, [&] { return steps.run(where); });
        if (!pipelines) measure(runs, sum + 3, [&] { return whole_by_hand(where); });
    } else {
        const auto steps = stream_count() | map(&increment) | tap(&look) | map(&increment) | add();
        if (pipelines) measure(runs, sum + 2 * where.items, [&] { return steps.run(where); });
        if (!pipelines) measure(runs, sum + 2 * where.items, [&] { return streams_by_hand(where); });
    }
}
