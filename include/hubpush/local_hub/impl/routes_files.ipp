#pragma once

#include <hubpush/local_hub/byte_range.hpp>
#include <hubpush/local_hub/hub_service.hpp>

namespace hubpush::inline v0::detail {

/// The largest regular file that is sent: commits by the API take up to 10 MiB, `git push` is not offered.
inline constexpr std::size_t sent_file_limit = 64 * 1024 * 1024;

HUBPUSH_DECL task<void> hub_service::resolve_file(hub_call& call) {
    const std::string& method = call.request().method;
    if (method != "GET" && method != "HEAD") refuse_unknown_address();
    require_unlocked_gate(call);
    const std::string commit = co_await commit_of(call, std::string(call.segment(call.verb + 1)));
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(commit);
    const tree_node* const node = tree->find(join_segments(call.segments, call.verb + 2));
    if (node == nullptr || node->is_folder()) {
        throw refusal(served_reply::failure(404, "EntryNotFound", "Entry not found").header("X-Repo-Commit", commit));
    }
    if (!node->large()) co_return co_await answer_file(call, *node, commit);
    served_reply moved(302);
    moved.header("Location", call.storage_url + storage_->link("GET", *call.repository, node->large()->oid()));
    moved.header("X-Repo-Commit", commit).header("Accept-Ranges", "bytes").header("ETag", "\"" + node->id() + "\"");
    moved.header("X-Linked-Etag", "\"" + node->large()->oid() + "\"")
        .header("X-Linked-Size", std::to_string(node->size()));
    co_await call.exchange.answer(std::move(moved));
}

HUBPUSH_DECL task<void> hub_service::answer_file(hub_call& call, const tree_node& node, std::string commit) {
    const std::string etag = "\"" + node.id() + "\"";
    const bool known = call.request().find("if-none-match").value_or("").find(etag) != std::string_view::npos;
    const byte_range range(call.request(), node.size());
    served_reply reply(known ? 304 : range.status());
    reply.header("ETag", etag).header("X-Repo-Commit", commit).header("Content-Type", "application/octet-stream");
    if (!known) {
        for (const auto& [name, value] : range.fields()) reply.header(name, value);
    }
    if (!known && call.request().method == "GET" && range.length() != 0) {
        std::string content = co_await call.git().read_blob(node.id(), sent_file_limit);
        content.resize(static_cast<std::size_t>(range.offset() + range.length()));
        reply.body(content.erase(0, static_cast<std::size_t>(range.offset())));
    }
    co_await call.exchange.answer(std::move(reply));
}

HUBPUSH_DECL task<void> hub_service::speak_git(hub_call& call, git_http_request request) {
    require_unlocked_gate(call);
    co_await serve_git(call.git(), std::move(request), call.exchange, call.exchange);
}

}  // namespace hubpush::inline v0::detail
