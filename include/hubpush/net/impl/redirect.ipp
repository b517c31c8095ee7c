#pragma once

#include <hubpush/net/redirect.hpp>

#include <hubpush/core/error.hpp>

#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

inline constexpr int redirect_limit = 5;

[[noreturn]] inline void throw_redirect_refused(const http_request& request, const http_response& reply,
                                                const char* why) {
    throw_error(errc::protocol_error, request.method() + " " + request.shown_target() + ": " + why,
                error_details().status(reply.status()));
}

/// The place that a reply names.
inline url redirect_location(const http_request& request, const http_response& reply) {
    const std::string_view location = reply.headers().find("location").value_or("");
    for (const header_list::field& each : reply.headers()) {
        if (equal_without_case(each.first, "location") && each.second != location) {
            throw_redirect_refused(request, reply, "the redirect names two places");
        }
    }
    const std::optional<url> next = location.empty() ? std::nullopt : request.target().resolve(location);
    if (!next) throw_redirect_refused(request, reply, "the redirect names no usable place");
    const bool tells_token =
        !request.token().empty() && location.find(request.token().reveal()) != std::string_view::npos;
    if (tells_token && next->origin() != request.allowed_origin()) {
        throw_redirect_refused(request, reply, "the redirect would hand the token to another host");
    }
    return *next;
}

/// Plain http goes where the request itself went, or stays on this machine: what a link may not do (SEC05) a redirect
/// may not do either.
inline bool is_overheard(const http_request& request, const origin& next) {
    return !next.secure() && !next.loopback() && next.host() != request.target().origin().host() &&
           !request.plain_http_allowed();
}

HUBPUSH_DECL bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

HUBPUSH_DECL std::optional<url> redirect_target(const http_request& request, const http_response& reply, int hops) {
    const int status = reply.status();
    if (!is_redirect(status)) return std::nullopt;
    const bool keeps_method = status == 307 || status == 308;
    if (!keeps_method && request.method() != "GET" && request.method() != "HEAD") {
        throw_redirect_refused(request, reply, "the redirect would turn the request into another one");
    }
    const url next = redirect_location(request, reply);
    if (request.target().origin().secure() && !next.origin().secure()) {
        throw_redirect_refused(request, reply, "the redirect leaves https");
    }
    if (is_overheard(request, next.origin())) {
        throw_redirect_refused(request, reply, "the redirect leads over plain http to another host");
    }
    if (hops == redirect_limit) throw_redirect_refused(request, reply, "too many redirects");
    if (request.stays_with_origin() && next.origin() != request.target().origin()) {
        throw_redirect_refused(request, reply, "the redirect leads to another origin");
    }
    return next;
}

}  // namespace hubpush::inline v0::detail
