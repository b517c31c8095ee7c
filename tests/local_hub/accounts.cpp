#include <hubpush/local_hub/accounts.hpp>

#include "catch.hpp"

#include <string>

using namespace hubpush;

namespace {

detail::hub_caller caller_with(const std::string& authorization) {
    detail::hub_accounts accounts;
    accounts.add(hub_token("alice", secret("hf_write")));
    accounts.add(hub_token("bob", secret("hf_read"), token_role::read));
    detail::request_head request;
    if (!authorization.empty()) request.fields.emplace_back("AUTHORIZATION", authorization);
    return accounts.identify(request);
}

}  // namespace

TEST_CASE("a caller is known by bearer token or by basic password", "[accounts]") {
    CHECK(caller_with("Bearer hf_write").user() == "alice");
    CHECK(caller_with("bearer hf_write").may_write());
    CHECK(caller_with("Bearer hf_read").user() == "bob");
    CHECK_FALSE(caller_with("Bearer hf_read").may_write());
    CHECK(caller_with("Basic YW55Ym9keTpoZl93cml0ZQ==").user() == "alice");  // anybody:hf_write
}

TEST_CASE("everything else is nobody", "[accounts]") {
    CHECK(caller_with("").state() == token_state::none);
    for (const std::string text : {"Bearer", "Bearer ", "Bearer hf_writ", "Bearer hf_write ", "Basic hf_write",
                                   "Basic aGZfd3JpdGU=", "Digest hf_write", "hf_write"}) {
        CAPTURE(text);
        CHECK(caller_with(text).state() == token_state::unknown);
    }
}
