// expect: tap needs a function with one parameter, by const reference, whose type is written out
// note: TAKES_ONE_ITEM_BY_CONST_REFERENCE<.*FUNCTION<
#include "steps.hpp"

auto wrong = items() | tap([](item&) {}) | last();
