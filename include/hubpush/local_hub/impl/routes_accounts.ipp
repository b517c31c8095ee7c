#pragma once

#include <hubpush/core/error.hpp>
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

/// Looks for the front matter only; whether it is YAML is not judged here (spec/hub-http-api.md §4.8).
HUBPUSH_DECL task<void> hub_service::validate_yaml(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::string content = text_member(body, "content").value_or("");
    nlohmann::json answer{{"errors", nlohmann::json::array()}, {"warnings", nlohmann::json::array()}};
    const bool has_front_matter = content.starts_with("---\n") && content.find("\n---", 3) != std::string::npos;
    if (!has_front_matter) answer["warnings"].push_back({{"message", "empty or missing yaml metadata in repo card"}});
    co_await call.exchange.answer(json_reply(answer));
}

/// The repository that a body of create or delete names; the caller's own namespace is the default.
inline std::pair<repository_kind, std::string> named_repository(const nlohmann::json& body, const hub_caller& caller) {
    const std::optional<repository_kind> kind = kind_of_name(text_member(body, "type").value_or("model"));
    const std::string owner = text_member(body, "organization").value_or(caller.user());
    const std::string id = owner + "/" + text_member(body, "name").value_or("");
    if (!kind || !is_repository_id(id)) throw refusal(400, "", "Invalid repository type or name");
    return {*kind, id};
}

inline bool wants_private(const nlohmann::json& body) {
    const auto old_form = body.find("private");  // spec/hub-http-api.md §3.1: releases before 1.8.0
    return text_member(body, "visibility") == "private" || (old_form != body.end() && *old_form == true);
}

HUBPUSH_DECL task<void> hub_service::create_repository(hub_call& call) {
    if (!call.caller().known()) refuse_anonymous("", "Invalid username or password.");
    const nlohmann::json body = co_await read_object(call.exchange);
    const auto [kind, id] = named_repository(body, call.caller());
    const std::string type(kind_name(kind));
    if (!call.caller().may_write())
        throw refusal(403, "", "You don't have the rights to create a " + type + " under this namespace");
    if (kind == repository_kind::space && !text_member(body, "sdk")) throw refusal(400, "", "A Space needs an sdk");
    bool taken = shelf_->find(kind, id) != nullptr;
    if (!taken) {
        try {
            call.repository = co_await shelf_->create(kind, id, wants_private(body), author_of(call));
        } catch (const hubpush::conflict&) {
            taken = true;  // two at once: the other one was first
        }
    }
    if (taken) {
        call.repository = shelf_->find(kind, id);
        const std::string text = "You already created this " + type + " repo";
        served_reply refused = served_reply::failure(409, "", text);
        refused.body(json_text({{"error", text}, {"url", repository_url(call)}}));
        throw refusal(std::move(refused));
    }
    const nlohmann::json answer{{"url", repository_url(call)}, {"name", id}, {"id", id}};
    co_await call.exchange.answer(json_reply(answer));
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

HUBPUSH_DECL task<void> hub_service::show_repository(hub_call& call) {
    const bool named = call.segment(call.verb) == "revision";
    std::string revision = named ? join_segments(call.segments, call.verb + 1) : std::string("main");
    const std::string head = co_await commit_of(call, std::move(revision));
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(head);
    const std::string& id = call.repository->id();
    nlohmann::json answer{{"_id", id}, {"id", id}, {"sha", head}, {"private", call.repository->is_private()}};
    answer["author"] = id.substr(0, id.find('/'));
    answer["gated"] = false;
    answer["disabled"] = false;
    answer["downloads"] = 0;
    answer["likes"] = 0;
    answer["tags"] = nlohmann::json::array();
    answer["siblings"] = siblings_json(*tree, call.query.flag("blobs"));
    co_await call.exchange.answer(json_reply(answer).header("X-Repo-Commit", head));
}

}  // namespace hubpush::inline v0::detail
