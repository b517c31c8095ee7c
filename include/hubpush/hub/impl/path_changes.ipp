#pragma once

#include <hubpush/hub/path_changes.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/digest.hpp>
#include <hubpush/hub/tree.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>

namespace hubpush::inline v0 {

namespace detail {

/// What is at a path, in a form that differs when its content does.
inline std::string identity_of(const tree_entry& entry) { return (entry.is_folder() ? "folder " : "") + entry.oid(); }

/// A set of tree entries as one value that does not depend on their order: the exclusive or of their hashes.
class entry_set_digest {
public:
    void add(const tree_entry& entry) {
        const auto hash = sha256::of(as_bytes(entry.path() + '\0' + identity_of(entry)));
        for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] ^= hash[i];
    }
    friend bool operator==(const entry_set_digest&, const entry_set_digest&) = default;

private:
    decltype(sha256::of(std::span<const std::byte>())) sum_{};
};

inline task<entry_set_digest> digest_of_folder(hub_session& session, repository where, std::string at_commit,
                                               std::string folder) {
    entry_set_digest digest;
    tree_listing listing(session, where, at_commit, folder);
    try {
        while (const std::optional<std::vector<tree_entry>> page = co_await listing.next()) {
            for (const tree_entry& entry : *page) digest.add(entry);
        }
    } catch (const entry_not_found&) {  // a folder that does not exist has nothing in it
    }
    co_return digest;
}

inline task<std::map<std::string, std::string>> identities_of(hub_session& session, repository where,
                                                              std::string at_commit, std::vector<std::string> paths) {
    std::map<std::string, std::string> identities;
    const std::vector<tree_entry> entries =
        co_await paths_info(session, std::move(where), std::move(at_commit), std::move(paths));
    for (const tree_entry& entry : entries) identities.emplace(entry.path(), identity_of(entry));
    co_return identities;
}

/// The first of at most 500 files that differs.
inline task<std::string> first_changed_of(hub_session& session, repository where, std::string base, std::string head,
                                          std::vector<std::string> paths) {
    const auto before = co_await identities_of(session, where, std::move(base), paths);
    const auto after = co_await identities_of(session, where, std::move(head), paths);
    for (std::string& path : paths) {
        const auto was = before.find(path);
        const auto is = after.find(path);
        const bool existed = was != before.end();
        const bool exists = is != after.end();
        if (existed != exists || (exists && was->second != is->second)) co_return std::move(path);
    }
    co_return std::string();
}

}  // namespace detail

HUBPUSH_DECL task<std::string> first_changed_path(hub_session& session, repository where, std::string base,
                                                  std::string head,
                                                  std::shared_ptr<const std::vector<commit_operation>> operations) {
    std::vector<std::string> files;
    std::string changed;
    for (const commit_operation& operation : *operations) {
        if (operation.type() != commit_operation::kind::remove_folder) files.push_back(operation.path());
        const bool folder = operation.type() == commit_operation::kind::remove_folder;
        if (files.size() == paths_info_limit || (folder && !files.empty())) {
            changed = co_await detail::first_changed_of(session, where, base, head, std::exchange(files, {}));
            if (!changed.empty()) co_return changed;
        }
        if (!folder) continue;
        const auto before = co_await detail::digest_of_folder(session, where, base, operation.path());
        const auto after = co_await detail::digest_of_folder(session, where, head, operation.path());
        if (before != after) co_return operation.path() + "/";
    }
    if (!files.empty()) changed = co_await detail::first_changed_of(session, where, base, head, std::move(files));
    co_return changed;
}

HUBPUSH_DECL task<std::string> first_changed_file(hub_session& session, repository where, std::string base,
                                                  std::string head,
                                                  std::shared_ptr<const std::vector<std::string>> files) {
    std::string changed;
    for (auto next = files->begin(); next != files->end() && changed.empty();) {
        const std::ptrdiff_t count = std::min<std::ptrdiff_t>(files->end() - next, paths_info_limit);
        std::vector<std::string> some(next, next + count);
        next += count;
        changed = co_await detail::first_changed_of(session, where, base, head, std::move(some));
    }
    co_return changed;
}

}  // namespace hubpush::inline v0
