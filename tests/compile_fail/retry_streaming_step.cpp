// expect: retry repeats one step that takes and gives whole values; a step that streams
// note: TAKES_AND_GIVES_A_WHOLE_VALUE<.*STEP<.*items
#include "steps.hpp"

auto wrong = retry(items(), always()) | map(&same) | last();
