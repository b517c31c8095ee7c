// expect: the right-hand step does not take what the left-hand step gives
// note: STEPS_DO_NOT_FIT<.*LEFT<.*items.*>.*GIVES<.*stream<.*item.*>.*RIGHT<.*last.*>.*TAKES<.*set_of<.*other
#include "steps.hpp"

auto wrong = items() | last() | map(&same);
