#pragma once

#include <hubpush/net/connection_pool.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace hubpush::inline v0::detail {

/// `Keep-Alive: timeout=5, max=100`: how long the server promises to wait.
inline std::chrono::seconds idle_time_allowed(const http_response& reply) {
    const std::string_view text = reply.headers().find("keep-alive").value_or("");
    const std::size_t begin = text.find("timeout=");
    int seconds = 0;
    if (begin == std::string_view::npos) return connection_pool::longest_idle;
    const char* const digits = text.data() + begin + 8;
    if (std::from_chars(digits, text.data() + text.size(), seconds).ec != std::errc())
        return connection_pool::longest_idle;
    return std::clamp(std::chrono::seconds(seconds), std::chrono::seconds(0), connection_pool::longest_idle);
}

HUBPUSH_DECL std::shared_ptr<byte_stream> connection_pool::take(const origin& where, steady_time now) {
    std::erase_if(idle_, [&](const idle_connection& each) { return each.until <= now || !each.stream->quiet(); });
    const auto found =
        std::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& each) { return each.where == where; });
    if (found == idle_.rend()) return nullptr;
    std::shared_ptr<byte_stream> stream = std::move(found->stream);
    idle_.erase(std::next(found).base());
    return stream;
}

HUBPUSH_DECL void connection_pool::put(const origin& where, std::shared_ptr<byte_stream> stream,
                                       const http_response& reply, steady_time now) {
    const auto same_origin = [&](const idle_connection& each) { return each.where == where; };
    if (static_cast<std::size_t>(std::count_if(idle_.begin(), idle_.end(), same_origin)) >= most_per_origin) {
        idle_.erase(std::find_if(idle_.begin(), idle_.end(), same_origin));
    }
    idle_.push_back({where, std::move(stream), now + idle_time_allowed(reply)});
}

HUBPUSH_DECL void connection_pool::keep_at_most(std::size_t most) {
    if (idle_.size() > most) idle_.erase(idle_.begin(), idle_.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace hubpush::inline v0::detail
