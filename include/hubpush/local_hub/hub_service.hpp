#pragma once

/// \file
/// The Hub's API: which handler answers which request, and who may ask it (spec/hub-http-api.md §14.1). The handlers
/// are in `impl/routes_*.ipp`, one file per subject.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/form_text.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/server_exchange.hpp>
#include <hubpush/local_hub/storage_service.hpp>

#include <cstddef>
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
};

/// Belongs to the server's strand; outlives every call.
class hub_service {
public:
    HUBPUSH_DECL hub_service(seams seams, std::shared_ptr<worker_pool> pool, std::filesystem::path folder,
                             std::shared_ptr<repository_shelf> shelf, std::shared_ptr<storage_service> storage,
                             std::size_t entries_per_page);

    /// The port of the storage, for the links that name it.
    void set_storage_port(std::uint16_t port) { storage_port_ = port; }

    HUBPUSH_DECL task<void> handle(server_exchange& exchange);

private:
    enum class access { read, write };
    using handler = task<void> (hub_service::*)(hub_call&);
    struct api_route {
        std::string_view method;
        std::string_view verb;
        access needs;
        handler answer;
    };

    HUBPUSH_DECL static std::span<const api_route> repository_routes();

    HUBPUSH_DECL hub_call take_apart(server_exchange& exchange) const;
    HUBPUSH_DECL task<void> dispatch(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_api(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_repository_api(hub_call& call);
    HUBPUSH_DECL task<void> dispatch_web(hub_call& call);

    /// Finds the repository and checks that the caller may read or write it; refuses as §14.1 "Access" says.
    HUBPUSH_DECL void open_repository(hub_call& call, repository_kind kind, const std::string& id, access needs) const;
    /// The commit that a revision names; refuses with RevisionNotFound.
    HUBPUSH_DECL task<std::string> commit_of(hub_call& call, std::string revision);
    /// The full name and the head of a branch or `refs/pr/N`; anything else is refused with RevisionNotFound.
    HUBPUSH_DECL task<git_ref> branch_of(hub_call& call, std::string revision);
    /// The text of a small file of a commit, empty when there is none.
    HUBPUSH_DECL task<std::string> small_file(hub_call& call, std::shared_ptr<const repository_tree> tree,
                                              std::string path);
    HUBPUSH_DECL git_author author_of(const hub_call& call) const;
    HUBPUSH_DECL std::string repository_url(const hub_call& call) const;

    // accounts and repositories
    HUBPUSH_DECL task<void> whoami(hub_call& call);
    HUBPUSH_DECL task<void> validate_yaml(hub_call& call);
    HUBPUSH_DECL task<void> create_repository(hub_call& call);
    HUBPUSH_DECL task<void> delete_repository(hub_call& call);
    HUBPUSH_DECL task<void> show_repository(hub_call& call);

    // listings
    HUBPUSH_DECL task<void> list_tree(hub_call& call);
    HUBPUSH_DECL task<void> list_paths(hub_call& call);
    HUBPUSH_DECL task<void> list_commits(hub_call& call);

    // refs
    HUBPUSH_DECL task<void> list_refs(hub_call& call);
    HUBPUSH_DECL task<void> create_branch(hub_call& call);
    HUBPUSH_DECL task<void> delete_branch(hub_call& call);
    HUBPUSH_DECL task<void> create_tag(hub_call& call);
    HUBPUSH_DECL task<void> delete_tag(hub_call& call);

    // commits
    HUBPUSH_DECL task<void> preupload(hub_call& call);
    HUBPUSH_DECL task<void> commit(hub_call& call);

    // large files
    HUBPUSH_DECL task<void> lfs_batch(hub_call& call);
    HUBPUSH_DECL task<void> lfs_verify(hub_call& call);

    // files and git
    HUBPUSH_DECL task<void> resolve_file(hub_call& call);
    HUBPUSH_DECL task<void> answer_file(hub_call& call, const tree_node& node, std::string commit);
    HUBPUSH_DECL task<void> speak_git(hub_call& call);

    seams seams_;
    std::shared_ptr<worker_pool> pool_;
    std::filesystem::path folder_;
    std::shared_ptr<repository_shelf> shelf_;
    std::shared_ptr<storage_service> storage_;
    std::size_t page_size_;
    std::uint16_t storage_port_ = 0;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/hub_service.ipp>
#include <hubpush/local_hub/impl/routes_accounts.ipp>
#include <hubpush/local_hub/impl/routes_commit.ipp>
#include <hubpush/local_hub/impl/routes_files.ipp>
#include <hubpush/local_hub/impl/routes_lfs.ipp>
#include <hubpush/local_hub/impl/routes_listing.ipp>
#include <hubpush/local_hub/impl/routes_refs.ipp>
#endif
