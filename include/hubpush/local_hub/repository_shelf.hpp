#pragma once

/// \file
/// The repositories of an embedded Hub on disk, found by type and id.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/async_mutex.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/lfs_store.hpp>
#include <hubpush/local_hub/repository_tree.hpp>

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0::detail {

enum class repository_kind { model, dataset, space };

/// `model`; `models`, which is also the folder on disk; `datasets/`, the prefix of web addresses.
HUBPUSH_DECL std::string_view kind_name(repository_kind kind) noexcept;
HUBPUSH_DECL std::string_view kind_plural(repository_kind kind) noexcept;
HUBPUSH_DECL std::string_view kind_prefix(repository_kind kind) noexcept;
HUBPUSH_DECL std::optional<repository_kind> kind_of_plural(std::string_view plural) noexcept;
HUBPUSH_DECL std::optional<repository_kind> kind_of_name(std::string_view name) noexcept;

/// True for `namespace/name` by the rules of spec/hub-http-api.md §2.1; nothing else becomes a path on disk.
HUBPUSH_DECL bool is_repository_id(std::string_view id) noexcept;

/// One repository: its git, its large files, its visibility. Belongs to the server's strand.
class hub_repository {
public:
    hub_repository(repository_kind kind, std::string id, bool is_private, std::shared_ptr<git_repository> git)
        : kind_(kind), id_(std::move(id)), private_(is_private), git_(std::move(git)), objects_(git_->path()) {}

    repository_kind kind() const noexcept { return kind_; }
    const std::string& id() const noexcept { return id_; }
    bool is_private() const noexcept { return private_; }
    git_repository& git() const noexcept { return *git_; }
    const lfs_store& objects() const noexcept { return objects_; }
    /// `datasets/acme/corpus`: the path of its web address.
    std::string web_path() const { return std::string(kind_prefix(kind_)) + id_; }

    /// The files of a commit, with what their pointers say. The last few are kept.
    HUBPUSH_DECL task<std::shared_ptr<const repository_tree>> tree(std::string commit);

private:
    static constexpr std::size_t kept_trees = 4;

    repository_kind kind_;
    std::string id_;
    bool private_;
    std::shared_ptr<git_repository> git_;
    lfs_store objects_;
    std::deque<std::pair<std::string, std::shared_ptr<const repository_tree>>> trees_;
};

/// All of them. Belongs to the server's strand.
class repository_shelf {
public:
    HUBPUSH_DECL repository_shelf(asio::any_io_executor executor, std::shared_ptr<worker_pool> pool,
                                  std::filesystem::path folder);

    /// Opens what is on disk.
    HUBPUSH_DECL task<void> load();

    /// Without regard to case; null when there is none.
    HUBPUSH_DECL std::shared_ptr<hub_repository> find(repository_kind kind, std::string_view id) const;

    /// Throws `conflict` when the id is taken.
    HUBPUSH_DECL task<std::shared_ptr<hub_repository>> create(repository_kind kind, std::string id, bool is_private,
                                                              git_author author);

    /// Nothing happens when there is none.
    HUBPUSH_DECL task<void> remove(std::shared_ptr<hub_repository> repository);

private:
    using key = std::pair<repository_kind, std::string>;

    HUBPUSH_DECL task<void> load_one(repository_kind kind, std::filesystem::path path);

    std::shared_ptr<worker_pool> pool_;
    std::filesystem::path folder_;
    async_mutex changing_;
    std::map<key, std::shared_ptr<hub_repository>> repositories_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/repository_shelf.ipp>
#endif
