#pragma once

/// \file
/// Everything that can go wrong, as one category of codes and one family of exceptions (design.md §4).
///
/// Protocol cores return codes; coroutines throw `hubpush::error`; completion handlers and jobs carry
/// `std::exception_ptr`. A type of its own exists for each thing a user does differently.

#include <hubpush/core/config.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace hubpush::inline v0 {

/// Why something failed. Each enumerator names the situation, not the place.
enum class errc {
    invalid_argument = 1,  ///< the caller passed something that can never work; found before the first request
    bad_environment,       ///< an environment variable or configuration file holds something unusable
    not_authorized,        ///< the Hub does not know the token, or none was given where one is needed (401)
    forbidden,             ///< the token is known but may not do this (403), or the repository is gated or disabled
    repository_not_found,  ///< the repository does not exist, or this token may not see it
    revision_not_found,    ///< the branch, tag or commit does not exist
    entry_not_found,       ///< a path does not exist in the repository
    conflict,              ///< someone else changed the branch or created the thing first (409, 412)
    bad_request,           ///< the Hub refuses the request as it is (400, 422)
    quota_exceeded,        ///< storage or plan limits of the account (402, 507, 509)
    payload_too_large,     ///< the Hub refuses the size of the request (413)
    rate_limited,          ///< too many requests or commits (429)
    server_error,          ///< the Hub failed (5xx, 408, 425)
    protocol_error,        ///< the peer speaks something that is not the protocol
    limit_exceeded,        ///< a bound of ours on what a peer or a user may ask for
    transport,             ///< no connection, or it broke
    timed_out,             ///< a deadline passed
    tls_failed,            ///< the peer could not prove who it is, or TLS itself failed
    name_not_found,        ///< the host name does not exist
    proxy_failed,          ///< the proxy refuses to open a connection (407 and others)
    private_address,       ///< a public server named a place inside this machine or its network (SEC06)
    too_many_open_files,   ///< this process has no descriptor left for a connection
    file_not_found,        ///< a local file or folder does not exist
    file_unreadable,       ///< a local file or folder exists and cannot be read
    file_unwritable,       ///< a local file cannot be written
    file_changed,          ///< a local file changed while it was being pushed
    no_transport,          ///< the server offers no way to store this content that hubpush can use
    integrity,             ///< what the server stored is not what was sent
    outcome_unknown,       ///< a commit may or may not have been applied, and it cannot be told which
    cancelled,             ///< the operation was cancelled; the branch has not moved
    queue_full,            ///< the queue has a limit and it is reached
    queue_closed,          ///< the queue takes no more jobs
    wrong_thread,          ///< a blocking call on the thread that would have to do the work
    forked,                ///< a forked child uses an object of its parent
    internal               ///< a bug in hubpush
};

/// The category of `errc`; its messages are one short phrase each. `timed_out` and `cancelled` also compare equal to
/// `std::errc::timed_out` and `std::errc::operation_canceled`. A category is compared by its address, so there has to
/// be one in the whole process, also when a shared library hides its symbols.
[[gnu::visibility("default")]] HUBPUSH_DECL const std::error_category& error_category() noexcept;

HUBPUSH_DECL std::error_code make_error_code(errc code) noexcept;

/// What is known about a failure besides its code. A class with constructors, never an aggregate (g++ 12, design.md
/// §5).
class error_details {
public:
    error_details() = default;

    error_details& status(int value) {
        status_ = value;
        return *this;
    }
    HUBPUSH_DECL error_details& server_message(std::string_view text);  ///< escaped and cut to 500 bytes here
    HUBPUSH_DECL error_details& request_id(std::string_view text);      ///< escaped and cut to 200 bytes here
    error_details& file(std::string path) {
        file_ = std::move(path);
        return *this;
    }
    error_details& hint(std::string text) {
        hint_ = std::move(text);
        return *this;
    }
    error_details& retryable(bool value) {
        retryable_ = value;
        return *this;
    }
    error_details& retry_after(std::chrono::milliseconds value) {
        retry_after_ = value;
        return *this;
    }
    error_details& reached_server(bool value) {
        reached_server_ = value;
        return *this;
    }

    int status() const noexcept { return status_; }
    const std::string& server_message() const noexcept { return server_message_; }
    const std::string& request_id() const noexcept { return request_id_; }
    const std::string& file() const noexcept { return file_; }
    const std::string& hint() const noexcept { return hint_; }
    bool retryable() const noexcept { return retryable_; }
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
    bool reached_server() const noexcept { return reached_server_; }

private:
    int status_ = 0;
    bool retryable_ = false;
    bool reached_server_ = true;
    std::optional<std::chrono::milliseconds> retry_after_;
    std::string server_message_;
    std::string request_id_;
    std::string file_;
    std::string hint_;
};

/// The base of all exceptions that hubpush throws. Copying never throws. `what()` says what happened to what, and never
/// holds a token or the query of a signed URL; `hint()` says what to do.
class error : public std::system_error {
public:
    HUBPUSH_DECL explicit error(errc code, std::string_view what_happened, error_details details = error_details());

    const char* what() const noexcept override { return state_->text.c_str(); }
    errc kind() const noexcept { return static_cast<errc>(code().value()); }
    int status() const noexcept { return state_->details.status(); }  ///< HTTP status, 0 without an answer
    const std::string& server_message() const noexcept { return state_->details.server_message(); }
    const std::string& request_id() const noexcept { return state_->details.request_id(); }
    const std::string& file() const noexcept { return state_->details.file(); }  ///< local path or path in repository
    const std::string& hint() const noexcept { return state_->details.hint(); }  ///< what to do; never empty
    bool retryable() const noexcept { return state_->details.retryable(); }      ///< the same call may succeed later
    /// How long the server asked to wait, if it did.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return state_->details.retry_after(); }
    /// False only if it is certain that no byte of the request reached the server.
    bool reached_server() const noexcept { return state_->details.reached_server(); }
    const error_details& details() const noexcept { return state_->details; }
    /// Other details, the same text: for whoever catches a failure, knows more about it and throws it on as what it is.
    HUBPUSH_DECL void amend(error_details details);

private:
    struct state {
        error_details details;
        std::string text;
    };
    std::shared_ptr<const state> state_;
};

/// One exception type per thing a user does differently; all others are a plain `error` with their code.
template <errc Code>
class error_of : public error {
public:
    explicit error_of(std::string_view what_happened, error_details details = error_details())
        : error(Code, what_happened, std::move(details)) {}
};

using invalid_argument = error_of<errc::invalid_argument>;
using not_authorized = error_of<errc::not_authorized>;
using forbidden = error_of<errc::forbidden>;
using repository_not_found = error_of<errc::repository_not_found>;
using revision_not_found = error_of<errc::revision_not_found>;
using entry_not_found = error_of<errc::entry_not_found>;
using conflict = error_of<errc::conflict>;
using quota_exceeded = error_of<errc::quota_exceeded>;
using rate_limited = error_of<errc::rate_limited>;
using file_changed = error_of<errc::file_changed>;
using no_transport = error_of<errc::no_transport>;
using outcome_unknown = error_of<errc::outcome_unknown>;
using cancelled = error_of<errc::cancelled>;
using queue_full = error_of<errc::queue_full>;

/// Throws the exception type that belongs to `code`.
[[noreturn]] HUBPUSH_DECL void throw_error(errc code, std::string_view what_happened,
                                           error_details details = error_details());

/// The same as a pointer, for jobs and completion handlers.
HUBPUSH_DECL std::exception_ptr make_exception(errc code, std::string_view what_happened,
                                               error_details details = error_details());

/// Turns the exception of a cancelled Asio operation into `hubpush::cancelled`, any other foreign exception is kept.
HUBPUSH_DECL std::exception_ptr translate(std::exception_ptr failure);

/// One line about any exception: what happened and, for ours, what to do. An empty pointer gives "success".
HUBPUSH_DECL std::string describe(std::exception_ptr failure);

/// `text` as UTF-8 that a terminal can show: control bytes, bytes that are not UTF-8 and the bidirectional marks that
/// can reorder a line are escaped as `\\xNN`. At most `limit` bytes, and three dots when that was not enough.
HUBPUSH_DECL std::string printable(std::string_view text, std::size_t limit = 500);

namespace detail {

/// The code of one of our own exceptions, `internal` for any other.
HUBPUSH_DECL errc kind_of(const std::exception_ptr& failure);

}  // namespace detail

}  // namespace hubpush::inline v0

template <>
struct std::is_error_code_enum<hubpush::errc> : std::true_type {};

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/error.ipp>
#endif
