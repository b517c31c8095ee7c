#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/hub_service.hpp>

#include <algorithm>
#include <array>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL hub_service::hub_service(seams seams, std::shared_ptr<worker_pool> pool, std::filesystem::path folder,
                                      std::shared_ptr<repository_shelf> shelf, std::shared_ptr<storage_service> storage,
                                      std::size_t entries_per_page, hub_quotas quotas)
    : seams_(std::move(seams)),
      pool_(std::move(pool)),
      folder_(std::move(folder)),
      shelf_(std::move(shelf)),
      storage_(std::move(storage)),
      page_size_(entries_per_page),
      api_requests_(quotas.api),
      commits_(quotas.commits) {}

/// What follows `/api/{T}/{id}/`, and what it needs.
HUBPUSH_DECL std::span<const hub_service::api_route> hub_service::repository_routes() {
    static const std::array routes{
        api_route{"GET", "", access::read, &hub_service::show_repository},
        api_route{"GET", "revision", access::read, &hub_service::show_repository},
        api_route{"GET", "auth-check", access::read, &hub_service::check_access},
        api_route{"PUT", "settings", access::write, &hub_service::change_settings},
        api_route{"POST", "duplicate", access::take_part, &hub_service::duplicate_repository},
        api_route{"GET", "tree", access::read, &hub_service::list_tree},
        api_route{"POST", "paths-info", access::read, &hub_service::list_paths},
        api_route{"GET", "commits", access::read, &hub_service::list_commits},
        api_route{"GET", "refs", access::read, &hub_service::list_refs},
        api_route{"POST", "branch", access::write, &hub_service::create_branch},
        api_route{"DELETE", "branch", access::write, &hub_service::delete_branch},
        api_route{"POST", "tag", access::write, &hub_service::create_tag},
        api_route{"DELETE", "tag", access::write, &hub_service::delete_tag},
        api_route{"POST", "super-squash", access::write, &hub_service::squash_branch},
        api_route{"GET", "discussions", access::read, &hub_service::read_discussions},
        api_route{"POST", "discussions", access::take_part, &hub_service::write_discussions},
        api_route{"GET", "lfs-files", access::read, &hub_service::list_large_files},
        api_route{"POST", "lfs-files", access::read, &hub_service::duplicate_large_files},
        api_route{"POST", "preupload", access::take_part, &hub_service::preupload},
        api_route{"POST", "commit", access::take_part, &hub_service::commit},
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
    count_request(call);
    co_await dispatch(call);
}

HUBPUSH_DECL void hub_service::count_request(hub_call& call) {
    if (!api_requests_.limits() || call.segment(0) != "api") return;
    const hub_quota& quota = api_requests_.quota();
    const rate_windows::standing standing = api_requests_.take(call.caller().user(), seams_.clock().now());
    call.exchange.add_field("RateLimit", "\"api\";r=" + std::to_string(standing.remaining) +
                                             ";t=" + std::to_string(standing.reset.count()));
    call.exchange.add_field("RateLimit-Policy", "\"fixed window\";\"api\";q=" + std::to_string(quota.count()) +
                                                    ";w=" + std::to_string(quota.window().count()));
    if (!standing.allowed) throw refusal(429, "", "You have exceeded the rate limit.");
}

HUBPUSH_DECL void hub_service::count_commit(const hub_call& call) {
    if (!commits_.limits()) return;
    const rate_windows::standing standing = commits_.take(call.repository->web_path(), seams_.clock().now());
    if (standing.allowed) return;
    const std::string limit = std::to_string(commits_.quota().count()) + " per " +
                              std::to_string(commits_.quota().window().count()) + " seconds";
    const std::string text = "You have exceeded the rate limit for repository commits (" + limit + ").";
    throw refusal(served_reply::failure(429, "", text).header("Retry-After", std::to_string(standing.reset.count())));
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
    if (asked == "POST repos/move") co_return co_await move_repository(call);
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
    const auto is_verb = [&call](const api_route& each) { return each.verb == call.segment(3); };
    if (route == routes.end() && std::any_of(routes.begin(), routes.end(), is_verb)) {
        refuse_missing(call, *kind, std::string(call.segment(2)));  // an id without namespace: no such one is here
    }
    if (route == routes.end()) refuse_unknown_address();
    open_repository(call, *kind, std::string(call.segment(2)) + "/" + std::string(call.segment(3)), route->needs);
    co_await (this->*route->answer)(call);
}

inline git_http_request git_request_of(const request_head& head, const std::string& path) {
    git_http_request request(head.method, path, std::string(head.query()));
    request.content_type(std::string(head.find("content-type").value_or("")));
    request.content_encoding(std::string(head.find("content-encoding").value_or("")));
    request.protocol(std::string(head.find("git-protocol").value_or("")));
    return request;
}

/// Addresses outside `/api`: `[datasets/|spaces/|kernels/]{namespace}/{name}[.git]/…`.
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
    git_http_request git_request = git_request_of(call.request(), rest);
    const bool asks_git = is_git_request(git_request);
    if (!asks_file && !asks_batch && !asks_git) {
        const bool without_owner = name == "resolve" || name == "raw";  // no such one is here
        if (without_owner) refuse_missing(call, kind.value_or(repository_kind::model), id);
        refuse_unknown_address();
    }
    open_repository(call, kind.value_or(repository_kind::model), id, access::read);
    if (asks_file) co_return co_await resolve_file(call);
    if (asks_batch) co_return co_await lfs_batch(call);
    co_await speak_git(call, std::move(git_request));
}

inline bool may_see(const hub_caller& caller, const std::shared_ptr<hub_repository>& repository) {
    return repository && (!repository->is_private() || caller.known());
}

HUBPUSH_DECL void hub_service::open_repository(hub_call& call, repository_kind kind, const std::string& id,
                                               access needs) const {
    const hub_caller& caller = call.caller();
    call.repository = shelf_->find(kind, id);
    if (!may_see(caller, call.repository)) refuse_missing(call, kind, id);
    if (needs == access::read) return;
    if (!caller.known()) refuse_anonymous("", "Invalid username or password.");
    if (needs == access::write && !caller.may_write()) refuse_writer();
}

/// The target of the request with another id in it, for a request whose address names a repository.
inline std::string target_with_id(const hub_call& call, const std::string& id) {
    const std::string_view path = call.request().path();
    std::size_t begin = 0;
    for (std::size_t i = 2; i < call.verb; ++i) begin = path.find('/', begin + 1);
    const std::size_t end = std::min(path.find('/', path.find('/', begin + 1) + 1), path.size());
    const bool with_suffix = path.substr(0, end).ends_with(".git");
    return std::string(path.substr(0, begin + 1)) + id + (with_suffix ? ".git" : "") +
           call.request().target.substr(end);
}

HUBPUSH_DECL void hub_service::refuse_missing(const hub_call& call, repository_kind kind, const std::string& id) const {
    const std::optional<std::string> moved = call.verb == 0 ? std::nullopt : shelf_->moved_to(kind, id);
    if (moved && may_see(call.caller(), shelf_->find(kind, *moved))) {
        throw refusal(served_reply(307).header("Location", target_with_id(call, *moved)));
    }
    if (!call.caller().known()) refuse_anonymous("RepoNotFound", "Invalid username or password.");
    throw refusal(404, "RepoNotFound", "Repository not found");
}

HUBPUSH_DECL void hub_service::require_contributor(const hub_call& call, const std::string& revision) const {
    if (call.caller().may_write() || call.query.flag("create_pr")) return;
    const discussion_book::map& all = call.repository->discussions.all();
    const bool own = std::any_of(all.begin(), all.end(), [&](const auto& each) {
        return each.second.is_pull_request() && each.second.ref() == revision &&
               each.second.author == call.caller().user();
    });
    if (!own) refuse_writer();
}

HUBPUSH_DECL void hub_service::require_unlocked_gate(const hub_call& call) const {
    if (!call.repository->is_gated() || call.caller().may_write()) return;
    const std::string text = "Access to " + std::string(kind_name(call.repository->kind())) + " " +
                             call.repository->id() + " is restricted and you are not in the authorized list.";
    if (!call.caller().known()) refuse_anonymous("GatedRepo", text);
    throw refusal(403, "GatedRepo", text);
}

HUBPUSH_DECL task<git_repository::lock_type> hub_service::lock_repository(hub_call& call) {
    git_repository::lock_type lock = co_await call.git().lock();
    const repository_kind kind = call.repository->kind();
    const std::string id = call.repository->id();
    if (shelf_->find(kind, id) != call.repository) refuse_missing(call, kind, id);
    co_return lock;
}

HUBPUSH_DECL task<std::string> hub_service::commit_of(hub_call& call, std::string revision) {
    // @huggingface/hub calls the default branch so.
    const std::string name = revision == "HEAD" ? "main" : revision;
    const std::optional<std::string> commit = co_await call.git().resolve(name);
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
    if (node == nullptr || node->is_folder()) co_return std::string();
    if (node->blob_size() > limit) throw refusal(413, "", "The file " + path + " is longer than 4 MiB");
    co_return co_await call.git().read_blob(node->id(), limit);
}

HUBPUSH_DECL std::chrono::sys_seconds hub_service::today() const {
    return std::chrono::time_point_cast<std::chrono::seconds>(seams_.clock().wall());
}

HUBPUSH_DECL git_author hub_service::author_of(const hub_call& call) const {
    return git_author(call.caller().user(), call.caller().user() + "@users.noreply.localhost", today());
}

HUBPUSH_DECL std::string hub_service::repository_url(const hub_call& call) const {
    return call.hub_url + "/" + call.repository->web_path();
}

}  // namespace hubpush::inline v0::detail
