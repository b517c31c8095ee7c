#pragma once

#include "catch.hpp"
#include "scripted_stream.hpp"
#include "test_seams.hpp"

#include <hubpush/async/task.hpp>
#include <hubpush/hub/session.hpp>

#include <memory>
#include <string>

inline constexpr const char* test_token = "hf_exampleAAAA";

/// A complete answer with a JSON body.
inline std::string json_reply(const std::string& body, const std::string& status = "200 OK",
                              const std::string& fields = "") {
    return "HTTP/1.1 " + status + "\r\n" + fields +
           "Content-Type: application/json; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// A session with `https://hub.test` over scripted connections, in virtual time.
struct scripted_session {
    explicit scripted_session(std::uint64_t seed = 1, hubpush::hub_settings settings = default_settings())
        : seams(seed),
          network(std::make_shared<hubpush_test::scripted_connector>(seams.clock)),
          session(std::move(settings), seams.get(), network, hubpush::memory_budget(), hubpush::retry_policy()) {}

    static hubpush::hub_settings default_settings() {
        hubpush::hub_settings settings(hubpush::url::parse("https://hub.test")->origin(), "");
        settings.token(hubpush::secret(test_token), "HF_TOKEN");
        return settings;
    }

    /// Runs `call(session)` to its end; rethrows what it throws. With `cancel_after`, it is cancelled at that time.
    template <class Call>
    void run(Call call, std::optional<std::chrono::seconds> cancel_after = std::nullopt) {
        asio::cancellation_signal signal;
        std::optional<std::exception_ptr> outcome;
        hubpush::initiate(
            context.get_executor(), call(session),
            asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr failure) { outcome = failure; }));
        const auto alarm = seams.clock->make_timer(context.get_executor());
        if (cancel_after) {
            alarm->start(seams.clock->now() + *cancel_after, [&] { signal.emit(asio::cancellation_type::terminal); });
        }
        hubpush_test::run_virtual(context, *seams.clock);
        for (const auto& peer : network->peers()) CHECK(peer->mismatch.empty());
        REQUIRE(outcome);
        if (*outcome) std::rethrow_exception(*outcome);
    }

    /// The kind of error that `call(session)` throws; its text is in `text` afterwards.
    template <class Call>
    hubpush::errc failure(Call call, std::optional<std::chrono::seconds> cancel_after = std::nullopt) {
        try {
            run(std::move(call), cancel_after);
        } catch (const hubpush::error& thrown) {
            text = hubpush::describe(std::current_exception());
            hint = thrown.hint();
            CHECK(text.find(test_token) == std::string::npos);
            return thrown.kind();
        }
        FAIL("no error");
        return hubpush::errc::internal;
    }

    asio::io_context context;  // outlives the session, whose idle connections belong to it
    hubpush_test::test_seams seams;
    std::shared_ptr<hubpush_test::scripted_connector> network;
    hubpush::hub_session session;
    std::string text;
    std::string hint;
};
