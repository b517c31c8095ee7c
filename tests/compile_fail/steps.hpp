#pragma once

// Correct steps; each file beside this one joins them in one wrong way.

#include <hubpush/async/map.hpp>

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
