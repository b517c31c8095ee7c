#pragma once

/// \file
/// What an answer of 400 and above means: the Hub's status codes and texts as typed errors (spec/hub-http-api.md
/// §1.10).

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/net/http_message.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

namespace hubpush::inline v0 {

/// The kind of error that `reply` is, by the rules of §1.10 in their order, for all four repository types and for http
/// and https alike. `path` is the request's path below the endpoint's prefix, with or without its query.
HUBPUSH_DECL errc kind_of_failure(const http_response& reply, std::string_view path);

/// What the server says about it, collected by the rules of §1.10: never HTML, never a whole XML document. Not yet
/// escaped.
HUBPUSH_DECL std::string server_text(const http_response& reply);

/// Status, server text, request id, retryability and requested wait of `reply`, which arrived at the time `wall`.
HUBPUSH_DECL error_details details_of(const http_response& reply, std::chrono::system_clock::time_point wall);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/failure.ipp>
#endif
