#pragma once

/// \file
/// Listings that come in pages (spec/hub-http-api.md §3.4).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The target of `rel="next"` in a `Link` field, as it is written there; nothing when there is none.
HUBPUSH_DECL std::optional<std::string> next_link(std::string_view field);

/// A listing that is read page by page, following `Link` fields on the endpoint's own origin and nowhere else, at most
/// `most_pages` times: a server cannot make it endless or send the token elsewhere (spec/reliability.md S21).
class paged_listing {
public:
    static constexpr std::size_t most_pages = 10'000;
    static constexpr std::uint64_t page_limit = 8U << 20;  ///< bytes of one page

    /// `first` is the path and query of the first page. `session` must outlive this object.
    HUBPUSH_DECL paged_listing(hub_session& session, std::string_view first, std::string what);

    /// The items of the next page, or nothing after the last one. Cancellation: all types.
    HUBPUSH_DECL task<std::optional<std::vector<json_value>>> next();

private:
    HUBPUSH_DECL std::optional<url> following(const http_response& reply, const url& current) const;

    hub_session* session_;
    std::string what_;
    std::optional<url> next_;
    std::size_t pages_ = 0;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/paging.ipp>
#endif
