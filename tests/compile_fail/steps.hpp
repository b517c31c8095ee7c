#pragma once

// Correct steps; each file beside this one joins them in one wrong way.

#include <hubpush/async/all.hpp>
#include <hubpush/async/batch.hpp>
#include <hubpush/async/map.hpp>
#include <hubpush/async/retry.hpp>
#include <hubpush/async/tap.hpp>
#include <hubpush/async/timeout.hpp>

using namespace hubpush;

struct test_context {};
struct item {};
struct other {};

class items : public step_base {
public:
    task<void> operator()(test_context&, stream<item>&) const { co_return; }
};
class last : public step_base {
public:
    task<int> operator()(test_context&, set_of<other>) const { co_return 0; }
};
item same(item i) { return i; }

struct always {
    std::optional<std::chrono::milliseconds> next_wait(const error&, int, std::chrono::milliseconds,
                                                       std::uint64_t) const;
};
