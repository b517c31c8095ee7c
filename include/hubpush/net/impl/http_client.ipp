#pragma once

#include <hubpush/net/http_client.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/process.hpp>
#include <hubpush/net/connection_pool.hpp>
#include <hubpush/net/http_exchange.hpp>
#include <hubpush/net/redirect.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0::detail {

/// For messages.
inline std::string line_of(const http_request& request) { return request.method() + " " + request.shown_target(); }

/// What went wrong in one attempt, as an error whether there was a reply or not.
inline error error_of_attempt(const http_request& request, const http_response& reply,
                              const std::exception_ptr& failure, std::optional<std::chrono::milliseconds> requested) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const error& ours) {
        return ours;
    }
    error_details details;
    if (requested) details.retry_after(*requested);
    details.status(reply.status()).retryable(retryable_status(reply.status()));
    return error(reply.status() == 429 ? errc::rate_limited : errc::server_error, line_of(request), std::move(details));
}

/// The same failure, with what is known about the request's bytes.
inline std::exception_ptr with_reached_server(std::exception_ptr failure, bool reached) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        if (ours.reached_server() == reached) return failure;
        error_details details = ours.details();
        details.reached_server(reached);
        return make_exception(ours.kind(), ours.what(), std::move(details));
    } catch (...) {
        return failure;
    }
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

/// One call of `send` on its way through the loops below.
struct http_client::call {
    std::uint64_t number;  ///< from 1
    retry_policy policy;
    int attempt = 1;
    bool reached = false;  ///< a byte of the request may have arrived
};

/// Outlives the client while an exchange runs. Three loops, one in the other: retries, redirects, and the free second
/// try on a fresh connection.
struct http_client::state {
    state(hubpush::seams outside, std::shared_ptr<hubpush::connector> network, memory_budget memory,
          retry_policy patience, connection_limits limits, trace_events remembered)
        : seams(std::move(outside)),
          connector(std::move(network)),
          budget(std::move(memory)),
          default_policy(std::move(patience)),
          slots(limits),
          trace(remembered) {}

    static task<http_response> send(std::shared_ptr<state> self, http_request request, retry_policy policy);
    task<http_response> retry(const http_request& request, call& now);
    task<http_response> follow_redirects(http_request request, call& now);
    task<http_response> exchange(const http_request& request, call& now);
    task<http_response> run(std::shared_ptr<detail::http_exchange> attempt, const http_request& request,
                            const call& now);
    static void answered(const http_request& request, http_response& reply);
    task<std::shared_ptr<byte_stream>> open(origin where, const call& now);
    std::optional<std::chrono::milliseconds> next_wait(const http_request& request, steady_time first_failure,
                                                       const http_response& reply, const std::exception_ptr& failure,
                                                       const call& now);
    trace_event event(trace_kind kind, const call& now, std::string_view about) const;
    trace_event end_of(const detail::http_exchange& attempt, const http_request& request, const call& now,
                       const http_response& reply, const std::exception_ptr& failure) const;

    hubpush::seams seams;
    std::shared_ptr<hubpush::connector> connector;
    memory_budget budget;
    retry_policy default_policy;
    retry_budgets retries;
    detail::connection_slots slots;
    detail::connection_pool idle;
    detail::trace_ring trace;
    std::uint64_t calls = 0;
    const detail::birthplace birthplace;
};

inline trace_event http_client::state::event(trace_kind kind, const call& now, std::string_view about) const {
    trace_event result(kind, now.number, now.attempt, about);
    result.at(seams.clock().wall());
    return result;
}

HUBPUSH_DECL task<http_response> http_client::state::send(std::shared_ptr<state> self, http_request request,
                                                          retry_policy policy) {
    call now{++self->calls, std::move(policy)};
    std::exception_ptr failure;
    try {
        co_return co_await self->retry(request, now);
    } catch (...) {
        failure = std::current_exception();
    }
    std::rethrow_exception(detail::with_reached_server(failure, now.reached));
}

HUBPUSH_DECL task<http_response> http_client::state::retry(const http_request& request, call& now) {
    std::optional<steady_time> first_failure;
    for (;; ++now.attempt) {
        http_response reply;
        std::exception_ptr failure;
        try {
            reply = co_await follow_redirects(request, now);
        } catch (const error&) {
            failure = std::current_exception();
        }
        if (!failure && !retryable_status(reply.status())) {
            retries.of(request.target().origin()).refund();
            co_return reply;
        }
        if (!first_failure) first_failure = seams.clock().now();
        const auto wait = next_wait(request, *first_failure, reply, failure, now);
        if (!wait && failure) std::rethrow_exception(failure);
        if (!wait) co_return reply;
        const std::string target = request.shown_target();
        const std::string cause = failure ? describe(failure) : target + ": HTTP " + std::to_string(reply.status());
        seams.log().write(log_level::info, "next try in " + std::to_string(wait->count()) + " ms: " + cause);
        if (trace.enabled()) trace.add(event(trace_kind::retry, now, target).reason(cause).wait(*wait));
        co_await sleep_for(seams.clock(), *wait);
    }
}

HUBPUSH_DECL std::optional<std::chrono::milliseconds> http_client::state::next_wait(const http_request& request,
                                                                                    steady_time first_failure,
                                                                                    const http_response& reply,
                                                                                    const std::exception_ptr& failure,
                                                                                    const call& now) {
    using std::chrono::milliseconds;
    if (request.repeatable() == request_class::non_idempotent && now.reached) return std::nullopt;
    const auto since = std::chrono::duration_cast<milliseconds>(seams.clock().now() - first_failure);
    const std::optional<milliseconds> requested =
        failure ? std::optional<milliseconds>() : requested_wait(reply, seams.clock().wall());
    const failed_attempt failed = failure ? failed_attempt(now.attempt, since, detail::kind_of(failure))
                                          : failed_attempt(now.attempt, since, reply.status(), requested);
    const std::optional<milliseconds> wait = now.policy.next_wait(failed, seams.random().next());
    if (!wait) return std::nullopt;
    if (!now.policy.allows(detail::error_of_attempt(request, reply, failure, requested))) return std::nullopt;
    const int cost = failure ? retry_budget::transport_cost : retry_budget::server_cost;
    return retries.of(request.target().origin()).take(cost) ? wait : std::nullopt;
}

HUBPUSH_DECL task<http_response> http_client::state::follow_redirects(http_request request, call& now) {
    request.renew(seams.random());
    for (int hops = 0;; ++hops) {
        http_response reply = co_await exchange(request, now);
        const std::optional<url> next = detail::redirect_target(request, reply, hops);
        if (!next) co_return reply;
        const bool leaves = next->origin() != request.target().origin();
        if (trace.enabled()) {
            const std::string place = request.token().hidden_in(next->redacted());
            trace.add(event(trace_kind::redirect, now, place).status(reply.status()));
        }
        if (leaves) request.drop_credentials();
        request.retarget(*next);
    }
}

HUBPUSH_DECL task<http_response> http_client::state::exchange(const http_request& request, call& now) {
    // The sockets are the parent's too: two processes would read each other's answers (spec/hub-http-api.md §11.4).
    if (birthplace.forked()) throw_error(errc::forked, "the connections belong to the parent process");
    const secret head = request_head(request);
    const origin where = request.target().origin();
    for (bool second = false;; second = true) {
        lease memory = co_await budget.acquire(detail::http_exchange::memory_for(request, head));
        const detail::connection_slot slot = co_await slots.acquire(where);  // after the memory: whoever has it can end
        std::shared_ptr<byte_stream> stream;
        if (!second) stream = idle.take(where, seams.clock().now());
        const bool reused = stream != nullptr;
        if (!reused) stream = co_await open(where, now);
        if (reused && trace.enabled()) trace.add(event(trace_kind::connection_reused, now, where.text()));
        const auto attempt = std::make_shared<detail::http_exchange>(seams, co_await asio::this_coro::executor, stream,
                                                                     std::move(memory), request, head);
        std::exception_ptr failure;
        try {
            http_response reply = co_await run(attempt, request, now);
            now.reached = true;
            if (attempt->reusable()) idle.put(where, std::move(stream), reply, seams.clock().now());
            co_return reply;
        } catch (...) {
            failure = std::current_exception();
        }
        now.reached = now.reached || attempt->reached_server();
        // The server had closed the idle connection: that says nothing about the request (N23).
        const bool repeatable = request.repeatable() != request_class::non_idempotent || !attempt->reached_server();
        const bool stale = reused && attempt->silent() && detail::kind_of(failure) == errc::transport;
        if (!stale || !repeatable) std::rethrow_exception(failure);
    }
}

inline trace_event http_client::state::end_of(const detail::http_exchange& attempt, const http_request& request,
                                              const call& now, const http_response& reply,
                                              const std::exception_ptr& failure) const {
    trace_event result = event(failure ? trace_kind::failure : trace_kind::reply, now, detail::line_of(request));
    result.bytes(attempt.bytes_sent(), attempt.bytes_received()).status(reply.status());
    const std::string id(reply.headers().find("x-request-id").value_or(""));
    result.request_id(request.token().hidden_in(id));
    if (failure) result.reason(describe(failure));
    return result;
}

/// Nothing of an answer that is shown may repeat the token (SEC03). That is what an error says and what stands in the
/// fields; only the place of a redirect, which is followed, has to stay as it is, and so does the body of a success.
inline void http_client::state::answered(const http_request& request, http_response& reply) {
    if (request.on_answer()) request.on_answer()();
    if (reply.status() >= 400) {
        reply.hide(request.token());
    } else if (!detail::is_redirect(reply.status())) {
        reply.hide_in_headers(request.token());
    }
}

/// The exchange itself, with its events.
HUBPUSH_DECL task<http_response> http_client::state::run(std::shared_ptr<detail::http_exchange> attempt,
                                                         const http_request& request, const call& now) {
    const steady_time begin = seams.clock().now();
    if (trace.enabled()) trace.add(event(trace_kind::request, now, detail::line_of(request)));
    http_response reply;
    std::exception_ptr failure;
    try {
        reply = co_await detail::http_exchange::run(attempt);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) answered(request, reply);
    if (trace.enabled()) trace.add(end_of(*attempt, request, now, reply, failure).took(seams.clock().now() - begin));
    if (failure) std::rethrow_exception(failure);
    co_return reply;
}

/// A new connection; idle ones make room for it.
HUBPUSH_DECL task<std::shared_ptr<byte_stream>> http_client::state::open(origin where, const call& now) {
    idle.keep_at_most(slots.most() - std::min(slots.most(), slots.used()));
    const steady_time begin = seams.clock().now();
    std::shared_ptr<byte_stream> stream;
    std::exception_ptr failure;
    try {
        stream = co_await connector->connect(where);
    } catch (...) {
        failure = std::current_exception();
    }
    if (trace.enabled()) {
        trace_event end =
            event(failure ? trace_kind::connection_failed : trace_kind::connection_opened, now, where.text());
        if (failure) end.reason(describe(failure));
        trace.add(std::move(end.took(seams.clock().now() - begin)));
    }
    if (!failure) slots.grow();
    if (!failure) co_return stream;
    if (detail::kind_of(failure) == errc::too_many_open_files) {
        slots.shrink();
        idle.keep_at_most(0);
    }
    std::rethrow_exception(failure);
}

HUBPUSH_DECL http_client::http_client(seams seams, std::shared_ptr<connector> connector, memory_budget budget,
                                      retry_policy policy, connection_limits limits, trace_events trace)
    : state_(std::make_shared<state>(std::move(seams), std::move(connector), std::move(budget), std::move(policy),
                                     limits, trace)) {}

HUBPUSH_DECL http_client::~http_client() = default;

HUBPUSH_DECL task<http_response> http_client::send(http_request request) {
    return send(std::move(request), state_->default_policy);
}

HUBPUSH_DECL task<http_response> http_client::send(http_request request, retry_policy policy) {
    return state::send(state_, std::move(request), std::move(policy));
}

HUBPUSH_DECL std::vector<trace_event> http_client::trace() const { return state_->trace.copy(); }

}  // namespace hubpush::inline v0
