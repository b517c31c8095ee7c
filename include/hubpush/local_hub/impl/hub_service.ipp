#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/hub_service.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL hub_service::hub_service(seams seams, std::shared_ptr<worker_pool> pool, std::filesystem::path folder,
                                      std::shared_ptr<repository_shelf> shelf, std::shared_ptr<storage_service> storage,
                                      std::size_t entries_per_page)
    : seams_(std::move(seams)),
      pool_(std::move(pool)),
      folder_(std::move(folder)),
      shelf_(std::move(shelf)),
      storage_(std::move(storage)),
      page_size_(entries_per_page) {}

/// What follows `/api/{T}/{id}/`, and what it needs.
HUBPUSH_DECL std::span<const hub_service::api_route> hub_service::repository_routes() {
    static const std::array routes{
        api_route{"GET", "", access::read, &hub_service::show_repository},
        api_route{"GET", "revision", access::read, &hub_service::show_repository},
        api_route{"GET", "tree", access::read, &hub_service::list_tree},
        api_route{"POST", "paths-info", access::read, &hub_service::list_paths},
        api_route{"GET", "commits", access::read, &hub_service::list_commits},
        api_route{"GET", "refs", access::read, &hub_service::list_refs},
        api_route{"POST", "branch", access::write, &hub_service::create_branch},
        api_route{"DELETE", "branch", access::write, &hub_service::delete_branch},
        api_route{"POST", "tag", access::write, &hub_service::create_tag},
        api_route{"DELETE", "tag", access::write, &hub_service::delete_tag},
        api_route{"POST", "preupload", access::write, &hub_service::preupload},
        api_route{"POST", "commit", access::write, &hub_service::commit},
    };
    return routes;
}

HUBPUSH_DECL hub_call hub_service::take_apart(server_exchange& exchange) const {
    hub_call call(exchange);
    std::optional<std::vector<std::string>> segments = path_segments(exchange.request().path());
    if (!segments) throw refusal(400, "", "The address of the request is not well encoded");
    call.segments = std::move(*segments);
    const std::string host(exchange.request().find("host").value_or(""));
    call.hub_url = "http://" + host;
    const std::size_t port = host.find(':', host.rfind(']') == std::string::npos ? 0 : host.rfind(']'));
    call.storage_url = "http://" + host.substr(0, port) + ":" + std::to_string(storage_port_);
    return call;
}

HUBPUSH_DECL task<void> hub_service::handle(server_exchange& exchange) {
    hub_call call = take_apart(exchange);
    if (call.caller().state() == token_state::unknown)
        refuse_anonymous("", "Invalid credentials in Authorization header");
    co_await dispatch(call);
}

HUBPUSH_DECL task<void> hub_service::dispatch(hub_call& call) {
    if (call.segment(0) == "api") {
        co_await dispatch_api(call);
    } else {
        co_await dispatch_web(call);
    }
}

HUBPUSH_DECL task<void> hub_service::dispatch_api(hub_call& call) {
    const std::string asked = call.request().method + " " + join_segments(call.segments, 1);
    if (asked == "GET whoami-v2") co_return co_await whoami(call);
    if (asked == "POST repos/create") co_return co_await create_repository(call);
    if (asked == "DELETE repos/delete") co_return co_await delete_repository(call);
    if (asked == "POST validate-yaml") co_return co_await validate_yaml(call);
    if (asked == "POST lfs/verify") co_return co_await lfs_verify(call);
    co_await dispatch_repository_api(call);
}

HUBPUSH_DECL task<void> hub_service::dispatch_repository_api(hub_call& call) {
    const std::optional<repository_kind> kind = kind_of_plural(call.segment(1));
    if (!kind || call.segments.size() < 3) refuse_unknown_address();
    call.verb = 4;
    const std::span<const api_route> routes = repository_routes();
    const auto route = std::find_if(routes.begin(), routes.end(), [&call](const api_route& each) {
        return each.method == call.request().method && each.verb == call.segment(call.verb);
    });
    if (route == routes.end()) refuse_unknown_address();
    open_repository(call, *kind, std::string(call.segment(2)) + "/" + std::string(call.segment(3)), route->needs);
    co_await (this->*route->answer)(call);
}

/// Addresses outside `/api`: `[datasets/|spaces/]{namespace}/{name}[.git]/…`.
HUBPUSH_DECL task<void> hub_service::dispatch_web(hub_call& call) {
    const std::optional<repository_kind> kind = kind_of_plural(call.segment(0));
    const std::size_t first = kind ? 1 : 0;
    call.verb = first + 2;
    std::string name(call.segment(first + 1));
    const bool with_suffix = name.ends_with(".git");
    if (with_suffix) name.resize(name.size() - 4);
    const std::string rest = join_segments(call.segments, call.verb);
    const std::string id = std::string(call.segment(first)) + "/" + name;
    const std::string_view verb = call.segment(call.verb);
    const bool asks_file = verb == "resolve" || verb == "raw";
    const bool asks_batch = rest == "info/lfs/objects/batch";
    const bool asks_git = rest == "info/refs" || rest == "git-upload-pack" || rest == "git-receive-pack";
    if (!asks_file && !asks_batch && !asks_git) refuse_unknown_address();
    open_repository(call, kind.value_or(repository_kind::model), id, access::read);
    if (asks_file) co_return co_await resolve_file(call);
    if (asks_batch) co_return co_await lfs_batch(call);
    co_await speak_git(call);
}

HUBPUSH_DECL void hub_service::open_repository(hub_call& call, repository_kind kind, const std::string& id,
                                               access needs) const {
    const hub_caller& caller = call.caller();
    call.repository = shelf_->find(kind, id);
    if (!call.repository || (call.repository->is_private() && !caller.known())) {
        if (!caller.known()) refuse_anonymous("RepoNotFound", "Invalid username or password.");
        throw refusal(404, "RepoNotFound", "Repository not found");
    }
    if (needs == access::read || caller.may_write()) return;
    if (!caller.known()) refuse_anonymous("", "Invalid username or password.");
    throw refusal(403, "", "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request");
}

HUBPUSH_DECL task<std::string> hub_service::commit_of(hub_call& call, std::string revision) {
    const std::optional<std::string> commit = co_await call.git().resolve(revision);
    if (!commit) throw refusal(404, "RevisionNotFound", "Invalid rev id: " + revision);
    co_return *commit;
}

HUBPUSH_DECL task<git_ref> hub_service::branch_of(hub_call& call, std::string revision) {
    const bool full = revision.starts_with("refs/heads/") || revision.starts_with("refs/pr/");
    const std::string name = full ? revision : "refs/heads/" + revision;
    const std::vector<git_ref> refs = co_await call.git().refs();
    const auto found =
        std::find_if(refs.begin(), refs.end(), [&name](const git_ref& each) { return each.name() == name; });
    if (found == refs.end()) throw refusal(404, "RevisionNotFound", "Invalid rev id: " + revision);
    co_return *found;
}

HUBPUSH_DECL task<std::string> hub_service::small_file(hub_call& call, std::shared_ptr<const repository_tree> tree,
                                                       std::string path) {
    static constexpr std::size_t limit = 4 * 1024 * 1024;
    const tree_node* const node = tree->find(path);
    if (node == nullptr || node->is_folder() || node->blob_size() > limit) co_return std::string();
    co_return co_await call.git().read_blob(node->id(), limit);
}

HUBPUSH_DECL git_author hub_service::author_of(const hub_call& call) const {
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(seams_.clock().wall());
    return git_author(call.caller().user(), call.caller().user() + "@users.noreply.localhost", now);
}

HUBPUSH_DECL std::string hub_service::repository_url(const hub_call& call) const {
    return call.hub_url + "/" + call.repository->web_path();
}

}  // namespace hubpush::inline v0::detail
