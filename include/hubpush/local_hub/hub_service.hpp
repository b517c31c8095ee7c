#pragma once

/// \file
/// The Hub's API: which handler answers which request, and who may ask it (spec/hub-http-api.md §14.1). The handlers
/// are in `impl/routes_*.ipp`, one file per subject.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/git_http.hpp>
#include <hubpush/local_hub/rate_windows.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/server_exchange.hpp>
#include <hubpush/local_hub/storage_service.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush::inline v0::detail {

/// One request with its address taken apart.
class hub_call {
public:
    explicit hub_call(server_exchange& given) : exchange(given), query(given.request().query()) {}

    const request_head& request() const noexcept { return exchange.request(); }
    const hub_caller& caller() const noexcept { return exchange.caller(); }
    /// A segment of the path, decoded; empty when there are fewer.
    std::string_view segment(std::size_t index) const {
        return index < segments.size() ? std::string_view(segments[index]) : std::string_view();
    }

    server_exchange& exchange;
    form_fields query;
    std::vector<std::string> segments;
    std::string hub_url;      ///< `http://` and the host that the client named
    std::string storage_url;  ///< the same for the storage
    std::shared_ptr<hub_repository> repository;
    std::size_t verb = 0;  ///< index of the segment behind the repository's id
    git_repository& git() const noexcept { return repository->git(); }
    /// What follows the verb: a revision, a branch, a path.
    std::string rest() const { return join_segments(segments, verb + 1); }
};

/// Belongs to the server's strand; outlives every call.
class hub_service {
public:
    HUBPUSH_DECL hub_service(seams seams, std::shared_ptr<worker_pool> pool, std::filesystem::path folder,
                             std::shared_ptr<repository_shelf> shelf, std::shared_ptr<storage_service> storage,
                             std::size_t entries_per_page, hub_quotas quotas);

    /// The port of the storage, for the links that name it.
    void set_storage_port(std::uint16_t port) { storage_port_ = port; }

    HUBPUSH_DECL task<void> handle(server_exchange& exchange);

private:
    /// `take_part`: a token and the right to read, for what readers may add (discussions, their own pull requests).
    enum class access { read, take_part, write };
    using handler = task<void> (hub_service::*)(hub_call&);
    struct api_route {
        std::string_view method;
        std::string_view verb;
        access needs;
        handler answer;
    };

    HUBPUSH_DECL static std::span<const api_route> repository_routes();

    HUBPUSH_DECL hub_call take_apart(server_exchange& exchange) const;
    /// Counts the request against the caller's quota; refuses with 429 when it is used up (§11.3).
    HUBPUSH_DECL void count_request(hub_call& call);
    HUBPUSH_DECL void count_commit(const hub_call& call);
    HUBPUSH_DECL task<void> dispatch(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_api(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_repository_api(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_web(hub_call& call);

    /// Finds the repository and checks what the caller may do there; refuses as §14.1 "Access" says.
    HUBPUSH_DECL void open_repository(hub_call& call, repository_kind kind, const std::string& id, access needs) const;
    [[noreturn]] HUBPUSH_DECL void refuse_missing(const hub_call& call, repository_kind kind,
                                                  const std::string& id) const;
    /// Refuses a reader who neither asks for a pull request nor adds to one of their own.
    HUBPUSH_DECL void require_contributor(const hub_call& call, const std::string& revision) const;
    /// Files of a gated repository are for those who may write.
    HUBPUSH_DECL void require_unlocked_gate(const hub_call& call) const;
    /// The repository's write lock; refuses when the repository was deleted or moved while the caller waited. It is
    /// given back before the answer is sent, however slowly that is taken.
    HUBPUSH_DECL task<git_repository::lock_type> lock_repository(hub_call& call);
    /// The commit that a revision names; refuses with RevisionNotFound.
    HUBPUSH_DECL task<std::string> commit_of(hub_call& call, std::string revision);
    /// The full name and the head of a branch or `refs/pr/N`; anything else is refused with RevisionNotFound.
    HUBPUSH_DECL task<git_ref> branch_of(hub_call& call, std::string revision);
    /// The text of a small file of a commit, empty when there is none; refuses one that is too long to be read whole.
    HUBPUSH_DECL task<std::string> small_file(hub_call& call, std::shared_ptr<const repository_tree> tree,
                                              std::string path);
    HUBPUSH_DECL std::chrono::sys_seconds today() const;
    HUBPUSH_DECL git_author author_of(const hub_call& call) const;
    HUBPUSH_DECL std::string repository_url(const hub_call& call) const;

    // accounts and repositories
    HUBPUSH_DECL task<void> whoami(hub_call& call);
    HUBPUSH_DECL task<void> validate_yaml(hub_call& call);
    HUBPUSH_DECL task<void> create_repository(hub_call& call);
    HUBPUSH_DECL task<void> add_first_files(hub_call& call, std::vector<git_change> files);
    HUBPUSH_DECL task<void> delete_repository(hub_call& call);
    HUBPUSH_DECL task<void> show_repository(hub_call& call);
    HUBPUSH_DECL task<void> check_access(hub_call& call);

    // settings
    HUBPUSH_DECL task<void> move_repository(hub_call& call);
    HUBPUSH_DECL task<void> change_settings(hub_call& call);
    HUBPUSH_DECL task<void> duplicate_repository(hub_call& call);

    // listings
    HUBPUSH_DECL task<void> list_tree(hub_call& call);
    HUBPUSH_DECL task<void> list_paths(hub_call& call);
    HUBPUSH_DECL task<void> list_commits(hub_call& call);
    /// What `expand` adds to the entries of a listing (§3.4).
    HUBPUSH_DECL task<void> expand_entries(hub_call& call, std::string commit, nlohmann::json& entries);

    // refs
    HUBPUSH_DECL task<void> list_refs(hub_call& call);
    HUBPUSH_DECL task<void> create_branch(hub_call& call);
    HUBPUSH_DECL task<std::string> branch_start(hub_call& call, const git_repository::lock_type& lock,
                                                std::string revision, bool empty);
    HUBPUSH_DECL task<void> delete_branch(hub_call& call);
    HUBPUSH_DECL task<void> create_tag(hub_call& call);
    HUBPUSH_DECL task<void> delete_tag(hub_call& call);
    HUBPUSH_DECL task<void> squash_branch(hub_call& call);

    // commits
    HUBPUSH_DECL task<void> preupload(hub_call& call);
    HUBPUSH_DECL task<void> commit(hub_call& call);
    HUBPUSH_DECL task<served_reply> apply_commit(hub_call& call, const commit_order& order);
    HUBPUSH_DECL task<std::vector<git_change>> planned_changes(hub_call& call, const commit_order& order,
                                                               std::string base);
    HUBPUSH_DECL task<served_reply> commit_to_branch(hub_call& call, const git_repository::lock_type& lock,
                                                     const commit_order& order, git_ref branch);
    HUBPUSH_DECL task<served_reply> commit_as_pull_request(hub_call& call, const git_repository::lock_type& lock,
                                                           const commit_order& order, git_ref target);
    HUBPUSH_DECL served_reply commit_reply(const hub_call& call, const std::string& id,
                                           std::uint64_t pull_request) const;

    // discussions and pull requests
    HUBPUSH_DECL task<void> read_discussions(hub_call& call);
    HUBPUSH_DECL task<void> list_discussions(hub_call& call);
    HUBPUSH_DECL task<void> show_discussion(hub_call& call);
    HUBPUSH_DECL task<void> add_commits_and_diff(hub_call& call, kept_discussion thing, nlohmann::json& answer);
    HUBPUSH_DECL task<void> write_discussions(hub_call& call);
    HUBPUSH_DECL task<served_reply> apply_to_discussions(hub_call& call, const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> start_discussion(hub_call& call, const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> comment_discussion(hub_call& call, kept_discussion thing,
                                                       const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> change_comment(hub_call& call, kept_discussion thing, const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> rename_discussion(hub_call& call, kept_discussion thing,
                                                      const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> change_status(hub_call& call, kept_discussion thing, const nlohmann::json& body);
    HUBPUSH_DECL task<served_reply> merge_pull_request(hub_call& call, const git_repository::lock_type& lock,
                                                       kept_discussion thing, const nlohmann::json& body);
    /// Keeps what was changed and gives the answer with the event that says so.
    HUBPUSH_DECL task<served_reply> keep_event(hub_call& call, const char* name, kept_discussion thing,
                                               discussion_event event);
    HUBPUSH_DECL kept_discussion discussion_of(const hub_call& call) const;
    HUBPUSH_DECL nlohmann::json shown_discussion(const hub_call& call, const kept_discussion& thing) const;

    // large files
    HUBPUSH_DECL task<void> lfs_batch(hub_call& call);
    HUBPUSH_DECL task<void> lfs_verify(hub_call& call);
    HUBPUSH_DECL task<void> list_large_files(hub_call& call);
    HUBPUSH_DECL task<void> duplicate_large_files(hub_call& call);

    // files and git
    HUBPUSH_DECL task<void> resolve_file(hub_call& call);
    HUBPUSH_DECL task<void> answer_file(hub_call& call, const tree_node& node, std::string commit);
    HUBPUSH_DECL task<void> speak_git(hub_call& call, git_http_request request);

    seams seams_;
    std::shared_ptr<worker_pool> pool_;
    std::filesystem::path folder_;
    std::shared_ptr<repository_shelf> shelf_;
    std::shared_ptr<storage_service> storage_;
    std::size_t page_size_;
    rate_windows api_requests_;
    rate_windows commits_;
    std::uint16_t storage_port_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/hub_service.ipp>
#include <hubpush/local_hub/impl/routes_accounts.ipp>
#include <hubpush/local_hub/impl/routes_commit.ipp>
#include <hubpush/local_hub/impl/routes_discussions.ipp>
#include <hubpush/local_hub/impl/routes_files.ipp>
#include <hubpush/local_hub/impl/routes_lfs.ipp>
#include <hubpush/local_hub/impl/routes_listing.ipp>
#include <hubpush/local_hub/impl/routes_refs.ipp>
#include <hubpush/local_hub/impl/routes_settings.ipp>
#endif
