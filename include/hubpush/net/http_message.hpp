#pragma once

/// \file
/// HTTP requests and responses as values. Nothing here touches a connection.

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/net/url.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {
/// ASCII only, as in field names.
HUBPUSH_DECL bool equal_without_case(std::string_view left, std::string_view right) noexcept;
}  // namespace detail

/// Header fields in order, found without regard to case.
class header_list {
public:
    using field = std::pair<std::string, std::string>;

    /// Appends a field. Throws `invalid_argument` for control bytes in either part (spec/reliability.md SEC08).
    HUBPUSH_DECL header_list& add(std::string name, std::string value);
    /// Replaces every field of that name.
    HUBPUSH_DECL header_list& set(std::string name, std::string value);
    /// Removes every field of that name.
    HUBPUSH_DECL void remove(std::string_view name);

    /// The first field of that name.
    HUBPUSH_DECL std::optional<std::string_view> find(std::string_view name) const;
    /// How many fields have that name.
    HUBPUSH_DECL std::size_t count(std::string_view name) const;

    auto begin() const noexcept { return fields_.begin(); }
    auto end() const noexcept { return fields_.end(); }
    std::size_t size() const noexcept { return fields_.size(); }

private:
    std::vector<field> fields_;
};

/// What may be done when the answer to a request is lost (spec/reliability.md §3.4).
enum class request_class {
    safe,           ///< reads only, or may be repeated without any effect: GET, preupload, LFS batch, verify
    idempotent,     ///< writes the same bytes to the same place: PUT to storage
    non_idempotent  ///< commit, create repository: sent once, a lost answer is the caller's to resolve
};

/// One request. A class with setters that chain, so that it can be built inside a `co_await` expression (design.md §5).
class http_request {
public:
    http_request() = default;
    http_request(std::string method, url target, request_class repeatable)
        : method_(std::move(method)), target_(std::move(target)), repeatable_(repeatable) {}

    /// Adds a header field. Fields that frame the message (Host, Content-Length, Transfer-Encoding, Connection, …) are
    /// left out when the request is sent: the client writes its own.
    http_request& header(std::string name, std::string value) {
        headers_.add(std::move(name), std::move(value));
        return *this;
    }
    /// Adds, or replaces, a header field whose value is made anew for each attempt to send the request.
    http_request& header_per_attempt(std::string name, std::string (*make)(random_source&)) {
        renewed_name_ = std::move(name);
        renewed_value_ = make;
        return *this;
    }
    /// The bytes to send; read again from the start when the request is repeated. Sets Content-Length when it is sent.
    http_request& body(std::shared_ptr<byte_source> source) {
        body_ = std::move(source);
        return *this;
    }
    /// A body in memory, owned by the request.
    HUBPUSH_DECL http_request& body(std::string text, std::string content_type);
    /// Sends `Authorization: Bearer token`, and only while the target's origin equals `allowed`.
    http_request& bearer(origin allowed, secret token) {
        origin_ = std::move(allowed);
        token_ = std::move(token);
        return *this;
    }
    /// Lets credentials travel over plain http to a host that is not this machine; otherwise such a request is refused
    /// (spec/reliability.md SEC05).
    http_request& allow_plain_http(bool allowed = true) {
        plain_http_allowed_ = allowed;
        return *this;
    }
    /// Refuses redirects to another origin: the body is meant for this one alone (spec/reliability.md S17).
    http_request& stay_with_origin(bool value = true) {
        stays_with_origin_ = value;
        return *this;
    }
    /// The most bytes of an answer's body to keep (default 1 MiB); a longer one is `errc::limit_exceeded`.
    http_request& reply_limit(std::uint64_t bytes) {
        reply_limit_ = bytes;
        return *this;
    }
    /// How long the first byte of the answer may take after the last byte of the request (default 60 s, commits 300 s).
    http_request& first_byte_within(std::chrono::milliseconds limit) {
        first_byte_within_ = limit;
        return *this;
    }
    /// The longest that any single wait of an exchange may last, whatever its own limit (default: no other limit).
    http_request& longest_wait(std::chrono::milliseconds limit) {
        longest_wait_ = limit;
        return *this;
    }
    /// Called on the strand with the body bytes of the current attempt that have been written so far.
    http_request& on_progress(std::function<void(std::uint64_t)> callback) {
        on_progress_ = std::move(callback);
        return *this;
    }

    /// Called on the strand whenever a whole answer has arrived, also one that leads to a repetition or elsewhere.
    http_request& on_answer(std::function<void()> callback) {
        on_answer_ = std::move(callback);
        return *this;
    }

    const std::string& method() const noexcept { return method_; }
    const url& target() const noexcept { return target_; }
    /// The target for messages: neither with values of the query nor with the token.
    std::string shown_target() const { return token_.hidden_in(target_.redacted()); }
    const header_list& headers() const noexcept { return headers_; }
    const std::shared_ptr<byte_source>& body() const noexcept { return body_; }
    const std::optional<origin>& allowed_origin() const noexcept { return origin_; }
    const secret& token() const noexcept { return token_; }
    bool plain_http_allowed() const noexcept { return plain_http_allowed_; }
    bool stays_with_origin() const noexcept { return stays_with_origin_; }
    request_class repeatable() const noexcept { return repeatable_; }
    std::uint64_t reply_limit() const noexcept { return reply_limit_; }
    std::chrono::milliseconds first_byte_within() const noexcept { return first_byte_within_; }
    std::chrono::milliseconds longest_wait() const noexcept { return longest_wait_; }
    const std::function<void(std::uint64_t)>& on_progress() const noexcept { return on_progress_; }
    const std::function<void()>& on_answer() const noexcept { return on_answer_; }

    /// What the next attempt sends.
    HUBPUSH_DECL http_request& renew(random_source& random);
    /// The same request to another place: what a redirect needs.
    http_request& retarget(url target) {
        target_ = std::move(target);
        return *this;
    }
    /// Forgets token, origin and every header field that could hold a secret: what a redirect to another origin needs.
    HUBPUSH_DECL http_request& drop_credentials();

private:
    std::string method_;
    url target_;
    header_list headers_;
    std::shared_ptr<byte_source> body_;
    std::optional<origin> origin_;
    secret token_;
    bool plain_http_allowed_ = false;
    bool stays_with_origin_ = false;
    request_class repeatable_ = request_class::non_idempotent;
    std::uint64_t reply_limit_ = 1 << 20;
    std::chrono::milliseconds first_byte_within_{60'000};
    std::chrono::milliseconds longest_wait_ = std::chrono::hours(24);
    std::function<void(std::uint64_t)> on_progress_;
    std::function<void()> on_answer_;
    std::string renewed_name_;
    std::string (*renewed_value_)(random_source&) = nullptr;
};

/// A complete answer: status 200 to 599 (1xx are consumed on the way), its fields, and its body.
class http_response {
public:
    http_response() = default;
    http_response(int status, header_list headers, std::string body)
        : status_(status), headers_(std::move(headers)), body_(std::move(body)) {}

    int status() const noexcept { return status_; }
    bool ok() const noexcept { return status_ >= 200 && status_ < 300; }
    const header_list& headers() const noexcept { return headers_; }
    const std::string& body() const noexcept { return body_; }

    /// Replaces `text` by `***` wherever the server repeats it, so that no error or log line can (SEC03).
    HUBPUSH_DECL http_response& hide(const secret& text);
    /// The same, with the body as it is: what a caller reads in it may depend on the text.
    HUBPUSH_DECL http_response& hide_in_headers(const secret& text);

private:
    int status_ = 0;
    header_list headers_;
    std::string body_;
};

/// Request line and fields as they are sent, up to and including the empty line; a secret, because the token is in it.
/// The token is left out unless the target's origin is the allowed one. Throws `invalid_argument`, before anything is
/// sent, for bytes that could split the head (SEC08) and for credentials that would travel unencrypted (SEC05).
HUBPUSH_DECL secret request_head(const http_request& request);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/http_message.ipp>
#endif
