// expect: each needs a coroutine task<Out>\(In\)
// note: RETURNS_A_TASK<.*FUNCTION<.*item
#include "steps.hpp"

auto wrong = items() | each(&same) | last();
