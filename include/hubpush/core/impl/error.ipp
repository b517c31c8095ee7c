#pragma once

#include <hubpush/core/error.hpp>

#include <hubpush/core/asio.hpp>
#include <hubpush/core/utf8.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0 {

namespace detail {

struct errc_text {
    errc code;
    const char* message;
    const char* hint;
};

/// One row per code: its name for people, and what a user can do about it.
inline constexpr auto errc_texts = std::to_array<errc_text>({
    {errc::invalid_argument, "invalid argument", "correct the call; nothing was sent"},
    {errc::bad_environment, "unusable environment", "correct the environment variable or file that is named"},
    {errc::not_authorized, "not authorized", "set HF_TOKEN to a valid token, or log in with the Hub's own tools"},
    {errc::forbidden, "forbidden", "use a token with write access to this repository"},
    {errc::repository_not_found, "repository not found",
     "check the repository id, create it first, or use a token that may see it"},
    {errc::revision_not_found, "revision not found", "check the revision, or create the branch first"},
    {errc::entry_not_found, "entry not found", "check the path in the repository"},
    {errc::conflict, "conflict", "look at what changed on the branch and push again"},
    {errc::bad_request, "bad request", "read the server's message; the same request will be refused again"},
    {errc::quota_exceeded, "quota exceeded", "free storage or change the plan of the account"},
    {errc::payload_too_large, "payload too large", "push fewer or smaller files at once"},
    {errc::rate_limited, "rate limited", "wait as long as the server says, or push less often"},
    {errc::server_error, "server error", "try again later"},
    {errc::protocol_error, "protocol error",
     "check that HF_ENDPOINT names a Hub and that no proxy changes its answers"},
    {errc::limit_exceeded, "limit exceeded", "raise the limit that is named, or ask for less"},
    {errc::transport, "connection failed", "check the network and HF_ENDPOINT"},
    {errc::timed_out, "timed out", "check the network, or try again later"},
    {errc::tls_failed, "TLS failed", "check the certificate authorities (SSL_CERT_FILE) and the host name"},
    {errc::name_not_found, "host name not found", "check the host name in HF_ENDPOINT and the name server"},
    {errc::proxy_failed, "proxy failed", "correct the proxy's address, user or password where it was set"},
    {errc::private_address, "private address",
     "if the server may send this machine there, allow it by name with allow_private_addresses()"},
    {errc::too_many_open_files, "too many open files",
     "close files, lower connection_limits, or raise the limit of open files (ulimit -n)"},
    {errc::file_not_found, "file not found", "check the local path"},
    {errc::file_unreadable, "file unreadable", "check the permissions of the local path"},
    {errc::file_unwritable, "file unwritable", "check the permissions of the local path and the free space there"},
    {errc::file_changed, "file changed", "push again when nothing writes to the file any more"},
    {errc::no_transport, "no transport", "the server offers no way of storing this file that hubpush can use"},
    {errc::integrity, "integrity", "the server stored other bytes than were sent; push again"},
    {errc::outcome_unknown, "outcome unknown", "look at the branch's recent commits before pushing again"},
    {errc::cancelled, "cancelled", "nothing to do: the branch has not moved"},
    {errc::queue_full, "queue full", "wait for a job to finish, or set a higher queue_limit"},
    {errc::queue_closed, "queue closed", "submit before the queue is closed"},
    {errc::wrong_thread, "wrong thread", "call this from another thread than the one that does the work"},
    {errc::forked, "forked", "create a new hubpush object in the child process"},
});

inline const errc_text* text_of(int value) noexcept {
    for (const errc_text& row : errc_texts) {
        if (static_cast<int>(row.code) == value) return &row;
    }
    return nullptr;
}

class error_category_type final : public std::error_category {
public:
    const char* name() const noexcept override { return "hubpush"; }
    std::string message(int value) const override {
        const errc_text* row = text_of(value);
        return row != nullptr ? row->message : "internal error";
    }
    std::error_condition default_error_condition(int value) const noexcept override {
        if (value == static_cast<int>(errc::timed_out)) return std::errc::timed_out;
        if (value == static_cast<int>(errc::cancelled)) return std::errc::operation_canceled;
        return {value, *this};
    }
};

/// `character`, one character of UTF-8 or one byte that is none, must not reach a terminal as it is: a byte that is no
/// character, a control code (also U+0080..U+009F), or a bidirectional mark (U+200E/F, U+2028..U+202E, U+2066..U+2069).
inline bool is_unprintable(std::string_view character) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < character.size() ? static_cast<unsigned char>(character[i]) : 0U;
    };
    if (utf8_length(character) == 0 || byte(0) < 0x20 || byte(0) == 0x7f) return true;
    if (byte(0) == 0xc2) return byte(1) <= 0x9f;
    if (byte(0) != 0xe2) return false;
    const bool general =
        byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae));
    const bool isolates = byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9;
    return general || isolates;
}

inline std::string escaped(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string result;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    }
    return result;
}

}  // namespace detail

HUBPUSH_DECL const std::error_category& error_category() noexcept {
    static const detail::error_category_type category;
    return category;
}

HUBPUSH_DECL std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

HUBPUSH_DECL error_details& error_details::server_message(std::string_view text) {
    server_message_ = printable(text, 500);
    return *this;
}

HUBPUSH_DECL error_details& error_details::request_id(std::string_view text) {
    request_id_ = printable(text, 200);
    return *this;
}

HUBPUSH_DECL error::error(errc code, std::string_view what_happened, error_details details)
    : std::system_error(make_error_code(code)) {
    std::string text = printable(what_happened, 1000);
    if (!details.server_message().empty()) text += ": " + details.server_message();
    if (details.status() != 0) text += " (HTTP " + std::to_string(details.status()) + ")";
    if (!details.request_id().empty()) text += " [request " + details.request_id() + "]";
    const detail::errc_text* row = detail::text_of(static_cast<int>(code));
    if (details.hint().empty()) {
        details.hint(row != nullptr ? row->hint : "this is a bug in hubpush; please report it");
    }
    state_ = std::make_shared<const state>(state{std::move(details), std::move(text)});
}

HUBPUSH_DECL void error::amend(error_details details) {
    state_ = std::make_shared<const state>(state{std::move(details), state_->text});
}

HUBPUSH_DECL std::exception_ptr make_exception(errc code, std::string_view what_happened, error_details details) {
    switch (code) {
        case errc::invalid_argument:
            return std::make_exception_ptr(invalid_argument(what_happened, std::move(details)));
        case errc::not_authorized:
            return std::make_exception_ptr(not_authorized(what_happened, std::move(details)));
        case errc::forbidden:
            return std::make_exception_ptr(forbidden(what_happened, std::move(details)));
        case errc::repository_not_found:
            return std::make_exception_ptr(repository_not_found(what_happened, std::move(details)));
        case errc::revision_not_found:
            return std::make_exception_ptr(revision_not_found(what_happened, std::move(details)));
        case errc::entry_not_found:
            return std::make_exception_ptr(entry_not_found(what_happened, std::move(details)));
        case errc::conflict:
            return std::make_exception_ptr(conflict(what_happened, std::move(details)));
        case errc::quota_exceeded:
            return std::make_exception_ptr(quota_exceeded(what_happened, std::move(details)));
        case errc::rate_limited:
            return std::make_exception_ptr(rate_limited(what_happened, std::move(details)));
        case errc::file_changed:
            return std::make_exception_ptr(file_changed(what_happened, std::move(details)));
        case errc::no_transport:
            return std::make_exception_ptr(no_transport(what_happened, std::move(details)));
        case errc::outcome_unknown:
            return std::make_exception_ptr(outcome_unknown(what_happened, std::move(details)));
        case errc::cancelled:
            return std::make_exception_ptr(cancelled(what_happened, std::move(details)));
        case errc::queue_full:
            return std::make_exception_ptr(queue_full(what_happened, std::move(details)));
        default:
            return std::make_exception_ptr(error(code, what_happened, std::move(details)));
    }
}

HUBPUSH_DECL void throw_error(errc code, std::string_view what_happened, error_details details) {
    std::rethrow_exception(make_exception(code, what_happened, std::move(details)));
}

HUBPUSH_DECL std::exception_ptr translate(std::exception_ptr failure) {
    if (!failure) return failure;
    try {
        std::rethrow_exception(failure);
    } catch (const error&) {
        return failure;
    } catch (const std::system_error& foreign) {
        if (foreign.code() == asio::error::operation_aborted) {
            return make_exception(errc::cancelled, "the operation was cancelled");
        }
        return failure;
    } catch (...) {
        return failure;
    }
}

HUBPUSH_DECL errc detail::kind_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        return ours.kind();
    } catch (...) {
        return errc::internal;
    }
}

HUBPUSH_DECL std::string describe(std::exception_ptr failure) {
    if (!failure) return "success";
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        return std::string(ours.what()) + " - " + ours.hint();
    } catch (const std::exception& foreign) {
        return printable(foreign.what());
    } catch (...) {
        return "an exception that is not a std::exception";
    }
}

HUBPUSH_DECL std::string printable(std::string_view text, std::size_t limit) {
    std::string result;
    result.reserve(std::min(text.size(), limit));
    while (!text.empty()) {
        const std::string_view character = text.substr(0, std::max<std::size_t>(utf8_length(text), 1));
        const std::string shown =
            detail::is_unprintable(character) ? detail::escaped(character) : std::string(character);
        if (result.size() + shown.size() > limit) return result + "...";
        result += shown;
        text.remove_prefix(character.size());
    }
    return result;
}

}  // namespace hubpush::inline v0
