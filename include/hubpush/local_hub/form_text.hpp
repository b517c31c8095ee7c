#pragma once

/// \file
/// Names and values as in a query or a form: `a=1&a=2&b=x%20y`.

#include <hubpush/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// Decoded. What cannot be decoded is left as it is.
class form_fields {
public:
    form_fields() = default;
    HUBPUSH_DECL explicit form_fields(std::string_view text);

    HUBPUSH_DECL std::optional<std::string> first(std::string_view name) const;
    HUBPUSH_DECL std::vector<std::string> all(std::string_view name) const;
    /// `true`, `True` and `1` (spec/hub-http-api.md §3.4).
    HUBPUSH_DECL bool flag(std::string_view name) const;
    /// A number within bounds; `otherwise` when there is none. One out of bounds is moved to the nearer bound.
    HUBPUSH_DECL std::size_t number(std::string_view name, std::size_t otherwise, std::size_t least,
                                    std::size_t most) const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// Calls `use` with each part of `text` between separators, also with empty ones.
template <class Use>
void for_each_part(std::string_view text, char separator, Use use) {
    for (;;) {
        const std::size_t end = text.find(separator);
        use(text.substr(0, end));
        if (end == std::string_view::npos) return;
        text.remove_prefix(end + 1);
    }
}

/// The segments of a path, split at unencoded slashes first and decoded then (§14.1). Nothing when one cannot be
/// decoded.
HUBPUSH_DECL std::optional<std::vector<std::string>> path_segments(std::string_view path);

/// The segments from `first` on, joined again by slashes.
HUBPUSH_DECL std::string join_segments(const std::vector<std::string>& segments, std::size_t first);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/form_text.ipp>
#endif
