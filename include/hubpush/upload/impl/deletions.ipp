#pragma once

#include <hubpush/upload/deletions.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hub/tree.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace hubpush::inline v0::detail {

/// The entries of the next page; nothing at the end, nor for a folder that does not exist yet.
inline task<std::optional<std::vector<tree_entry>>> next_page(tree_listing& listing) {
    try {
        co_return co_await listing.next();
    } catch (const entry_not_found&) {
        co_return std::nullopt;
    }
}

/// A commit cannot name every path that a repository may hold: git takes names that clients refuse.
inline bool can_be_deleted(context& context, const std::string& path) {
    try {
        return normalize_path_in_repo(path) == path;
    } catch (const invalid_argument&) {
        const secret& token = context.session().settings().token();  // the server chose the name (SEC03)
        context.log().write(log_level::warning,
                            "not deleted, because no commit can name it: '" + printable(token.hidden_in(path)) + "'");
        return false;
    }
}

HUBPUSH_DECL task<void> find_deletions(context& context, std::string prefix, std::vector<path_pattern> patterns) {
    tree_listing listing(context.session(), context.target(), context.revision(),
                         prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1));
    const auto is_meant = [&](const tree_entry& entry) {
        if (entry.is_folder() || entry.path() == ".gitattributes" || !entry.path().starts_with(prefix)) return false;
        const std::string_view local = std::string_view(entry.path()).substr(prefix.size());
        return std::any_of(patterns.begin(), patterns.end(),
                           [local](const path_pattern& each) { return each.matches(local); });
    };
    while (const std::optional<std::vector<tree_entry>> page = co_await next_page(listing)) {
        for (const tree_entry& entry : *page) {
            if (is_meant(entry) && can_be_deleted(context, entry.path())) context.deletable().insert(entry.path());
        }
        if (context.deletable().size() > most_deletions) {
            throw_error(errc::limit_exceeded, "the delete patterns match more than 100,000 files",
                        error_details().hint("remove whole folders: create_commit with remove(\"folder/\")"));
        }
    }
}

}  // namespace hubpush::inline v0::detail
