#pragma once

#include <hubpush/net/trace.hpp>

#include <hubpush/core/error.hpp>

#include <array>
#include <cstdio>

namespace hubpush::inline v0 {

namespace detail {

inline const char* word_for(trace_kind kind) {
    switch (kind) {
        case trace_kind::connection_opened:
            return "connected to";
        case trace_kind::connection_reused:
            return "uses a connection to";
        case trace_kind::connection_failed:
            return "no connection to";
        case trace_kind::request:
            return "request";
        case trace_kind::reply:
            return "reply to";
        case trace_kind::failure:
            return "no reply to";
        case trace_kind::redirect:
            return "redirected to";
        case trace_kind::retry:
            break;
    }
    return "tries again:";
}

/// `14:03:07.123`, UTC.
inline std::string time_of_day(std::chrono::system_clock::time_point at) {
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(at - std::chrono::floor<std::chrono::days>(at));
    const std::chrono::hh_mm_ss parts(since);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", static_cast<int>(parts.hours().count()),
                  static_cast<int>(parts.minutes().count()), static_cast<int>(parts.seconds().count()),
                  static_cast<int>(parts.subseconds().count()));
    return text.data();
}

inline std::string in_milliseconds(std::chrono::microseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f ms", static_cast<double>(time.count()) / 1000);
    return text.data();
}

HUBPUSH_DECL void trace_ring::add(trace_event event) {
    if (!enabled()) return;
    const std::lock_guard lock(mutex_);
    if (events_.size() == most_) events_.pop_front();
    events_.push_back(std::move(event));
}

HUBPUSH_DECL std::vector<trace_event> trace_ring::copy() const {
    const std::lock_guard lock(mutex_);
    return {events_.begin(), events_.end()};
}

}  // namespace detail

HUBPUSH_DECL trace_event::trace_event(trace_kind kind, std::uint64_t request, int attempt, std::string_view about)
    : kind_(kind), request_(request), attempt_(attempt), about_(printable(about, 400)) {}

HUBPUSH_DECL trace_event& trace_event::reason(std::string_view text) {
    reason_ = printable(text, 400);
    return *this;
}

HUBPUSH_DECL trace_event& trace_event::request_id(std::string_view text) {
    request_id_ = printable(text, 100);
    return *this;
}

HUBPUSH_DECL std::string to_string(const trace_event& event) {
    std::string line = detail::time_of_day(event.at()) + " #" + std::to_string(event.request()) + "." +
                       std::to_string(event.attempt()) + " " + detail::word_for(event.kind()) + " " + event.about();
    if (event.status() != 0) line += ": HTTP " + std::to_string(event.status());
    if (!event.reason().empty()) line += ": " + event.reason();
    if (event.kind() == trace_kind::retry) line += ", in " + std::to_string(event.wait().count()) + " ms";
    if (event.sent() + event.received() != 0) {
        line += ", sent " + std::to_string(event.sent()) + ", received " + std::to_string(event.received());
    }
    if (event.took().count() != 0) line += ", " + detail::in_milliseconds(event.took());
    if (!event.request_id().empty()) line += " [request " + event.request_id() + "]";
    return line;
}

}  // namespace hubpush::inline v0
