#pragma once

/// \file
/// What stands before the body of a request, as a value.

#include <hubpush/core/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// A name and a value. Names are compared without regard to case.
using served_field = std::pair<std::string, std::string>;

/// The first field called `name`.
HUBPUSH_DECL std::optional<std::string_view> find_field(const std::vector<served_field>& fields, std::string_view name);
HUBPUSH_DECL bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept;

/// The request line, the fields, and how the body is framed.
class request_head {
public:
    std::string method;
    std::string target;  ///< as on the request line, always beginning with '/'
    std::vector<served_field> fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;

    std::optional<std::string_view> find(std::string_view name) const { return find_field(fields, name); }
    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
    std::string_view query() const {
        const std::size_t mark = target.find('?');
        return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
    }
    bool has_body() const noexcept { return chunked || content_length.value_or(0) != 0; }
    bool expects_continue() const { return equal_ignoring_case(find("expect").value_or(""), "100-continue"); }
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/request_head.ipp>
#endif
