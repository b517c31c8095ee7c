// expect: the second argument of retry decides how long to wait: pass a hubpush::retry_policy
// note: DECIDES_ABOUT_RETRIES<.*POLICY<int
#include "steps.hpp"

auto wrong = retry(last(), 3);
