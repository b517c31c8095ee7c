#pragma once

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/commit_plan.hpp>
#include <hubpush/local_hub/front_matter.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL task<void> hub_service::whoami(hub_call& call) {
    if (!call.caller().known()) refuse_anonymous("", "Invalid username or password.");
    const std::string role = call.caller().may_write() ? "write" : "read";
    const std::string& user = call.caller().user();
    nlohmann::json answer{{"type", "user"}, {"id", user}, {"name", user}, {"fullname", user}, {"isPro", false}};
    answer["orgs"] = nlohmann::json::array();
    answer["auth"] = {{"type", "access_token"}, {"accessToken", {{"displayName", user}, {"role", role}}}};
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<void> hub_service::validate_yaml(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const front_matter found(text_member(body, "content").value_or(""));
    nlohmann::json answer{{"errors", nlohmann::json::array()}, {"warnings", nlohmann::json::array()}};
    if (found.missing()) answer["warnings"].push_back({{"message", "empty or missing yaml metadata in repo card"}});
    for (const std::string& complaint : found.complaints()) answer["errors"].push_back({{"message", complaint}});
    served_reply reply(found.complaints().empty() ? 200 : 400, json_text(answer), "application/json; charset=utf-8");
    co_await call.exchange.answer(std::move(reply));
}

/// The repository that a body of create or delete names; the caller's own namespace is the default.
inline std::pair<repository_kind, std::string> named_repository(const nlohmann::json& body, const hub_caller& caller) {
    const std::optional<repository_kind> kind = kind_of_name(text_member(body, "type").value_or("model"));
    const std::string owner = text_member(body, "organization").value_or(caller.user());
    const std::string id = owner + "/" + text_member(body, "name").value_or("");
    if (!kind || !is_repository_id(id)) throw refusal(400, "", "Invalid repository type or name");
    return {*kind, id};
}

/// Whether a body asks for a private repository or for a public one; nothing when it says neither
/// (spec/hub-http-api.md §3.1). What is protected is private here: nothing is shown by mistake.
inline std::optional<bool> asked_privacy(const nlohmann::json& body) {
    const std::optional<std::string> visibility = text_member(body, "visibility");
    const std::optional<bool> old_form = flag_member(body, "private");  // releases before 1.8.0
    if (!visibility) return old_form;
    if (visibility != "public" && visibility != "private" && visibility != "protected")
        throw refusal(400, "", "The visibility is neither public, private nor protected");
    return visibility != "public" || old_form.value_or(false);
}

/// What a body that makes a repository gives it to begin with (§3.1, `files`).
inline std::vector<git_change> first_files(const nlohmann::json& body) {
    static constexpr std::size_t most_files = 100;
    std::vector<git_change> changes;
    if (!body.contains("files")) return changes;
    for (const nlohmann::json& file : list_member(body, "files", most_files)) {
        const std::string path = text_member(file, "path").value_or("");
        check_committed_path(path);
        const std::vector<std::byte> bytes =
            decode_content(text_member(file, "content").value_or(""), text_member(file, "encoding").value_or("utf-8"));
        std::string content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        changes.push_back(git_change::put(path, memory_source(std::move(content))));
    }
    return changes;
}

HUBPUSH_DECL task<void> hub_service::create_repository(hub_call& call) {
    if (!call.caller().known()) refuse_anonymous("", "Invalid username or password.");
    const nlohmann::json body = co_await read_object(call.exchange);
    const auto [kind, id] = named_repository(body, call.caller());
    const std::string type(kind_name(kind));
    if (!call.caller().may_write())
        throw refusal(403, "", "You don't have the rights to create a " + type + " under this namespace");
    if (kind == repository_kind::space && !text_member(body, "sdk")) throw refusal(400, "", "A Space needs an sdk");
    const bool is_private = asked_privacy(body).value_or(false);
    std::vector<git_change> files = first_files(body);
    bool taken = shelf_->find(kind, id) != nullptr;
    if (!taken) {
        try {
            const repository_facts facts(is_private);
            call.repository = co_await shelf_->create(kind, id, facts, author_of(call));
        } catch (const hubpush::conflict&) {
            taken = true;  // two at once: the other one was first
        }
    }
    if (taken) {
        call.repository = shelf_->find(kind, id);
        if (!call.repository)
            throw refusal(409, "", "Cannot create repo: another conflicting operation is in progress");
        const std::string text = "You already created this " + type + " repo";
        served_reply refused = served_reply::failure(409, "", text);
        refused.body(json_text({{"error", text}, {"url", repository_url(call)}}));
        throw refusal(std::move(refused));
    }
    co_await add_first_files(call, std::move(files));
    const nlohmann::json answer{{"url", repository_url(call)}, {"name", id}, {"id", id}};
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<void> hub_service::add_first_files(hub_call& call, std::vector<git_change> files) {
    if (files.empty()) co_return;
    const git_repository::lock_type lock = co_await lock_repository(call);
    const git_ref branch = co_await branch_of(call, "main");
    co_await call.git().commit(lock, branch.name(), branch.commit(), std::move(files), "add the first files",
                               author_of(call));
}

HUBPUSH_DECL task<void> hub_service::delete_repository(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const auto [kind, id] = named_repository(body, call.caller());
    open_repository(call, kind, id, access::write);
    co_await shelf_->remove(call.repository);
    co_await call.exchange.answer(served_reply::json("{}"));
}

inline nlohmann::json large_file_json(const tree_node& node, const char* id_name) {
    return {{id_name, node.large()->oid()}, {"size", node.size()}, {"pointerSize", node.blob_size()}};
}

inline nlohmann::json siblings_json(const repository_tree& tree, bool with_blobs) {
    nlohmann::json siblings = nlohmann::json::array();
    for (const auto& [path, node] : tree.nodes()) {
        if (node.is_folder()) continue;
        nlohmann::json file{{"rfilename", path}};
        if (with_blobs) {
            file["size"] = node.size();
            file["blobId"] = node.id();
            if (node.large()) file["lfs"] = large_file_json(node, "sha256");
        }
        siblings.push_back(std::move(file));
    }
    return siblings;
}

inline nlohmann::json gated_json(const repository_facts& facts) {
    return facts.gated.empty() ? nlohmann::json(false) : nlohmann::json(facts.gated);
}

HUBPUSH_DECL task<void> hub_service::show_repository(hub_call& call) {
    const bool named = call.segment(call.verb) == "revision";
    std::string revision = named ? call.rest() : std::string("main");
    const std::string head = co_await commit_of(call, std::move(revision));
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(head);
    const std::string& id = call.repository->id();
    nlohmann::json answer{{"_id", id}, {"id", id}, {"sha", head}, {"private", call.repository->is_private()}};
    answer["author"] = id.substr(0, id.find('/'));
    answer["gated"] = gated_json(call.repository->facts());
    answer["disabled"] = false;
    const std::optional<git_log_entry> last = co_await call.git().last_change(head, "");
    if (last) answer["lastModified"] = iso_date(last->author().date());
    answer["downloads"] = 0;
    answer["likes"] = 0;
    answer["tags"] = nlohmann::json::array();
    answer["siblings"] = siblings_json(*tree, call.query.flag("blobs"));
    if (call.request().query().find("xetEnabled") != std::string_view::npos) answer["xetEnabled"] = false;
    co_await call.exchange.answer(json_reply(answer).header("X-Repo-Commit", head));
}

HUBPUSH_DECL task<void> hub_service::check_access(hub_call& call) {
    if (call.rest() == "write") open_repository(call, call.repository->kind(), call.repository->id(), access::write);
    require_unlocked_gate(call);
    co_await call.exchange.answer(served_reply::json("{}"));
}

}  // namespace hubpush::inline v0::detail
