// expect: timeout takes a task, as a call gives it or moved, or one step
// note: IS_A_TASK_OR_ONE_STEP<.*ARGUMENT<.*awaitable<int
#include "steps.hpp"

task<int> wrong(task<int> work) { co_await timeout(work, std::chrono::seconds(1)); }
