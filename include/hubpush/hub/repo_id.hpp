#pragma once

/// \file
/// Names of things on the Hub, checked before any request: repositories, revisions, paths (spec/hub-http-api.md §2).

#include <hubpush/core/config.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// What a repository holds. Also an option of every call that names one: `upload_folder(id, "data",
/// repo_type::dataset)`.
enum class repo_type { model, dataset, space, kernel };

/// `models`, `datasets`, `spaces` or `kernels`: the segment of API paths.
HUBPUSH_DECL std::string_view plural(repo_type type) noexcept;
/// `model`, `dataset`, `space` or `kernel`.
HUBPUSH_DECL std::string_view singular(repo_type type) noexcept;

/// A repository's id and type. The id is valid; all paths begin with '/' and follow the endpoint's prefix.
class repository {
public:
    repository() = default;
    /// Throws `invalid_argument` for an id that no repository can have (§2.1).
    HUBPUSH_DECL explicit repository(std::string id, repo_type type = repo_type::model);

    const std::string& id() const noexcept { return id_; }
    repo_type type() const noexcept { return type_; }
    /// The part before '/', or empty for one's own namespace.
    std::string_view owner() const noexcept { return std::string_view(id_).substr(0, slash()); }
    /// The part after '/'.
    std::string_view name() const noexcept { return std::string_view(id_).substr(slash() == 0 ? 0 : slash() + 1); }

    /// `/api/models/acme/run-42`
    HUBPUSH_DECL std::string api_path() const;
    /// `/acme/run-42`, `/datasets/acme/corpus`
    HUBPUSH_DECL std::string page_path() const;
    /// `/acme/run-42.git`
    std::string git_path() const { return page_path() + ".git"; }

    friend bool operator==(const repository&, const repository&) = default;

private:
    std::size_t slash() const noexcept {
        const std::size_t position = id_.find('/');
        return position == std::string::npos ? 0 : position;
    }

    std::string id_;
    repo_type type_ = repo_type::model;
};

/// Throws `invalid_argument` with the rule that `id` breaks (§2.1).
HUBPUSH_DECL void check_repo_id(std::string_view id);

/// Throws `invalid_argument` unless `text` can be the name of a branch, tag or ref, or a commit id. What git itself
/// forbids in names is refused here, because some of it would change the path of a URL.
HUBPUSH_DECL void check_revision(std::string_view text);

/// Throws `invalid_argument` unless `text` is 5 to 40 hexadecimal digits (§2.5).
HUBPUSH_DECL void check_parent_commit(std::string_view text);

/// The form in which a path stands in the repository: one leading '/' and one leading './' removed (§2.3). Throws
/// `invalid_argument`, naming the rule, for everything that could leave the repository on some system or hide in it
/// (spec/reliability.md SEC10).
HUBPUSH_DECL std::string normalize_path_in_repo(std::string_view path);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/repo_id.ipp>
#endif
