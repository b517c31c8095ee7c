// expect: this call does not take this option
// note: OPTION_IS_NOT_TAKEN_BY_THIS_CALL<.*CALL<.*commit_step.*>.*OPTION<.*create_pr
#include <hubpush/upload/commit.hpp>

using namespace hubpush;

// Where a push goes is known before its files are read: the pipeline takes create_pr() when it is called.
auto wrong = commit("message", create_pr());
