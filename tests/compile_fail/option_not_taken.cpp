// expect: this call does not take this option
// note: OPTION_IS_NOT_TAKEN_BY_THIS_CALL<.*CALL<.*create_repo_call.*>.*OPTION<.*message
#include "options.hpp"

auto wrong = detail::collect_options<create_repo_call>(exist_ok(), message());
