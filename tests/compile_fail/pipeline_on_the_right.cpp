// expect: a pipeline can only stand on the left-hand side
// note: PIPELINE_ON_THE_RIGHT<.*RIGHT<.*pipeline<
#include "steps.hpp"

auto wrong = items() | (items() | map(&same));
