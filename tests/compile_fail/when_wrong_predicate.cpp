// expect: when needs a function that takes a const hubpush::error& and returns whether to retry
#include <hubpush/net/retry_policy.hpp>

auto wrong = hubpush::retry_policy().when([](int) { return true; });
