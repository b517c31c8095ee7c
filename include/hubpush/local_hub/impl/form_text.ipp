#pragma once

#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/net/url.hpp>

#include <algorithm>
#include <charconv>

namespace hubpush::inline v0::detail {

inline std::string form_decoded(std::string_view text) {
    std::string spaced(text);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return unescape(spaced).value_or(spaced);
}

HUBPUSH_DECL form_fields::form_fields(std::string_view text) {
    for_each_part(text, '&', [this](std::string_view field) {
        if (field.empty()) return;
        const std::size_t equals = std::min(field.find('='), field.size());
        const std::string_view value = field.substr(std::min(equals + 1, field.size()));
        fields_.emplace_back(form_decoded(field.substr(0, equals)), form_decoded(value));
    });
}

HUBPUSH_DECL std::optional<std::string> form_fields::first(std::string_view name) const {
    for (const auto& [each, value] : fields_) {
        if (each == name) return value;
    }
    return std::nullopt;
}

HUBPUSH_DECL std::vector<std::string> form_fields::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [each, value] : fields_) {
        if (each == name) values.push_back(value);
    }
    return values;
}

HUBPUSH_DECL bool form_fields::flag(std::string_view name) const {
    const std::string value = first(name).value_or("");
    return value == "true" || value == "True" || value == "1";
}

HUBPUSH_DECL std::size_t form_fields::number(std::string_view name, std::size_t otherwise, std::size_t least,
                                             std::size_t most) const {
    const std::string text = first(name).value_or("");
    std::size_t value = otherwise;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size()) value = otherwise;
    return std::clamp(value, least, most);
}

HUBPUSH_DECL std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    std::vector<std::string> segments;
    bool decodable = true;
    if (path.starts_with('/')) path.remove_prefix(1);
    for_each_part(path, '/', [&](std::string_view part) {
        std::optional<std::string> decoded = unescape(part);
        decodable = decodable && decoded.has_value();
        segments.push_back(decoded.value_or(""));
    });
    if (!decodable) return std::nullopt;
    return segments;
}

HUBPUSH_DECL std::string join_segments(const std::vector<std::string>& segments, std::size_t first) {
    std::string joined;
    for (std::size_t i = first; i < segments.size(); ++i) {
        if (i != first) joined += '/';
        joined += segments[i];
    }
    return joined;
}

}  // namespace hubpush::inline v0::detail
