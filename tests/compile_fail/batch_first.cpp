// expect: a pipeline begins with a source such as hubpush::scan
// note: DOES_NOT_BEGIN_WITH_A_SOURCE<.*LEFT<.*batch
#include "steps.hpp"

auto wrong = batch(4) | map(&same);
