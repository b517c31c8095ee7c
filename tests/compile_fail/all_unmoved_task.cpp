// expect: all takes tasks, as calls give them or moved, or a vector of them
// note: ALL_ARE_TASKS<.*ARGUMENT<.*awaitable<int
#include "steps.hpp"

auto wrong(task<int> one, task<int> other) { return all(std::move(one), other); }
