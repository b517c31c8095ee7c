// expect: this call does not take this option
// note: OPTION_IS_NOT_TAKEN_BY_THIS_CALL<.*CALL<.*create_repo_call.*>.*OPTION<.*message
#include <hubpush/upload/client.hpp>

void wrong(hubpush::client& hub) { hub.async_create_repo("acme/x", hubpush::message("text"), asio::use_awaitable); }
