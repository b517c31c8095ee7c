// expect: retry repeats one step that takes and gives whole values
// note: TAKES_AND_GIVES_A_WHOLE_VALUE<.*STEP<.*pipeline
#include "steps.hpp"

auto wrong = retry(items() | map(&same), always());
