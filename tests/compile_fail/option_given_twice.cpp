// expect: this option is given twice
// note: OPTION_IS_GIVEN_TWICE<.*CALL<.*create_repo_call.*>.*OPTION<.*exist_ok
#include "options.hpp"

auto wrong = detail::collect_options<create_repo_call>(exist_ok(), exist_ok());
