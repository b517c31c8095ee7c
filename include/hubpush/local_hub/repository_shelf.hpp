#pragma once

/// \file
/// The repositories of an embedded Hub on disk, found by type and id.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/async_mutex.hpp>
#include <hubpush/local_hub/discussions.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/lfs_store.hpp>
#include <hubpush/local_hub/repository_kind.hpp>
#include <hubpush/local_hub/repository_tree.hpp>

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// What the server knows about a repository and git does not. Kept as `hubpush.json` in its folder.
class repository_facts {
public:
    repository_facts() = default;
    explicit repository_facts(bool hidden) : is_private(hidden) {}

    /// The truth until something else is known: nothing is shown by mistake.
    bool is_private = true;
    std::string gated;                    ///< `auto`, `manual`, or empty: not gated
    std::vector<std::string> former_ids;  ///< under which it was known before it was moved
};

/// Blocks. A repository whose facts cannot be read (the server died while it was made) is private.
HUBPUSH_DECL repository_facts read_facts(const std::filesystem::path& repository);
HUBPUSH_DECL void write_facts(const std::filesystem::path& repository, const repository_facts& facts);

/// One repository: its git, its large files, its discussions, its facts. Belongs to the server's strand.
class hub_repository {
public:
    hub_repository(repository_kind kind, std::string id, repository_facts facts, std::shared_ptr<git_repository> git)
        : discussions(git->path()),
          kind_(kind),
          id_(std::move(id)),
          facts_(std::move(facts)),
          git_(std::move(git)),
          objects_(git_->path()) {}

    repository_kind kind() const noexcept { return kind_; }
    const std::string& id() const noexcept { return id_; }
    bool is_private() const noexcept { return facts_.is_private; }
    bool is_gated() const noexcept { return !facts_.gated.empty(); }
    const repository_facts& facts() const noexcept { return facts_; }
    git_repository& git() const noexcept { return *git_; }
    const lfs_store& objects() const noexcept { return objects_; }
    /// `datasets/acme/corpus`: the path of its web address.
    std::string web_path() const { return std::string(kind_prefix(kind_)) + id_; }

    discussion_book discussions;

    /// The files of a commit, with what their pointers say. The last few are kept.
    HUBPUSH_DECL task<std::shared_ptr<const repository_tree>> tree(std::string commit);

private:
    friend class repository_shelf;
    static constexpr std::size_t kept_trees = 4;

    repository_kind kind_;
    std::string id_;
    repository_facts facts_;
    std::shared_ptr<git_repository> git_;
    lfs_store objects_;
    std::deque<std::pair<std::string, std::shared_ptr<const repository_tree>>> trees_;
};

/// All of them. Belongs to the server's strand.
class repository_shelf {
public:
    HUBPUSH_DECL repository_shelf(asio::any_io_executor executor, std::shared_ptr<worker_pool> pool,
                                  std::filesystem::path folder);

    /// Opens what is on disk. What only looks like a repository is left out, and `log` says so.
    HUBPUSH_DECL task<void> load(log_sink& log);

    /// Without regard to case; null when there is none.
    HUBPUSH_DECL std::shared_ptr<hub_repository> find(repository_kind kind, std::string_view id) const;

    /// The present id of a repository that was moved from `id`; nothing when none was.
    HUBPUSH_DECL std::optional<std::string> moved_to(repository_kind kind, std::string_view id) const;

    /// Throws `conflict` when the id is taken.
    HUBPUSH_DECL task<std::shared_ptr<hub_repository>> create(repository_kind kind, std::string id,
                                                              repository_facts facts, git_author author);

    // These refuse a repository that was moved or deleted while they waited for their turn.

    /// A repository with the same history and large files, without discussions and pull requests. Throws as `create`.
    HUBPUSH_DECL task<std::shared_ptr<hub_repository>> duplicate(std::shared_ptr<hub_repository> original,
                                                                 std::string id, repository_facts facts);

    /// Gives it another id; the old one leads to it from then on. Throws `conflict` when the id is taken.
    HUBPUSH_DECL task<void> move(std::shared_ptr<hub_repository> repository, std::string id);

    /// Gives what `change` made of the facts. It is called when no other change is under way; when it throws, nothing
    /// has changed.
    HUBPUSH_DECL task<repository_facts> change_facts(std::shared_ptr<hub_repository> repository,
                                                     std::function<void(repository_facts&)> change);

    /// Nothing happens when there is none.
    HUBPUSH_DECL task<void> remove(std::shared_ptr<hub_repository> repository);

private:
    using key = std::pair<repository_kind, std::string>;

    HUBPUSH_DECL std::filesystem::path place_of(repository_kind kind, const std::string& id) const;
    HUBPUSH_DECL task<void> load_one(repository_kind kind, std::filesystem::path path);
    HUBPUSH_DECL void add(std::shared_ptr<hub_repository> repository);
    HUBPUSH_DECL void require_present(const hub_repository& repository) const;
    HUBPUSH_DECL bool take_off(const hub_repository& repository);

    std::shared_ptr<worker_pool> pool_;
    std::filesystem::path folder_;
    async_mutex changing_;
    std::map<key, std::shared_ptr<hub_repository>> repositories_;
    std::map<key, std::string> moved_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/repository_shelf.ipp>
#endif
