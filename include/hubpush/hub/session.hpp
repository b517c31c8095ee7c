#pragma once

/// \file
/// What all calls to one Hub share: settings, connections, identification, and the rules by which answers become values
/// or typed errors.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/hub/creation_grace.hpp>
#include <hubpush/hub/endpoint.hpp>
#include <hubpush/hub/json.hpp>
#include <hubpush/hub/server_warnings.hpp>
#include <hubpush/net/http_client.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// An endpoint that has never answered is given up after this, whatever the retry policy says. Silence of half that
/// time ends an attempt, so that there is a second one.
inline constexpr std::chrono::seconds first_answer_within{60};

/// Belongs to the strand of its `http_client`, except for `has_answered()`. The functions of `hub/` take a reference;
/// it must outlive the awaitables they return. Neither copied nor moved.
class hub_session {
public:
    HUBPUSH_DECL hub_session(hub_settings settings, seams seams, std::shared_ptr<connector> connector,
                             memory_budget budget, retry_policy policy, connection_limits limits = connection_limits(),
                             trace_events trace = trace_events());
    /// The same session with another policy: what both have is shared, down to the connections.
    HUBPUSH_DECL hub_session(const hub_session& other, retry_policy policy);
    hub_session(const hub_session&) = delete;
    hub_session& operator=(const hub_session&) = delete;

    const hub_settings& settings() const noexcept { return settings_; }
    const hubpush::seams& seams() const noexcept { return seams_; }
    const retry_policy& policy() const noexcept { return policy_; }

    /// What happened on the network last, oldest first. Thread-safe.
    std::vector<trace_event> trace() const { return shared_->client.trace(); }

    /// True once the endpoint has answered any request of this session, and be it with a refusal or the wish to be
    /// asked later. Half an answer is none. Thread-safe.
    bool has_answered() const noexcept { return shared_->answered.load(std::memory_order_relaxed); }

    /// A request to the Hub with the token (if there is one), User-Agent and, in each attempt, a fresh trace id.
    /// `target` is a path below the endpoint, escaped, with its query. What writes is not redirected to another origin.
    HUBPUSH_DECL http_request request(std::string method, std::string_view target, request_class repeatable) const;
    /// The same for a URL that the server named. The token goes only to the endpoint's origin (spec/reliability.md
    /// SEC01).
    HUBPUSH_DECL http_request request(std::string method, url target, request_class repeatable) const;

    /// Sends a request and gives the answer whatever its status. A repository that this session has just created may be
    /// unknown for some seconds: then the request, which has done nothing, is repeated. New warnings of the Hub go to
    /// the log. No part of an answer that is none of 2xx repeats the token. Throws whatever `http_client::send` throws.
    /// In offline mode nothing is sent. Cancellation: all types.
    HUBPUSH_DECL task<http_response> exchange(http_request request, std::string what);

    /// Tells that the repository is new.
    void created(repository where) { shared_->young.created(std::move(where), seams_.clock().now()); }

    /// Throws the typed error that an answer to `target` is, unless its status is 2xx. The error begins with `what`, as
    /// in "cannot create acme/run-42".
    HUBPUSH_DECL void throw_if_failed(const http_response& reply, const url& target, const std::string& what) const;

    /// Both: the answer if its status is 2xx.
    HUBPUSH_DECL task<http_response> send(http_request request, std::string what);

    /// The same for an answer that must be JSON.
    HUBPUSH_DECL task<json_value> send_for_json(http_request request, std::string what);

    /// Parses the JSON of an answer. Throws `protocol_error` when it is something else, for instance the log-in page of
    /// a network in between.
    HUBPUSH_DECL static json_value json_of(const http_response& reply, const std::string& what);

    /// The same for places that are not the Hub, the storage behind signed URLs. There 401, 403 and an expiry told as
    /// 400 are all `errc::forbidden`: a new URL may help (spec/reliability.md N32).
    HUBPUSH_DECL task<http_response> send_to_storage(http_request request, std::string what);

private:
    /// What sessions with different policies have in common.
    struct shared {
        shared(const hubpush::seams& seams, std::shared_ptr<connector> connector, memory_budget budget,
               const retry_policy& policy, connection_limits limits, trace_events trace)
            : client(seams, std::move(connector), std::move(budget), policy, limits, trace) {}
        http_client client;
        creation_grace young;
        server_warnings warnings;
        std::atomic<bool> answered{false};
    };

    HUBPUSH_DECL task<http_response> exchange_any(http_request request, std::string what);
    HUBPUSH_DECL task<http_response> ask(http_request request, std::string what);
    HUBPUSH_DECL task<http_response> await_first_answer(task<http_response> work, std::string what);
    HUBPUSH_DECL std::string_view path_of(const url& target) const;
    HUBPUSH_DECL bool is_unknown_yet(const http_response& reply, const url& target, bool young) const;

    hub_settings settings_;
    hubpush::seams seams_;
    retry_policy policy_;
    std::shared_ptr<shared> shared_;
};

/// 32 random hexadecimal digits.
HUBPUSH_DECL std::string random_id(random_source& random);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/session.ipp>
#endif
