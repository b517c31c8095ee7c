#pragma once

/// \file
/// Wildcards, and the two git files that decide about paths: `.gitattributes` and `.gitignore`
/// (spec/hub-http-api.md §4.3, §14.6).

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

enum class wildcards {
    cross_slashes,  ///< `*` and `?` match '/' too
    within_segment  ///< only `**` does
};

/// Matches the whole text. `*`, `?`, `[abc]`, `[!a-z]` and `[[:space:]]`; a backslash takes the next character
/// literally.
HUBPUSH_DECL bool matches_wildcards(std::string_view pattern, std::string_view text, wildcards rule);

/// A pattern line of a git file against a path: without '/' it looks at the last component, with '/' at the whole path.
HUBPUSH_DECL bool matches_git_pattern(std::string_view pattern, std::string_view path);

/// Which paths git-lfs takes, by the text of a `.gitattributes` file: the last line that matches decides. Lines without
/// wildcards are looked up, so that thousands of them, one for each large file (spec/hub-http-api.md §4.3), cost
/// little.
class lfs_attributes {
public:
    lfs_attributes() = default;
    HUBPUSH_DECL explicit lfs_attributes(std::string_view text);
    HUBPUSH_DECL bool tracks(std::string_view path) const;

    /// The line that makes `path` a large file (spec/hub-http-api.md §4.3).
    HUBPUSH_DECL static std::string line_for(std::string_view path);
    /// The content of the file in a new repository (§4.4).
    HUBPUSH_DECL static std::string initial_text(bool dataset);

private:
    struct verdict {
        std::size_t rank = 0;  // the highest one decides; 0 is that of no rule at all
        bool lfs = false;
    };
    using literal_rules = std::map<std::string, verdict, std::less<>>;

    HUBPUSH_DECL void add_rule(std::string_view pattern, bool lfs);
    HUBPUSH_DECL static verdict find(const literal_rules& rules, std::string_view text);

    literal_rules paths_;
    literal_rules names_;  // of the last component, in any folder
    std::vector<std::pair<std::string, verdict>> wildcard_rules_;
    std::size_t rule_count_ = 0;
};

/// Which paths a root `.gitignore` leaves out: the last line that matches decides, `!` negates, a final '/' means
/// folders.
class ignore_rules {
public:
    ignore_rules() = default;
    HUBPUSH_DECL explicit ignore_rules(std::string_view text);
    HUBPUSH_DECL bool ignores(std::string_view path) const;

private:
    struct rule {
        std::string pattern;
        bool negated = false;
        bool folders_only = false;
    };
    std::vector<rule> rules_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/patterns.ipp>
#endif
