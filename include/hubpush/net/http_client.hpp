#pragma once

/// \file
/// Sends requests: connections kept alive and reused, deadlines, redirects by rule, retries by policy.

#include <hubpush/core/budget.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/net/connection_limits.hpp>
#include <hubpush/net/connector.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/retry_policy.hpp>
#include <hubpush/net/trace.hpp>

#include <memory>
#include <vector>

namespace hubpush::inline v0 {

/// Everything belongs to one strand: the executor of the coroutines that call `send`. Destroying the client closes idle
/// connections; running exchanges keep what they need alive.
class http_client {
public:
    /// `connector` makes streams (production: TCP and TLS). `budget` gives every buffer. `policy` is the default for
    /// `send`; `limits` bounds the connections, and `trace` what is remembered of them.
    HUBPUSH_DECL http_client(seams seams, std::shared_ptr<connector> connector, memory_budget budget,
                             retry_policy policy, connection_limits limits = connection_limits(),
                             trace_events trace = trace_events());
    HUBPUSH_DECL ~http_client();

    /// Sends `request` and gives the answer, whatever its status, after redirects (spec/reliability.md §3.4: at most 5;
    /// 307 and 308 keep method and body; 301, 302 and 303 only for GET and HEAD; no https to http; credentials stay
    /// with their origin). Safe and idempotent requests are repeated by the retry policy on transport failures and on
    /// 408, 425, 429, 500, 502, 503, 504; non-idempotent ones are sent once, and `error::reached_server()` of the
    /// failure tells whether a byte may have arrived. Waits in order of arrival for memory, then for a connection.
    /// Throws what `connector::connect` and `request_head` throw, `protocol_error`, `limit_exceeded`, `cancelled`, and
    /// whatever the body source throws.
    /// Cancellation: all types at every point; the connection is closed, never reused.
    HUBPUSH_DECL task<http_response> send(http_request request);
    /// The same by another policy.
    HUBPUSH_DECL task<http_response> send(http_request request, retry_policy policy);

    /// The last events, oldest first. Thread-safe.
    HUBPUSH_DECL std::vector<trace_event> trace() const;

private:
    struct call;
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/http_client.ipp>
#endif
