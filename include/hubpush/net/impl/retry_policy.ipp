#pragma once

#include <hubpush/net/retry_policy.hpp>

#include <hubpush/core/ascii.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string_view>

namespace hubpush::inline v0::detail {

/// Cuts `text` at the next `separator` and gives the trimmed part before it.
inline std::string_view next_part(std::string_view& text, char separator) noexcept {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

/// The longest wait that is told; of a longer one "too long" is all that matters.
inline constexpr std::chrono::seconds longest_told_wait{std::numeric_limits<std::int32_t>::max()};

/// Digits only; a number that is too large becomes the largest one.
inline std::optional<std::chrono::seconds> parse_seconds(std::string_view text) noexcept {
    constexpr std::int64_t most = longest_told_wait.count();
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.front() == '-' || end != text.data() + text.size()) return std::nullopt;
    if (failure == std::errc::result_out_of_range) return std::chrono::seconds(most);
    return std::chrono::seconds(std::min(value, most));
}

inline std::optional<int> parse_digits(std::string_view text) noexcept {
    const auto value = parse_seconds(text);
    return value ? std::optional<int>(static_cast<int>(value->count())) : std::nullopt;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), the only form that servers may send.
inline std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) noexcept {
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
    if (text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':') return std::nullopt;
    const std::size_t month = months.find(text.substr(8, 3));
    const auto day = parse_digits(text.substr(5, 2));
    const auto year = parse_digits(text.substr(12, 4));
    const auto hour = parse_digits(text.substr(17, 2));
    const auto minute = parse_digits(text.substr(20, 2));
    const auto second = parse_digits(text.substr(23, 2));
    if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute || !second)
        return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

inline std::optional<std::chrono::milliseconds> retry_after_wait(const http_response& reply,
                                                                 std::chrono::system_clock::time_point wall) {
    if (reply.headers().count("retry-after") != 1) return std::nullopt;  // two of them contradict each other
    const std::string_view text = trimmed(*reply.headers().find("retry-after"));
    if (const auto seconds = parse_seconds(text)) return *seconds;
    const auto date = parse_http_date(text);
    const auto now = std::chrono::floor<std::chrono::milliseconds>(wall);  // in nanoseconds the year 9999 overflows
    if (!date || *date <= now) return std::nullopt;
    return std::min<std::chrono::milliseconds>(*date - now, longest_told_wait);
}

/// One item of a RateLimit field, `"api";r=0;t=55`: the wait it asks for, if nothing remains.
inline std::optional<std::chrono::milliseconds> exhausted_for(std::string_view item) {
    std::optional<std::chrono::seconds> remaining;
    std::optional<std::chrono::seconds> reset;
    next_part(item, ';');  // the name of the bucket
    while (!item.empty()) {
        const std::string_view parameter = next_part(item, ';');
        if (parameter.starts_with("r=")) remaining = parse_seconds(parameter.substr(2));
        if (parameter.starts_with("t=")) reset = parse_seconds(parameter.substr(2));
    }
    if (remaining != std::chrono::seconds(0)) return std::nullopt;
    return reset;
}

inline std::optional<std::chrono::milliseconds> rate_limit_wait(const http_response& reply) {
    std::string_view items = reply.headers().find("ratelimit").value_or("");
    std::optional<std::chrono::milliseconds> longest;
    while (!items.empty()) longest = std::max(longest, exhausted_for(next_part(items, ',')));
    return longest;
}

}  // namespace hubpush::inline v0::detail

namespace hubpush::inline v0 {

HUBPUSH_DECL std::optional<std::chrono::milliseconds> retry_policy::next_wait(const failed_attempt& failed,
                                                                              std::uint64_t random) const {
    const bool repeatable = failed.status() != 0 ? retryable_status(failed.status()) : retryable_failure(failed.code());
    if (!repeatable) return std::nullopt;
    // A name that does not exist will hardly exist in a second, so it is looked up only once more (N02).
    const int most = failed.status() == 0 && failed.code() == errc::name_not_found ? 2 : attempts();
    return wait_after(failed.number(), most, failed.since_first_failure(), failed.requested_wait(), random);
}

HUBPUSH_DECL std::optional<std::chrono::milliseconds> retry_policy::next_wait(
    const error& failure, int number, std::chrono::milliseconds since_first_failure, std::uint64_t random) const {
    if (!failure.retryable() || !allows(failure)) return std::nullopt;
    return wait_after(number, attempts(), since_first_failure, failure.retry_after(), random);
}

HUBPUSH_DECL std::optional<std::chrono::milliseconds> retry_policy::wait_after(
    int number, int most, std::chrono::milliseconds since_first_failure,
    std::optional<std::chrono::milliseconds> requested, std::uint64_t random) const {
    using std::chrono::milliseconds;
    if (number >= std::min(most, attempts())) return std::nullopt;
    const auto below = [random](milliseconds bound) {
        return milliseconds(static_cast<std::int64_t>(
            random % (static_cast<std::uint64_t>(std::max(bound, milliseconds(0)).count()) + 1)));
    };
    milliseconds bound = backoff_.base();
    for (int doubled = 1; doubled < number && bound < backoff_.cap(); ++doubled) bound *= 2;
    milliseconds wait = below(std::min(bound, backoff_.cap()));
    if (requested) wait = *requested + below(backoff_.base());
    if (since_first_failure + requested.value_or(wait) > total_limit) return std::nullopt;
    return wait;
}

HUBPUSH_DECL retry_budget& retry_budgets::of(const origin& where) {
    const auto known =
        std::find_if(used_.begin(), used_.end(), [&where](const auto& each) { return each.first == where; });
    if (known != used_.end()) {
        used_.splice(used_.begin(), used_, known);
    } else {
        used_.emplace_front(where, retry_budget());
        if (used_.size() > most) used_.pop_back();
    }
    return used_.front().second;
}

HUBPUSH_DECL bool retryable_status(int status) noexcept {
    static constexpr std::array<int, 7> statuses{408, 425, 429, 500, 502, 503, 504};
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

HUBPUSH_DECL bool retryable_failure(errc code) noexcept {
    return code == errc::transport || code == errc::timed_out || code == errc::name_not_found ||
           code == errc::too_many_open_files;
}

HUBPUSH_DECL std::optional<std::chrono::milliseconds> requested_wait(const http_response& reply,
                                                                     std::chrono::system_clock::time_point wall) {
    const std::optional<std::chrono::milliseconds> asked = detail::retry_after_wait(reply, wall);
    if (reply.status() != 429) return asked;
    return std::max(asked, detail::rate_limit_wait(reply));
}

}  // namespace hubpush::inline v0
