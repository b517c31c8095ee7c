// expect: all takes tasks, as calls give them or moved, or a vector of them
// note: ALL_ARE_TASKS<
#include "steps.hpp"

auto wrong = all();
