// expect: the left-hand side of .* is not a step; a pipeline begins with a source
// note: NOT_A_STEP<.*LEFT<
#include "steps.hpp"

auto wrong = "folder" | map(&same);
