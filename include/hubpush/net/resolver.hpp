#pragma once

/// \file
/// Host names and their addresses: the seam, and its production form.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hubpush::inline v0 {

/// The most addresses of one host that are tried (spec/reliability.md N02).
inline constexpr std::size_t address_limit = 16;

/// Turns host names into addresses.
class resolver {
public:
    using addresses = std::vector<asio::ip::tcp::endpoint>;

    virtual ~resolver() = default;
    /// The addresses in order of preference, at least one. Throws `errc::name_not_found` when there is no such name and
    /// `errc::transport` when the name server could not tell. Cancellation: all types, at once, even while a look-up
    /// blocks.
    virtual task<addresses> resolve(std::string host, std::uint16_t port) = 0;
};

namespace detail {
/// The families in turn, beginning with the one that the system prefers, so that a broken family costs one wait only;
/// no more than `address_limit` addresses.
HUBPUSH_DECL void alternate_families(resolver::addresses& addresses);

/// Appends the addresses of a host; gives 0 or a failure of getaddrinfo.
using blocking_lookup = std::function<int(const std::string& host, std::uint16_t port, resolver::addresses& found)>;

/// The look-ups of one thread, one after the other; those that nobody waits for any more are left out.
HUBPUSH_DECL std::shared_ptr<resolver> resolver_on_thread(blocking_lookup look_up);
}  // namespace detail

/// getaddrinfo on a thread of its own. A caller may give up while the look-up blocks; only the destructor waits for it.
HUBPUSH_DECL std::shared_ptr<resolver> system_resolver();

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/net/impl/resolver.ipp>
#endif
