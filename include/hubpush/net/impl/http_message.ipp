#pragma once

#include <hubpush/net/http_message.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL bool equal_without_case(std::string_view left, std::string_view right) noexcept {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower_case(a) == lower_case(b); });
}

inline bool is_one_of(std::string_view name, std::span<const std::string_view> names) noexcept {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view other) { return equal_without_case(name, other); });
}

/// RFC 9110 §5.6.2.
inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && consists_of(text, [](char c) {
        return is_word_byte(c) || std::string_view("!#$%&'*+-.^`|~").find(c) != std::string_view::npos;
    });
}

inline bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// A field value may hold tabs and bytes above ASCII, but nothing that could end the line.
inline bool is_field_value(std::string_view text) noexcept {
    return consists_of(text, [](char c) { return !is_control(c) || c == '\t'; });
}

/// Fields that frame the message or name the host. They are written here and nowhere else: servers put some of them
/// into the header maps of upload links.
inline constexpr std::array<std::string_view, 9> framing_fields{"host",       "content-length",  "transfer-encoding",
                                                                "connection", "accept-encoding", "expect",
                                                                "te",         "trailer",         "upgrade"};

/// Fields that hold no credentials, and may therefore follow a redirect to another origin (spec/reliability.md SEC01).
inline constexpr std::array<std::string_view, 5> harmless_fields{"accept", "content-type", "user-agent", "range",
                                                                 "x-amzn-trace-id"};

inline constexpr std::array<std::string_view, 3> credential_fields{"authorization", "cookie", "proxy-authorization"};

inline bool sends_bearer(const http_request& request) {
    return !request.token().empty() && request.allowed_origin() == request.target().origin();
}

inline bool sends_credentials(const http_request& request) {
    return sends_bearer(request) ||
           std::any_of(request.headers().begin(), request.headers().end(),
                       [](const auto& field) { return is_one_of(field.first, credential_fields); });
}

[[noreturn]] inline void refuse(const http_request& request, const std::string& why) {
    throw_error(errc::invalid_argument, "not sent to " + request.shown_target() + ": " + why,
                error_details().reached_server(false));
}

inline void check_request(const http_request& request) {
    const origin& where = request.target().origin();
    if (!is_token(request.method())) refuse(request, "the method is not a token");
    if (!consists_of(where.authority(), is_visible_byte) || !consists_of(request.target().target(), is_visible_byte)) {
        refuse(request, "the address holds bytes that do not belong there");
    }
    if (!consists_of(request.token().reveal(), is_visible_byte))
        refuse(request, "the token holds bytes that do not belong there");
    if (sends_credentials(request) && !where.secure() && !where.loopback() && !request.plain_http_allowed()) {
        throw_error(
            errc::invalid_argument, "a token would travel unencrypted to " + where.text(),
            error_details().reached_server(false).hint("use https, or allow it by name with allow_plain_http()"));
    }
}

inline void append_field(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL header_list& header_list::add(std::string name, std::string value) {
    if (!detail::is_token(name) || !detail::is_field_value(value)) {
        throw_error(errc::invalid_argument, "a header field holds bytes that do not belong there: " + name,
                    error_details().reached_server(false));
    }
    fields_.emplace_back(std::move(name), std::move(value));
    return *this;
}

HUBPUSH_DECL header_list& header_list::set(std::string name, std::string value) {
    remove(name);
    return add(std::move(name), std::move(value));
}

HUBPUSH_DECL void header_list::remove(std::string_view name) {
    std::erase_if(fields_, [&](const field& each) { return detail::equal_without_case(each.first, name); });
}

HUBPUSH_DECL std::optional<std::string_view> header_list::find(std::string_view name) const {
    for (const field& each : fields_) {
        if (detail::equal_without_case(each.first, name)) return each.second;
    }
    return std::nullopt;
}

HUBPUSH_DECL std::size_t header_list::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(fields_.begin(), fields_.end(), [&](const field& each) {
        return detail::equal_without_case(each.first, name);
    }));
}

HUBPUSH_DECL http_request& http_request::body(std::string text, std::string content_type) {
    headers_.set("Content-Type", std::move(content_type));
    return body(memory_source(std::move(text)));
}

HUBPUSH_DECL http_request& http_request::renew(random_source& random) {
    if (renewed_value_ != nullptr) headers_.set(renewed_name_, renewed_value_(random));
    return *this;
}

HUBPUSH_DECL http_request& http_request::drop_credentials() {
    origin_.reset();
    token_ = secret();
    header_list kept;
    for (const header_list::field& each : headers_) {
        if (detail::is_one_of(each.first, detail::harmless_fields)) kept.add(each.first, each.second);
    }
    headers_ = std::move(kept);
    return *this;
}

HUBPUSH_DECL http_response& http_response::hide_in_headers(const secret& text) {
    if (text.empty()) return *this;
    header_list shown;
    for (const header_list::field& each : headers_) shown.add(each.first, text.hidden_in(each.second));
    headers_ = std::move(shown);
    return *this;
}

HUBPUSH_DECL http_response& http_response::hide(const secret& text) {
    body_ = text.hidden_in(std::move(body_));
    return hide_in_headers(text);
}

HUBPUSH_DECL secret request_head(const http_request& request) {
    detail::check_request(request);
    const bool bearer = detail::sends_bearer(request);
    std::string head = request.method() + " " + request.target().target() + " HTTP/1.1\r\n";
    detail::append_field(head, "Host", request.target().origin().authority());
    detail::append_field(head, "Accept-Encoding", "identity");
    for (const header_list::field& each : request.headers()) {
        const bool replaced = bearer && detail::equal_without_case(each.first, "authorization");
        if (!replaced && !detail::is_one_of(each.first, detail::framing_fields)) {
            detail::append_field(head, each.first, each.second);
        }
    }
    if (request.body()) {
        detail::append_field(head, "Content-Length", std::to_string(request.body()->size()));
    } else if (request.method() != "GET" && request.method() != "HEAD") {
        detail::append_field(head, "Content-Length", "0");
    }
    if (bearer) head.append("Authorization: Bearer ").append(request.token().reveal()).append("\r\n");
    head += "\r\n";
    return secret(std::move(head));
}

}  // namespace hubpush::inline v0
