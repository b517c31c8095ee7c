#pragma once

/// \file
/// The `X-HF-Warning` fields by which the Hub tells its users something (spec/hub-http-api.md §1.9).

#include <hubpush/core/config.hpp>
#include <hubpush/net/http_message.hpp>

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// Remembers which topics have been shown: the first message of each is enough. Not thread-safe.
class server_warnings {
public:
    static constexpr std::size_t most_topics = 64;  ///< a server cannot fill the log

    /// The messages in `reply` that have not been shown yet, in their order, printable.
    HUBPUSH_DECL std::vector<std::string> take_new(const http_response& reply);

private:
    std::set<std::string, std::less<>> shown_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/server_warnings.ipp>
#endif
