#pragma once

// A context, a host and steps over numbers, for tests of pipelines.

#include "test_seams.hpp"

#include <hubpush/async/step.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hubpush_test {

struct test_context {
    std::vector<std::string> events;
    test_seams outside;

    hubpush::seams seams() const { return outside.get(); }
};

struct test_host {
    test_context make_context(std::string) { return test_context(); }
    template <class Result>
    hubpush::task<Result> run(hubpush::task<Result> work) {
        return work;
    }
};

struct number {
    int value = 0;
};

/// 0, 1, 2, …
class numbers : public hubpush::step_base {
public:
    explicit numbers(int count) : count_(count) {}
    hubpush::task<void> operator()(test_context& context, hubpush::stream<number>& out) const {
        for (int i = 0; i < count_; ++i) {
            number next;
            next.value = i;
            if (!co_await out.push(next)) co_return;
            if (i + 1 == count_) context.events.push_back("source ended");
        }
    }

private:
    int count_;
};

class sum : public hubpush::step_base {
public:
    hubpush::task<std::string> operator()(test_context&, hubpush::set_of<number> in) const {
        int total = 0;
        for (const number& n : in.files) total += n.value;
        co_return std::to_string(total);
    }
};

/// Gives the value it takes.
template <class Value>
class last_of : public hubpush::step_base {
public:
    hubpush::task<Value> operator()(test_context&, Value in) const { co_return in; }
};

}  // namespace hubpush_test
