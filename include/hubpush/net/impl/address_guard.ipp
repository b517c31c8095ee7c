#pragma once

#include <hubpush/net/address_guard.hpp>

#include <hubpush/core/error.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <system_error>

namespace hubpush::inline v0 {

namespace detail {

/// The first `bits` of an IPv4 address.
struct ipv4_range {
    std::uint32_t prefix;
    unsigned int bits;
    bool holds(std::uint32_t address) const noexcept { return (address ^ prefix) >> (32 - bits) == 0; }
};

inline constexpr std::array<ipv4_range, 9> ipv4_not_public{{
    {0x00000000, 8},   // this network; also unspecified
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared by the customers of a provider
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local; also the metadata service of clouds
    {0xac100000, 12},  // private
    {0xc0a80000, 16},  // private
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved; also broadcast
}};

inline bool is_public_ipv4(std::uint32_t address) {
    return std::none_of(ipv4_not_public.begin(), ipv4_not_public.end(),
                        [address](const ipv4_range& range) { return range.holds(address); });
}

/// Where in an address of IPv6 with this prefix one of IPv4 stands.
struct embedded_ipv4 {
    std::array<unsigned char, 12> prefix;
    std::size_t prefix_size;
    std::size_t position;
};

inline constexpr std::array<embedded_ipv4, 4> ipv6_with_ipv4{{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 12, 12},  // mapped
    {{}, 12, 12},                                          // compatible; also :: and ::1
    {{0x00, 0x64, 0xff, 0x9b}, 12, 12},                    // NAT64
    {{0x20, 0x02}, 2, 2},                                  // 6to4
}};

inline bool is_public_ipv6(const asio::ip::address_v6::bytes_type& bytes) {
    for (const embedded_ipv4& form : ipv6_with_ipv4) {
        if (!std::equal(form.prefix.begin(), form.prefix.begin() + form.prefix_size, bytes.begin())) continue;
        std::uint32_t address = 0;
        for (std::size_t i = 0; i < 4; ++i) address = address << 8U | bytes[form.position + i];
        return is_public_ipv4(address);
    }
    const bool unique_local = (bytes[0] & 0xfeU) == 0xfc;
    const bool link_or_site_local = bytes[0] == 0xfe && (bytes[1] & 0x80U) != 0;
    const bool multicast = bytes[0] == 0xff;
    return !unique_local && !link_or_site_local && !multicast;
}

HUBPUSH_DECL bool is_public_address(const asio::ip::address& address) {
    return address.is_v4() ? is_public_ipv4(address.to_v4().to_uint()) : is_public_ipv6(address.to_v6().to_bytes());
}

}  // namespace detail

HUBPUSH_DECL void address_guard::filter(const origin& where, resolver::addresses& addresses) {
    const auto is_private = [](const asio::ip::tcp::endpoint& each) {
        return !detail::is_public_address(each.address());
    };
    if (where == endpoint_) {
        const bool all_private = std::all_of(addresses.begin(), addresses.end(), is_private);
        endpoint_was_public_ = endpoint_was_public_ || !all_private;
        endpoint_is_private_ = all_private && !endpoint_was_public_;
        return;
    }
    if (!active_ || endpoint_is_private_) return;
    std::erase_if(addresses, is_private);
    if (!addresses.empty()) return;
    throw_error(errc::private_address,
                "the server at " + endpoint_.text() + " names " + where.text() + ", which is a private address",
                error_details().reached_server(false));
}

HUBPUSH_DECL void address_guard::check_literal(const origin& where) {
    std::error_code not_literal;
    asio::ip::address address = asio::ip::make_address(where.host(), not_literal);
    if (not_literal && !where.loopback()) return;
    if (not_literal) address = asio::ip::address_v4::loopback();
    resolver::addresses addresses;
    addresses.emplace_back(address, where.port());
    filter(where, addresses);
}

}  // namespace hubpush::inline v0
