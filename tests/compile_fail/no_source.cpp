// expect: a pipeline begins with a source such as hubpush::scan
// note: DOES_NOT_BEGIN_WITH_A_SOURCE<.*LEFT<.*last
#include "steps.hpp"

auto wrong = last() | map(&same);
