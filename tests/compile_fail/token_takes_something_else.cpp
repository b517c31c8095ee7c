// expect: the last argument of an async_ call is a completion token or handler for void\(std::exception_ptr, Result\)
// note: LAST_ARGUMENT_IS_A_COMPLETION_TOKEN<.*CALL<.*create_commit_call
#include <hubpush/upload/client.hpp>

void wrong(hubpush::client& hub) {
    hub.async_create_commit("acme/x", hubpush::remove("a"), hubpush::message("text"), [](std::error_code) {});
}
