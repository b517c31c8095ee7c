#include <hubpush/core/error.hpp>

#include "catch.hpp"

#include <asio/error.hpp>

#include <set>
#include <string>

using namespace hubpush;

TEST_CASE("every code has a message of its own and a hint") {
    std::set<std::string> messages;
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
        const error failure(static_cast<errc>(value), "x");
        CHECK(failure.code().category() == error_category());
        CHECK_FALSE(failure.hint().empty());
        CHECK(messages.insert(failure.code().message()).second);
    }
}

TEST_CASE("what() tells what happened, the server's words, the status and the request") {
    const error failure(
        errc::forbidden, "cannot push to acme/x",
        error_details().status(403).server_message("no write right").request_id("Root=1").file("a.bin"));
    CHECK(std::string(failure.what()) == "cannot push to acme/x: no write right (HTTP 403) [request Root=1]");
    CHECK(failure.status() == 403);
    CHECK(failure.file() == "a.bin");
    CHECK(failure.hint() == "use a token with write access to this repository");
}

TEST_CASE("throw_error throws the type that belongs to the code") {
    CHECK_THROWS_AS(throw_error(errc::not_authorized, "x"), not_authorized);
    CHECK_THROWS_AS(throw_error(errc::conflict, "x"), conflict);
    CHECK_THROWS_AS(throw_error(errc::outcome_unknown, "x"), outcome_unknown);
    CHECK_THROWS_AS(throw_error(errc::file_changed, "x"), file_changed);
    CHECK_THROWS_AS(throw_error(errc::server_error, "x"), error);
    for (int value = 1; value <= static_cast<int>(errc::internal); ++value) {
        try {
            throw_error(static_cast<errc>(value), "x");
        } catch (const error& failure) {
            CHECK(static_cast<int>(failure.kind()) == value);
        }
    }
}

TEST_CASE("a failure that is amended keeps its type and its text") {
    const auto amend_and_throw_on = [] {
        try {
            throw_error(errc::rate_limited, "too fast", error_details().status(429).retryable(true));
        } catch (error& failure) {
            error_details details = failure.details();
            failure.amend(details.retryable(false).hint("not again"));
            throw;
        }
    };
    try {
        amend_and_throw_on();
    } catch (const rate_limited& failure) {
        CHECK(std::string(failure.what()) == "too fast (HTTP 429)");
        CHECK(failure.status() == 429);
        CHECK_FALSE(failure.retryable());
        CHECK(failure.hint() == "not again");
        return;
    }
    FAIL("no failure");
}

TEST_CASE("text from outside cannot drive a terminal") {
    CHECK(printable("a\x1b[31mb\r\n\x07") == "a\\x1b[31mb\\x0d\\x0a\\x07");
    CHECK(printable("\xe2\x80\xae"
                    "evil") ==
          "\\xe2\\x80\\xae"
          "evil");  // right-to-left override
    CHECK(printable("\xc2\x9b"
                    "1m") ==
          "\\xc2\\x9b"
          "1m");  // C1 control sequence introducer
    CHECK(printable("gr\xc3\xbc\xc3\x9f \xe2\x82\xac") == "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
    CHECK(printable("bad\xff.bin \xe2\x82") == "bad\\xff.bin \\xe2\\x82");
    CHECK(printable(std::string(1000, 'x'), 10) == "xxxxxxxxxx...");
    CHECK(printable("\xe2\x82\xac\xe2\x82\xac", 5) == "\xe2\x82\xac...");  // never half a character
    CHECK(std::string(error(errc::bad_request, "x", error_details().server_message("\x1b]0;t\x07")).what())
              .find('\x1b') == std::string::npos);
}

TEST_CASE("a cancelled Asio operation becomes cancelled, everything else stays") {
    const auto aborted = std::make_exception_ptr(std::system_error(asio::error::operation_aborted));
    CHECK_THROWS_AS(std::rethrow_exception(translate(aborted)), cancelled);
    const auto other = std::make_exception_ptr(std::runtime_error("other"));
    CHECK_THROWS_WITH(std::rethrow_exception(translate(other)), "other");
    CHECK(translate(nullptr) == nullptr);
}

TEST_CASE("describe gives one line for anything") {
    CHECK(describe(nullptr) == "success");
    CHECK(describe(make_exception(errc::file_not_found, "no folder out")) == "no folder out - check the local path");
    CHECK(describe(std::make_exception_ptr(std::runtime_error("a\nb"))) == "a\\x0ab");
    CHECK(describe(std::make_exception_ptr(7)) == "an exception that is not a std::exception");
}

TEST_CASE("timed_out and cancelled are what the standard library calls them, too") {
    CHECK(make_error_code(errc::timed_out) == std::errc::timed_out);
    CHECK(make_error_code(errc::cancelled) == std::errc::operation_canceled);
    CHECK_FALSE(make_error_code(errc::transport) == std::errc::timed_out);
    CHECK(make_error_code(errc::transport).default_error_condition().category() == error_category());
}
