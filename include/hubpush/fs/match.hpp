#pragma once

/// \file
/// Which files of a folder are pushed: the pattern language of the Hub's own tools (spec/hub-http-api.md §4.9).

#include <hubpush/core/config.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// One pattern, matched against a whole path as Python's `fnmatchcase` does: `*` is any run of characters, also of '/',
/// `?` is one character, `[abc]`, `[a-z]` and `[!abc]` one of a set; everything else is literal, nothing can be
/// escaped. Backslashes in pattern and path count as '/', and a pattern that ends in '/' means everything below.
/// Characters are those of UTF-8.
class path_pattern {
public:
    HUBPUSH_DECL explicit path_pattern(std::string_view text);

    /// Takes at most the product of the two lengths, whatever the pattern.
    HUBPUSH_DECL bool matches(std::string_view path) const;

    /// True when the pattern is certain to match every path below `folder`.
    HUBPUSH_DECL bool covers(std::string_view folder) const;

private:
    /// What one character of a path is compared with; a run stands for any number of characters.
    struct element {
        bool is_run = false;
        bool negated = false;
        std::vector<std::pair<char32_t, char32_t>> ranges;

        HUBPUSH_DECL bool accepts(char32_t character) const noexcept;
    };

    HUBPUSH_DECL void add_set(std::u32string_view content);

    std::vector<element> elements_;
};

/// Keeps a path when the allow list is absent or holds a pattern that matches it, and no ignored pattern matches it.
/// The folders of git and of the Hub's own cache are always ignored.
class path_filter {
public:
    HUBPUSH_DECL path_filter();
    /// An allow list that is present and empty keeps nothing.
    HUBPUSH_DECL path_filter(const std::optional<std::vector<std::string>>& allowed,
                             const std::vector<std::string>& ignored);

    /// `path` is relative to the folder that is pushed.
    HUBPUSH_DECL bool keeps(std::string_view path) const;

    /// True when nothing below `folder` is kept, so that there is no need to look.
    HUBPUSH_DECL bool ignores_all_below(std::string_view folder) const;

private:
    std::optional<std::vector<path_pattern>> allowed_;
    std::vector<path_pattern> ignored_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/fs/impl/match.ipp>
#endif
