#pragma once

// A call and two options; each file beside this one passes them in one wrong way.

#include <hubpush/core/options.hpp>

using namespace hubpush;

struct exist_ok {};
struct message {};
struct create_repo_call {
    using takes = option_set<exist_ok>;
};
