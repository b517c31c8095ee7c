// expect: on g\+\+ 12 give this lambda a name first and pass the name
// only: gxx
#include "steps.hpp"

#include <string>

std::string captured;
auto wrong = items() | tap([captured = captured](const item&) {});
