// expect: the right-hand step does not take what the left-hand step gives
// note: STEPS_DO_NOT_FIT<.*LEFT<.*batch_step<.*item.*>.*GIVES<.*stream<.*set_of<.*item.*>.*RIGHT<.*map_step
#include "steps.hpp"

auto wrong = items() | batch(4) | map(&same) | last();
