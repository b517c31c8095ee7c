// expect: the right-hand side of .* is not a step; wrap a function object in hubpush::map
// note: NOT_A_STEP<.*RIGHT<
#include "steps.hpp"

auto wrong = items() | &same;
