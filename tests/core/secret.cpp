#include <hubpush/core/secret.hpp>

#include "catch.hpp"

#include <ostream>
#include <string>
#include <type_traits>

using hubpush::secret;

template <class Type>
concept printable_to_a_stream = requires(std::ostream& out, const Type& value) { out << value; };

static_assert(!printable_to_a_stream<secret>);
static_assert(!std::is_convertible_v<secret, std::string>);
static_assert(!std::is_convertible_v<secret, std::string_view>);

TEST_CASE("a secret shows itself only when asked, and compares by content") {
    const secret token("hf_canary");
    CHECK(token.reveal() == "hf_canary");
    CHECK(token.equals("hf_canary"));
    CHECK_FALSE(token.equals("hf_canarx"));
    CHECK_FALSE(token.equals("hf_canar"));
    CHECK_FALSE(token.equals("hf_canary1"));
    CHECK(token == secret("hf_canary"));
    CHECK(secret().empty());
}

TEST_CASE("a moved-from secret is empty") {
    secret first("hf_a_token_longer_than_the_small_string_buffer");
    const secret second = std::move(first);
    CHECK(first.empty());
    CHECK(second.reveal() == "hf_a_token_longer_than_the_small_string_buffer");
}

TEST_CASE("a text is shown with stars wherever the secret stands in it, also when that is made of stars") {
    CHECK(secret("hf_a").hidden_in("hf_a, hf_ahf_a and hf_") == "***, ****** and hf_");
    CHECK(secret("*").hidden_in("a*b**") == "a***b******");
    CHECK(secret("***").hidden_in("***") == "***");
    CHECK(secret().hidden_in("as it is") == "as it is");
    std::string many;
    for (int i = 0; i < 400'000; ++i) many += "hf_canaryToken0123456789abcdefghijklm";  // 15 MB, as a server may send
    const std::string shown = secret("hf_canaryToken0123456789abcdefghijklm").hidden_in(many);
    CHECK(shown == std::string(3 * 400'000, '*'));
}
