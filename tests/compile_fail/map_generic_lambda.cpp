// expect: map and each need a function with one parameter whose type is written out
// note: HAS_ONE_PLAIN_PARAMETER<.*FUNCTION<
#include "steps.hpp"

auto wrong = items() | map([](auto i) { return i; }) | last();
