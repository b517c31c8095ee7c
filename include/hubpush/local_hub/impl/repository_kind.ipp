#pragma once

#include <hubpush/local_hub/repository_kind.hpp>

#include <hubpush/core/ascii.hpp>

#include <cstddef>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL std::string_view kind_name(repository_kind kind) noexcept {
    const std::string_view plural = kind_plural(kind);
    return plural.substr(0, plural.size() - 1);
}

HUBPUSH_DECL std::string_view kind_plural(repository_kind kind) noexcept {
    static constexpr std::array<std::string_view, 4> names{"models", "datasets", "spaces", "kernels"};
    return names[static_cast<std::size_t>(kind)];
}

HUBPUSH_DECL std::string_view kind_prefix(repository_kind kind) noexcept {
    static constexpr std::array<std::string_view, 4> prefixes{"", "datasets/", "spaces/", "kernels/"};
    return prefixes[static_cast<std::size_t>(kind)];
}

HUBPUSH_DECL std::optional<repository_kind> kind_of_plural(std::string_view plural) noexcept {
    for (const repository_kind kind : all_repository_kinds) {
        if (kind_plural(kind) == plural) return kind;
    }
    return std::nullopt;
}

HUBPUSH_DECL std::optional<repository_kind> kind_of_name(std::string_view name) noexcept {
    for (const repository_kind kind : all_repository_kinds) {
        if (kind_name(kind) == name) return kind;
    }
    return std::nullopt;
}

inline bool is_repository_id_part(std::string_view part) noexcept {
    const auto is_allowed = [](char each) { return is_word_byte(each) || each == '-' || each == '.'; };
    return !part.empty() && part.size() <= 96 && is_word_byte(part.front()) && is_word_byte(part.back()) &&
           consists_of(part, is_allowed);
}

HUBPUSH_DECL bool is_repository_id(std::string_view id) noexcept {
    const std::size_t slash = id.find('/');
    if (slash == std::string_view::npos) return false;
    const std::string_view owner = id.substr(0, slash);
    if (owner == "api" || kind_of_plural(owner)) return false;  // these begin other addresses
    return is_repository_id_part(owner) && is_repository_id_part(id.substr(slash + 1)) &&
           id.find("--") == std::string_view::npos && id.find("..") == std::string_view::npos && !id.ends_with(".git");
}

}  // namespace hubpush::inline v0::detail
