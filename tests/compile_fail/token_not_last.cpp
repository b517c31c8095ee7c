// expect: the last argument of an async_ call is a completion token or handler for void\(std::exception_ptr, Result\)
// note: LAST_ARGUMENT_IS_A_COMPLETION_TOKEN<.*CALL<.*create_repo_call.*>.*ARGUMENT<.*exist_ok
#include <hubpush/upload/client.hpp>

void wrong(hubpush::client& hub) { hub.async_create_repo("acme/x", asio::use_awaitable, hubpush::exist_ok()); }
