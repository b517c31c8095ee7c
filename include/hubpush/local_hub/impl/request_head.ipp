#pragma once

#include <hubpush/local_hub/request_head.hpp>

#include <hubpush/core/ascii.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL bool equal_ignoring_case(std::string_view left, std::string_view right) noexcept {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower_case(a) == lower_case(b); });
}

HUBPUSH_DECL std::optional<std::string_view> find_field(const std::vector<served_field>& fields,
                                                        std::string_view name) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [name](const served_field& each) { return equal_ignoring_case(each.first, name); });
    if (found == fields.end()) return std::nullopt;
    return std::string_view(found->second);
}

}  // namespace hubpush::inline v0::detail
