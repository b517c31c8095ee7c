// expect: async_run takes a client, a repository id, and a completion token or handler
// note: IS_A_COMPLETION_TOKEN<.*ARGUMENT<.*message
#include <hubpush/upload/client.hpp>

void wrong(hubpush::client& hub) {
    auto push = hubpush::scan("run") | hubpush::classify() | hubpush::transfer() | hubpush::commit("text");
    push.async_run(hub, "acme/x", hubpush::message("text"));
}
