#include <hubpush/core/secret.hpp>

#include "catch.hpp"

#include <ostream>
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
