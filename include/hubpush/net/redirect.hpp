#pragma once

/// \file
/// Which redirects are followed (spec/reliability.md §3.4, N27, SEC05).

#include <hubpush/core/config.hpp>
#include <hubpush/net/http_message.hpp>
#include <hubpush/net/url.hpp>

#include <optional>

namespace hubpush::inline v0::detail {

/// Statuses that lead elsewhere.
HUBPUSH_DECL bool is_redirect(int status) noexcept;

/// Where `reply` sends the client, if anywhere, when `hops` redirects were followed already. Throws
/// `errc::protocol_error` when that is a place to which this request may not go.
HUBPUSH_DECL std::optional<url> redirect_target(const http_request& request, const http_response& reply, int hops);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/redirect.ipp>
#endif
