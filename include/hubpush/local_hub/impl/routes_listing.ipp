#pragma once

#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/impl/routes_accounts.ipp>
#include <hubpush/net/url.hpp>

namespace hubpush::inline v0::detail {

inline nlohmann::json node_json(const std::string& path, const tree_node& node) {
    nlohmann::json entry{{"type", node.is_folder() ? "directory" : "file"}, {"path", path}, {"oid", node.id()}};
    entry["size"] = node.is_folder() ? 0 : node.size();
    if (node.large()) entry["lfs"] = large_file_json(node, "oid");
    return entry;
}

/// The address of the same listing with one parameter changed (spec/hub-http-api.md §3.4).
inline std::string next_page_link(const hub_call& call, std::string_view parameter, std::string_view value) {
    std::string query;
    const std::string replaced = std::string(parameter) + "=";
    for_each_part(call.request().query(), '&', [&](std::string_view part) {
        if (!part.empty() && !part.starts_with(replaced)) query += std::string(part) + "&";
    });
    return "<" + call.hub_url + std::string(call.request().path()) + "?" + query + replaced + escape_segment(value) +
           ">; rel=\"next\"";
}

/// One page of what lies below `folder` (empty: the root), in the order of paths, after the path `cursor`.
class tree_page {
public:
    nlohmann::json entries = nlohmann::json::array();
    std::string last;
    bool more = false;

    tree_page(const repository_tree& tree, const std::string& folder, const std::string& cursor, bool recursive,
              std::size_t limit) {
        const std::string below = folder.empty() ? "" : folder + "/";
        auto each = cursor.empty() ? tree.nodes().lower_bound(below) : tree.nodes().upper_bound(cursor);
        for (; each != tree.nodes().end() && each->first.starts_with(below); ++each) {
            const bool direct = each->first.find('/', below.size()) == std::string::npos;
            if (!direct && !recursive) continue;
            if (entries.size() == limit) {
                more = true;
                return;
            }
            entries.push_back(node_json(each->first, each->second));
            last = each->first;
        }
    }
};

HUBPUSH_DECL task<void> hub_service::list_tree(hub_call& call) {
    const std::string commit = co_await commit_of(call, std::string(call.segment(call.verb + 1)));
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(commit);
    std::string folder = join_segments(call.segments, call.verb + 2);
    while (folder.ends_with('/')) folder.pop_back();
    const tree_node* const node = tree->find(folder);
    if (!folder.empty() && (node == nullptr || !node->is_folder()))
        throw refusal(404, "EntryNotFound", folder + " does not exist");
    static constexpr std::size_t most_expanded = 50;
    const bool expand = call.query.flag("expand");
    const std::size_t most = expand ? std::min(page_size_, most_expanded) : page_size_;
    const std::size_t limit = call.query.number("limit", most, 1, most);
    tree_page page(*tree, folder, call.query.first("cursor").value_or(""), call.query.flag("recursive"), limit);
    if (expand) co_await expand_entries(call, commit, page.entries);
    served_reply reply = json_reply(page.entries);
    reply.header("X-Repo-Commit", commit);
    if (page.more) reply.header("Link", next_page_link(call, "cursor", page.last));
    co_await call.exchange.answer(std::move(reply));
}

inline nlohmann::json commit_json(const git_log_entry& commit, bool formatted) {
    const nlohmann::json author{{"user", commit.author().name()}, {"avatar", ""}};
    nlohmann::json object{{"id", commit.id()},
                          {"title", commit.title()},
                          {"message", commit.message()},
                          {"date", iso_date(commit.author().date())},
                          {"authors", nlohmann::json::array({author})}};
    if (formatted) object["formatted"] = {{"title", commit.title()}, {"message", commit.message()}};
    return object;
}

HUBPUSH_DECL task<void> hub_service::expand_entries(hub_call& call, std::string commit, nlohmann::json& entries) {
    for (nlohmann::json& entry : entries) {
        const std::string path = entry["path"];
        const std::optional<git_log_entry> last = co_await call.git().last_change(commit, path);
        if (last) entry["lastCommit"] = commit_json(*last, false);
    }
}

/// The paths that a body names, as a form or as JSON (§3.5).
class asked_paths {
public:
    std::vector<std::string> paths;
    bool expand = false;

    asked_paths(const request_head& request, const std::string& body) {
        if (request.find("content-type").value_or("").find("json") == std::string_view::npos) {
            const form_fields form(body);
            paths = form.all("paths");
            expand = form.flag("expand");
            return;
        }
        const nlohmann::json object = parse_object(body);
        expand = true_member(object, "expand");
        const auto list = object.find("paths");
        if (list != object.end() && list->is_string()) paths.push_back(list->get<std::string>());
        if (list == object.end() || !list->is_array()) return;
        for (const nlohmann::json& each : *list) {
            if (each.is_string()) paths.push_back(each.get<std::string>());
        }
    }
};

HUBPUSH_DECL task<void> hub_service::list_paths(hub_call& call) {
    static constexpr std::size_t most_paths = 1000;
    const std::string body = co_await call.exchange.read_text(json_body_limit);
    const asked_paths asked(call.request(), body);
    if (asked.paths.size() > most_paths) throw refusal(413, "", "too many parameters");
    const std::string commit = co_await commit_of(call, call.rest());
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(commit);
    nlohmann::json answer = nlohmann::json::array();
    for (const std::string& path : asked.paths) {
        if (const tree_node* const node = tree->find(path)) answer.push_back(node_json(path, *node));
    }
    if (asked.expand) co_await expand_entries(call, commit, answer);
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<void> hub_service::list_commits(hub_call& call) {
    static constexpr std::size_t most_commits = 1000;
    const std::string head = co_await commit_of(call, call.rest());
    const std::size_t limit = call.query.number("limit", std::min(page_size_, most_commits), 1, most_commits);
    const std::size_t page = call.query.number("p", 0, 0, 1'000'000);
    const git_log_page log = co_await call.git().log(head, limit, page * limit);
    nlohmann::json answer = nlohmann::json::array();
    const bool formatted = call.request().query().find("formatted") != std::string_view::npos;
    for (const git_log_entry& commit : log.commits()) answer.push_back(commit_json(commit, formatted));
    served_reply reply = json_reply(answer);
    reply.header("X-Total-Count", std::to_string(log.total()));
    if ((page + 1) * limit < log.total()) reply.header("Link", next_page_link(call, "p", std::to_string(page + 1)));
    co_await call.exchange.answer(std::move(reply));
}

}  // namespace hubpush::inline v0::detail
