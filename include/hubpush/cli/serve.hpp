#pragma once

/// \file
/// The command `hubpush serve`: an embedded Hub as a program of its own.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/local_hub/local_hub.hpp>

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace hubpush::inline v0 {

/// What the command line says.
class serve_options {
public:
    std::filesystem::path folder;
    std::uint16_t port = 0;      ///< 0 picks a free one
    secret token;                ///< empty: a random one is made, for the user `local`, and printed
    std::string user = "local";  ///< owner of the given token, and the namespace of repositories that name none
    secret reader_token;         ///< empty: none; it belongs to the user `reader`, who may only read
};

namespace detail {

/// How the embedded Hub is set up.
HUBPUSH_DECL local_hub_options hub_of(const serve_options& options);

}  // namespace detail

/// Serves until it is cancelled. Prints the address on the first line of `out`, and the token on the second one when it
/// was made here. `executor` as for `local_hub`. Throws as `local_hub`, and `cancelled` at the end.
HUBPUSH_DECL task<void> serve_hub(serve_options options, std::ostream& out);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/cli/impl/serve.ipp>
#endif
