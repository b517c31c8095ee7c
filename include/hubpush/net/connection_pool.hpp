#pragma once

/// \file
/// Connections that wait for their next request.

#include <hubpush/core/seams.hpp>
#include <hubpush/net/connector.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/url.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace hubpush::inline v0::detail {

/// Idle connections of one client, so that no connection is ever shared between tokens or trust settings (SEC16). The
/// last one used is the first one taken again. Not thread-safe.
class connection_pool {
public:
    static constexpr std::size_t most_per_origin = 8;
    static constexpr std::chrono::seconds longest_idle{55};  ///< many servers close after 60 s

    /// A connection to `where` on which nothing has arrived since its last reply, or none.
    HUBPUSH_DECL std::shared_ptr<byte_stream> take(const origin& where, steady_time now);

    /// Keeps a connection for as long as `reply`, the last one it carried, allows.
    HUBPUSH_DECL void put(const origin& where, std::shared_ptr<byte_stream> stream, const http_response& reply,
                          steady_time now);

    /// Closes the oldest ones until at most `most` are left.
    HUBPUSH_DECL void keep_at_most(std::size_t most);

    std::size_t size() const noexcept { return idle_.size(); }

private:
    struct idle_connection {
        origin where;
        std::shared_ptr<byte_stream> stream;
        steady_time until;
    };
    std::vector<idle_connection> idle_;  // oldest first
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/connection_pool.ipp>
#endif
