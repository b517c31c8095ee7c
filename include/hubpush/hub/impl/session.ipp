#pragma once

#include <hubpush/hub/session.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/failure.hpp>

#include <array>

namespace hubpush::inline v0 {

namespace detail {

/// §1.7: products and details separated by "; ".
inline std::string user_agent(const hub_settings& settings) {
    const std::string product = "hubpush/" HUBPUSH_VERSION;
    return settings.user_agent_origin().empty() ? product : product + "; origin/" + settings.user_agent_origin();
}

/// A random UUID (version 4) as trace id.
inline std::string trace_id(random_source& random) {
    std::string id = random_id(random);
    id[12] = '4';
    id[16] = "89ab"[static_cast<unsigned char>(id[16]) % 4U];
    for (const std::size_t position : {20U, 16U, 12U, 8U}) id.insert(position, 1, '-');
    return id;
}

/// `failure`: how the request ended that was given up.
[[noreturn]] inline void throw_never_answered(const std::string& who, const std::exception_ptr& failure) {
    error_details details;
    details.retryable(true).hint("check that HF_ENDPOINT names a Hub, and that the network lets you reach it");
    try {
        std::rethrow_exception(failure);
    } catch (const error& ended) {
        details.reached_server(ended.reached_server());
    }
    throw_error(errc::timed_out, who + " has not answered for a minute", std::move(details));
}

/// A 403 of a signed URL mostly means that it has expired; some storages say so with 400 (spec/reliability.md N32).
inline errc kind_of_storage_failure(const http_response& reply) {
    if (reply.status() == 401 || reply.status() == 403) return errc::forbidden;
    if (reply.status() == 400 && reply.body().find("xpired") != std::string::npos) return errc::forbidden;
    return kind_of_failure(reply, "");
}

}  // namespace detail

HUBPUSH_DECL std::string random_id(random_source& random) {
    std::array<std::uint64_t, 2> words{random.next(), random.next()};
    return to_hex(std::as_bytes(std::span(words)));
}

HUBPUSH_DECL hub_session::hub_session(hub_settings settings, hubpush::seams seams, std::shared_ptr<connector> connector,
                                      memory_budget budget, retry_policy policy, connection_limits limits,
                                      trace_events trace)
    : settings_(std::move(settings)),
      seams_(seams),
      policy_(std::move(policy)),
      shared_(std::make_shared<shared>(seams, std::move(connector), std::move(budget), policy_, limits, trace)) {}

HUBPUSH_DECL hub_session::hub_session(const hub_session& other, retry_policy policy)
    : settings_(other.settings_), seams_(other.seams_), policy_(std::move(policy)), shared_(other.shared_) {}

HUBPUSH_DECL http_request hub_session::request(std::string method, std::string_view target,
                                               request_class repeatable) const {
    return request(std::move(method), settings_.at(target), repeatable);
}

HUBPUSH_DECL http_request hub_session::request(std::string method, url target, request_class repeatable) const {
    const bool reads = method == "GET" || method == "HEAD";
    const bool to_endpoint = target.origin() == settings_.origin();
    http_request result(std::move(method), std::move(target), repeatable);
    result.stay_with_origin(to_endpoint && !reads);
    result.header("User-Agent", detail::user_agent(settings_));
    result.header_per_attempt("X-Amzn-Trace-Id", detail::trace_id);
    result.allow_plain_http(settings_.allow_plain_http());
    if (!settings_.token().empty()) result.bearer(settings_.origin(), settings_.token());
    return result;
}

HUBPUSH_DECL task<http_response> hub_session::exchange(http_request request, std::string what) {
    if (!settings_.offline().empty()) {
        throw_error(errc::bad_environment, what + ": requests are switched off by " + settings_.offline(),
                    error_details().hint("unset " + settings_.offline()).reached_server(false));
    }
    http_response reply = co_await exchange_any(std::move(request), what);
    // Also of a storage at our endpoint, whose requests have no token that the client could look for (SEC03).
    if (!reply.ok()) reply.hide(settings_.token());
    co_return reply;
}

HUBPUSH_DECL task<http_response> hub_session::exchange_any(http_request request, std::string what) {
    const url target = request.target();
    if (target.origin() != settings_.origin()) co_return co_await shared_->client.send(std::move(request), policy_);
    for (;;) {
        const bool young = shared_->young.covers(path_of(target), seams_.clock().now());
        http_response reply = co_await ask(request, what);
        for (const std::string& text : shared_->warnings.take_new(reply)) {
            seams_.log().write(log_level::warning, "the Hub warns: " + text);
        }
        if (!is_unknown_yet(reply, target, young)) co_return reply;
        seams_.log().write(log_level::info, what + ": the new repository is not known everywhere yet");
        co_await sleep_for(seams_.clock(), creation_grace::pause);
    }
}

/// Gives up after a minute, unless the endpoint has answered by then: who asks to come again later gets the time.
HUBPUSH_DECL task<http_response> hub_session::await_first_answer(task<http_response> work, std::string what) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    task_group group(executor);
    deadline watch(seams_.clock(), executor, [this, &group] {
        if (!has_answered()) group.cancel();
    });
    watch.expires_after(first_answer_within);
    std::optional<http_response> reply;
    group.spawn(detail::keep_result(std::move(work), reply));
    std::exception_ptr failure;
    try {
        co_await group.join();
    } catch (...) {
        failure = std::current_exception();
    }
    const bool given_up = watch.expired() && !has_answered() && failure && detail::kind_of(failure) == errc::cancelled;
    if (!reply && !given_up) std::rethrow_exception(failure);
    co_await throw_if_cancelled();  // at the moment of success
    if (!reply) detail::throw_never_answered(what + ": " + settings_.endpoint(), failure);
    co_return std::move(*reply);
}

/// One request to the Hub. A wrong address shows within a minute, however it fails (design.md §3), and in that minute a
/// single connection that falls silent is not the end.
HUBPUSH_DECL task<http_response> hub_session::ask(http_request request, std::string what) {
    if (has_answered()) co_return co_await shared_->client.send(std::move(request), policy_);
    if (request.repeatable() != request_class::non_idempotent) request.longest_wait(first_answer_within / 2);
    request.on_answer([all = shared_] { all->answered.store(true, std::memory_order_relaxed); });
    co_return co_await await_first_answer(shared_->client.send(std::move(request), policy_), std::move(what));
}

HUBPUSH_DECL std::string_view hub_session::path_of(const url& target) const {
    std::string_view path = target.target();
    if (path.starts_with(settings_.prefix())) path.remove_prefix(settings_.prefix().size());
    return path;
}

HUBPUSH_DECL bool hub_session::is_unknown_yet(const http_response& reply, const url& target, bool young) const {
    if (!young || reply.status() != 404) return false;
    const errc kind = kind_of_failure(reply, path_of(target));
    return kind == errc::repository_not_found || kind == errc::revision_not_found;
}

HUBPUSH_DECL void hub_session::throw_if_failed(const http_response& reply, const url& target,
                                               const std::string& what) const {
    if (reply.ok()) return;
    error_details details = details_of(reply, seams_.clock().wall());
    if (reply.status() < 400)
        throw_error(errc::protocol_error, what + ": an answer that makes no sense here", std::move(details));
    const errc kind = kind_of_failure(reply, path_of(target));
    if (kind == errc::not_authorized && !settings_.token().empty()) {
        details.hint("the token from " + settings_.token_source() + " is not valid for " + settings_.endpoint());
    }
    throw_error(kind, what, std::move(details));
}

HUBPUSH_DECL task<http_response> hub_session::send(http_request request, std::string what) {
    const url target = request.target();
    http_response reply = co_await exchange(std::move(request), what);
    throw_if_failed(reply, target, what);
    co_return reply;
}

HUBPUSH_DECL task<json_value> hub_session::send_for_json(http_request request, std::string what) {
    const http_response reply = co_await send(std::move(request), what);
    co_return json_of(reply, what);
}

HUBPUSH_DECL json_value hub_session::json_of(const http_response& reply, const std::string& what) {
    std::optional<json_value> body = json_value::parse(reply.body());
    if (!body) {
        throw_error(
            errc::protocol_error, what + ": the answer is not JSON within the limits",
            error_details()
                .status(reply.status())
                .hint("check that HF_ENDPOINT names a Hub and that no log-in page of a network stands in between"));
    }
    return std::move(*body);
}

HUBPUSH_DECL task<http_response> hub_session::send_to_storage(http_request request, std::string what) {
    http_response reply = co_await exchange(std::move(request), what);
    if (reply.ok()) co_return reply;
    throw_error(detail::kind_of_storage_failure(reply), what, details_of(reply, seams_.clock().wall()));
}

}  // namespace hubpush::inline v0
