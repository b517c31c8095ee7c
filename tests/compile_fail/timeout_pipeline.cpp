// expect: timeout takes a task, .* or one step; a pipeline becomes a task when it is called
// note: IS_A_TASK_OR_ONE_STEP<.*ARGUMENT<.*pipeline
#include "steps.hpp"

auto wrong = timeout(items() | map(&same), std::chrono::seconds(1));
