#pragma once

/// \file
/// What a client did on the network, event by event, for a user who wants to know why a push took long.

#include <hubpush/core/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// How many events a client remembers; the oldest are forgotten first. Default: 256, at most 1 KiB each. 0: none.
class trace_events {
public:
    trace_events() = default;
    explicit trace_events(std::size_t most) : most_(most) {}
    std::size_t most() const noexcept { return most_; }

private:
    std::size_t most_ = 256;
};

enum class trace_kind {
    connection_opened,  ///< `about` is the origin, `took` the time for look-up, connect and TLS
    connection_reused,  ///< `about` is the origin
    connection_failed,  ///< with its reason
    request,            ///< `about` is the request line, without values of the query
    reply,              ///< its status and what it took
    failure,            ///< no reply; with its reason
    redirect,           ///< `about` is the new place
    retry               ///< the reason, and how long is waited before the next attempt
};

/// One event. Never holds a token, a password or the query of a signed URL.
class trace_event {
public:
    trace_event() = default;
    /// `request` counts the requests of the client from 1, `attempt` those of that request.
    HUBPUSH_DECL trace_event(trace_kind kind, std::uint64_t request, int attempt, std::string_view about);

    HUBPUSH_DECL trace_event& reason(std::string_view text);
    HUBPUSH_DECL trace_event& request_id(std::string_view text);
    trace_event& at(std::chrono::system_clock::time_point time) {
        at_ = time;
        return *this;
    }
    trace_event& status(int value) {
        status_ = value;
        return *this;
    }
    trace_event& bytes(std::uint64_t sent, std::uint64_t received) {
        sent_ = sent;
        received_ = received;
        return *this;
    }
    trace_event& took(std::chrono::nanoseconds time) {
        took_ = std::chrono::duration_cast<std::chrono::microseconds>(time);
        return *this;
    }
    trace_event& wait(std::chrono::milliseconds time) {
        wait_ = time;
        return *this;
    }

    trace_kind kind() const noexcept { return kind_; }
    std::uint64_t request() const noexcept { return request_; }
    int attempt() const noexcept { return attempt_; }
    const std::string& about() const noexcept { return about_; }
    const std::string& reason() const noexcept { return reason_; }
    const std::string& request_id() const noexcept { return request_id_; }
    std::chrono::system_clock::time_point at() const noexcept { return at_; }
    int status() const noexcept { return status_; }                ///< 0 without a reply
    std::uint64_t sent() const noexcept { return sent_; }          ///< bytes, with the head
    std::uint64_t received() const noexcept { return received_; }  ///< bytes, with the head
    std::chrono::microseconds took() const noexcept { return took_; }
    std::chrono::milliseconds wait() const noexcept { return wait_; }

private:
    trace_kind kind_ = trace_kind::request;
    std::uint64_t request_ = 0;
    int attempt_ = 0;
    int status_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::chrono::microseconds took_{0};
    std::chrono::milliseconds wait_{0};
    std::chrono::system_clock::time_point at_;
    std::string about_;
    std::string reason_;
    std::string request_id_;
};

/// One line for people: `14:03:07.123 #12.2 reply 503, sent 1234, received 200, 48.1 ms [request abc]`. UTC.
HUBPUSH_DECL std::string to_string(const trace_event& event);

namespace detail {

/// The ring. Thread-safe: a user reads it from anywhere.
class trace_ring {
public:
    explicit trace_ring(trace_events size) : most_(size.most()) {}

    /// Nothing should be made for a ring that keeps nothing.
    bool enabled() const noexcept { return most_ != 0; }
    HUBPUSH_DECL void add(trace_event event);
    HUBPUSH_DECL std::vector<trace_event> copy() const;

private:
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::deque<trace_event> events_;  // oldest first
};

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/trace.ipp>
#endif
