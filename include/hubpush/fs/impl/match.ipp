#pragma once

#include <hubpush/fs/match.hpp>

#include <hubpush/core/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace hubpush::inline v0 {

namespace detail {

/// Takes one character off the front of `text`. A byte that is not UTF-8 is a character of its own, outside of all
/// others (U+DC80 to U+DCFF), as in Python.
inline char32_t take_character(std::string_view& text) noexcept {
    const std::size_t length = utf8_length(text);
    const auto byte = [text](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])}; };
    char32_t value = length == 0 ? 0xdc00U | byte(0) : length == 1 ? byte(0) : byte(0) & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) value = value << 6U | (byte(i) & 0x3fU);
    text.remove_prefix(std::max<std::size_t>(length, 1));
    return value;
}

inline char32_t take_path_character(std::string_view& text) noexcept {
    const char32_t character = take_character(text);
    return character == U'\\' ? U'/' : character;
}

/// Where the set that begins at `begin`, behind its '[', ends: the position of its ']', or npos when there is none. A
/// ']' that comes first belongs to the set.
inline std::size_t end_of_set(std::u32string_view pattern, std::size_t begin) noexcept {
    if (begin < pattern.size() && pattern[begin] == U'!') ++begin;
    return pattern.find(U']', begin + 1);
}

inline constexpr std::array<std::string_view, 8> always_ignored = {
    ".git",  // git's own folder, or the file that stands for it in a linked working copy
    ".git/*",
    "*/.git",
    "*/.git/*",
    ".cache/huggingface",  // what the Hub's own tools keep beside downloaded files
    ".cache/huggingface/*",
    "*/.cache/huggingface",
    "*/.cache/huggingface/*",
};

inline bool any_matches(const std::vector<path_pattern>& patterns, std::string_view path) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [path](const path_pattern& each) { return each.matches(path); });
}

}  // namespace detail

HUBPUSH_DECL bool path_pattern::element::accepts(char32_t character) const noexcept {
    const bool listed = std::any_of(ranges.begin(), ranges.end(), [character](const auto& range) {
        return range.first <= character && character <= range.second;
    });
    return listed != negated;
}

HUBPUSH_DECL path_pattern::path_pattern(std::string_view text) {
    std::u32string pattern;
    while (!text.empty()) pattern.push_back(detail::take_path_character(text));
    if (pattern.ends_with(U'/')) pattern.push_back(U'*');
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const std::size_t end = pattern[i] == U'[' ? detail::end_of_set(pattern, i + 1) : pattern.npos;
        if (end != pattern.npos) {
            add_set(std::u32string_view(pattern).substr(i + 1, end - i - 1));
            i = end;
        } else if (pattern[i] == U'*') {
            if (elements_.empty() || !elements_.back().is_run) elements_.push_back({true, false, {}});
        } else if (pattern[i] == U'?') {
            elements_.push_back({false, true, {}});
        } else {
            elements_.push_back({false, false, {{pattern[i], pattern[i]}}});
        }
    }
}

HUBPUSH_DECL void path_pattern::add_set(std::u32string_view content) {
    element set;
    set.negated = content.starts_with(U'!');
    if (set.negated) content.remove_prefix(1);
    while (!content.empty()) {
        const bool is_range = content.size() >= 3 && content[1] == U'-';
        set.ranges.emplace_back(content[0], content[is_range ? 2 : 0]);  // a range from high to low accepts nothing
        content.remove_prefix(is_range ? 3 : 1);
    }
    elements_.push_back(std::move(set));
}

HUBPUSH_DECL bool path_pattern::matches(std::string_view path) const {
    // Only the last run has to be widened when the rest does not fit: an earlier one would find nothing that it does
    // not.
    std::size_t next = 0;
    std::size_t after_run = elements_.size() + 1;
    std::string_view run_ends_at;
    while (!path.empty() || next < elements_.size()) {
        if (next < elements_.size() && elements_[next].is_run) {
            after_run = ++next;
            run_ends_at = path;
            continue;
        }
        if (next < elements_.size() && !path.empty() && elements_[next].accepts(detail::take_path_character(path))) {
            ++next;
            continue;
        }
        if (after_run > elements_.size() || run_ends_at.empty()) return false;
        detail::take_character(run_ends_at);
        path = run_ends_at;
        next = after_run;
    }
    return true;
}

HUBPUSH_DECL bool path_pattern::covers(std::string_view folder) const {
    return !elements_.empty() && elements_.back().is_run && matches(std::string(folder) + "/");
}

HUBPUSH_DECL path_filter::path_filter() : path_filter(std::nullopt, {}) {}

HUBPUSH_DECL path_filter::path_filter(const std::optional<std::vector<std::string>>& allowed,
                                      const std::vector<std::string>& ignored) {
    if (allowed) allowed_.emplace(allowed->begin(), allowed->end());
    for (const std::string& text : ignored) ignored_.emplace_back(text);
    for (const std::string_view text : detail::always_ignored) ignored_.emplace_back(text);
}

HUBPUSH_DECL bool path_filter::keeps(std::string_view path) const {
    return (!allowed_ || detail::any_matches(*allowed_, path)) && !detail::any_matches(ignored_, path);
}

HUBPUSH_DECL bool path_filter::ignores_all_below(std::string_view folder) const {
    return std::any_of(ignored_.begin(), ignored_.end(),
                       [folder](const path_pattern& each) { return each.covers(folder); });
}

}  // namespace hubpush::inline v0
