#pragma once

#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/commit_lines.hpp>
#include <hubpush/local_hub/commit_plan.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/patterns.hpp>

namespace hubpush::inline v0::detail {

/// The server's own rules about how a file is stored (spec/hub-http-api.md §4.3).
inline bool is_stored_large(const lfs_attributes& attributes, const std::string& path, std::uint64_t size,
                            std::string_view sample) {
    static constexpr std::uint64_t any_file = 10 * 1024 * 1024;
    static constexpr std::uint64_t binary_file = 1'000'000;
    const auto decoded = from_base64(sample);
    if (!decoded) throw refusal(400, "", "The sample of a file is not base64");
    const bool binary = std::find(decoded->begin(), decoded->end(), std::byte{0}) != decoded->end();
    return attributes.tracks(path) || size > any_file || (size > binary_file && binary);
}

HUBPUSH_DECL task<void> hub_service::preupload(hub_call& call) {
    static constexpr std::size_t most_files = 256;
    require_contributor(call, call.rest());
    const nlohmann::json body = co_await read_object(call.exchange);
    const nlohmann::json& files = list_member(body, "files", most_files);
    const git_ref branch = co_await branch_of(call, call.rest());
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(branch.commit());
    std::optional<std::string> attributes_text = text_member(body, "gitAttributes");
    std::optional<std::string> ignore_text = text_member(body, "gitIgnore");
    if (!attributes_text) attributes_text = co_await small_file(call, tree, ".gitattributes");
    if (!ignore_text) ignore_text = co_await small_file(call, tree, ".gitignore");
    const lfs_attributes attributes(*attributes_text);
    const ignore_rules ignored(*ignore_text);
    nlohmann::json answers = nlohmann::json::array();
    for (const nlohmann::json& file : files) {
        const std::string path = text_member(file, "path").value_or("");
        check_committed_path(path);
        const bool large =
            is_stored_large(attributes, path, size_member(file, "size"), text_member(file, "sample").value_or(""));
        nlohmann::json answer{
            {"path", path}, {"uploadMode", large ? "lfs" : "regular"}, {"shouldIgnore", ignored.ignores(path)}};
        const tree_node* const present = tree->find(path);
        if (present != nullptr && !present->is_folder())
            answer["oid"] = present->large() ? present->large()->oid() : present->id();
        answers.push_back(std::move(answer));
    }
    const nlohmann::json answer{{"commitOid", branch.commit()}, {"files", std::move(answers)}};
    co_await call.exchange.answer(json_reply(answer));
}

/// Reads the body of a commit, a buffer at a time.
inline task<commit_order> read_commit(server_exchange& exchange, std::shared_ptr<worker_pool> pool,
                                      std::filesystem::path folder) {
    static constexpr std::uint64_t body_limit = 2'000'000'000;
    if (exchange.request().content_length.value_or(0) > body_limit) throw refusal(413, "", "The commit is too large");
    const auto open = [&] { return std::make_shared<content_spool>(pool, folder); };
    std::shared_ptr<content_spool> spool = co_await offload(*pool, open);
    commit_line_reader reader(std::move(spool));
    std::uint64_t size = 0;
    for (;;) {
        const std::span<const std::byte> piece = co_await exchange.next_piece();
        if (piece.empty()) break;
        size += piece.size();
        if (size > body_limit) throw refusal(413, "", "The commit is too large");
        const auto feed = [&reader, piece] { return reader.feed(piece), true; };
        co_await offload(*pool, feed);
    }
    const auto finish = [&reader] { return reader.finish(); };
    co_return co_await offload(*pool, finish);
}

HUBPUSH_DECL task<void> hub_service::commit(hub_call& call) {
    require_contributor(call, call.rest());
    count_commit(call);
    const commit_order order = co_await read_commit(call.exchange, pool_, folder_);
    served_reply reply = co_await apply_commit(call, order);
    co_await call.exchange.answer(std::move(reply));
}

HUBPUSH_DECL task<served_reply> hub_service::apply_commit(hub_call& call, const commit_order& order) {
    const git_repository::lock_type lock = co_await lock_repository(call);
    const git_ref branch = co_await branch_of(call, call.rest());
    if (call.query.flag("create_pr")) co_return co_await commit_as_pull_request(call, lock, order, branch);
    co_return co_await commit_to_branch(call, lock, order, branch);
}

inline std::string message_of(const commit_order& order) {
    return order.description.empty() ? order.summary : order.summary + "\n\n" + order.description;
}

HUBPUSH_DECL task<std::vector<git_change>> hub_service::planned_changes(hub_call& call, const commit_order& order,
                                                                        std::string base) {
    const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(std::move(base));
    const lfs_store& objects = call.repository->objects();
    commit_plan plan(*tree, [&objects](const std::string& oid) { return objects.size_of(oid); });
    for (const requested_change& operation : order.operations) plan.apply(operation);
    if (plan.needs_attributes()) {
        std::string text = co_await small_file(call, tree, ".gitattributes");
        plan.complete_attributes(std::move(text));
    }
    co_return plan.take_changes();
}

inline bool names_head(const std::string& parent, const git_ref& branch) {
    return is_commit_prefix(parent) && branch.commit().starts_with(parent);
}

HUBPUSH_DECL task<served_reply> hub_service::commit_to_branch(hub_call& call, const git_repository::lock_type& lock,
                                                              const commit_order& order, git_ref branch) {
    if (!order.parent.empty() && !names_head(order.parent, branch)) {
        throw refusal(412, "", "The branch was updated since you opened this page. Please refresh and try again.");
    }
    std::vector<git_change> changes = co_await planned_changes(call, order, branch.commit());
    const std::string id = co_await call.git().commit(lock, branch.name(), branch.commit(), std::move(changes),
                                                      message_of(order), author_of(call));
    co_return commit_reply(call, id, 0);
}

/// spec/hub-http-api.md §14.3, step 5.
HUBPUSH_DECL task<served_reply> hub_service::commit_as_pull_request(hub_call& call,
                                                                    const git_repository::lock_type& lock,
                                                                    const commit_order& order, git_ref target) {
    std::string base = target.commit();
    if (!order.parent.empty()) {
        const std::optional<std::string> parent = co_await call.git().find_commit(order.parent);
        if (!parent) throw refusal(404, "RevisionNotFound", "Invalid rev id: " + order.parent);
        base = *parent;
    }
    std::vector<git_change> changes = co_await planned_changes(call, order, base);
    discussion_book& book = call.repository->discussions;
    kept_discussion opened(book.next_number(), order.summary, call.caller().user(), today());
    opened.target = target.name();
    opened.base = base;
    const std::uint64_t number = opened.number;
    if (!order.description.empty()) {
        opened.add(discussion_event(discussion_event::kind::comment, opened.author, opened.date, order.description));
    }
    task<std::string> make_ref =
        call.git().commit_to_new_ref(lock, opened.ref(), base, std::move(changes), message_of(order), author_of(call));
    const std::string id = co_await book.open(*pool_, std::move(opened), std::move(make_ref));
    co_return commit_reply(call, id, number);
}

HUBPUSH_DECL served_reply hub_service::commit_reply(const hub_call& call, const std::string& id,
                                                    std::uint64_t pull_request) const {
    nlohmann::json answer{{"success", true}, {"commitOid", id}, {"hookOutput", ""}};
    answer["commitUrl"] = repository_url(call) + "/commit/" + id;
    if (pull_request != 0) {
        answer["pullRequestUrl"] = repository_url(call) + "/discussions/" + std::to_string(pull_request);
    }
    return json_reply(answer);
}

}  // namespace hubpush::inline v0::detail
