// expect: map and each need a function with one parameter .* and no .*mutable
// note: HAS_ONE_PLAIN_PARAMETER<.*FUNCTION<
#include "steps.hpp"

auto wrong = items() | map([](item i) mutable { return i; }) | last();
