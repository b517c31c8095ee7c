#pragma once

#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/impl/routes_listing.ipp>

namespace hubpush::inline v0::detail {

/// One object of the answer to a batch call (spec/hub-http-api.md §14.6).
class batch_object {
public:
    batch_object(const hub_call& call, storage_service& storage, const nlohmann::json& asked)
        : call_(call),
          storage_(storage),
          oid_(text_member(asked, "oid").value_or("")),
          size_(size_member(asked, "size")) {}

    nlohmann::json answer(bool upload) const {
        nlohmann::json object{{"oid", oid_}, {"size", size_}};
        if (!is_hex(oid_, 64)) return object["error"] = failure(422, "The oid is not 64 hexadecimal digits"), object;
        const std::optional<std::uint64_t> stored = call_.repository->objects().size_of(oid_);
        if (upload) {
            if (stored != size_) object.update(upload_actions());
        } else if (stored) {
            object.update(download_actions());
        } else {
            object["error"] = failure(404, "The object does not exist");
        }
        return object;
    }

private:
    static nlohmann::json failure(int code, const char* message) { return {{"code", code}, {"message", message}}; }

    nlohmann::json action(std::string_view method) const {
        return {{"href", call_.storage_url + storage_.link(method, *call_.repository, oid_)}};
    }

    nlohmann::json upload_actions() const {
        const std::string repository =
            std::string(kind_plural(call_.repository->kind())) + "/" + call_.repository->id();
        nlohmann::json verify{{"href", call_.hub_url + "/api/lfs/verify?repo=" + repository}};
        // git-lfs sends no credentials of its own to an action. Clients with a bearer token do.
        const std::string_view credentials = call_.request().find("authorization").value_or("");
        if (credentials.starts_with("Basic ")) verify["header"]["Authorization"] = credentials;
        return {{"authenticated", true}, {"actions", {{"upload", action("PUT")}, {"verify", verify}}}};
    }

    nlohmann::json download_actions() const {
        return {{"authenticated", true}, {"actions", {{"download", action("GET")}}}};
    }

    const hub_call& call_;
    storage_service& storage_;
    std::string oid_;
    std::uint64_t size_;
};

HUBPUSH_DECL task<void> hub_service::lfs_batch(hub_call& call) {
    static constexpr std::size_t most_objects = 1000;
    if (call.request().method != "POST") refuse_unknown_address();
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::string operation = text_member(body, "operation").value_or("");
    if (operation != "upload" && operation != "download")
        throw refusal(422, "", "The operation is neither upload nor download");
    // A reader who opens a pull request names no ref (spec/hub-http-api.md §5.1).
    const access needs = operation == "download" ? access::read
                         : body.contains("ref")  ? access::write
                                                 : access::take_part;
    open_repository(call, call.repository->kind(), call.repository->id(), needs);
    if (operation == "download") require_unlocked_gate(call);
    nlohmann::json objects = nlohmann::json::array();
    for (const nlohmann::json& asked : list_member(body, "objects", most_objects)) {
        objects.push_back(batch_object(call, *storage_, asked).answer(operation == "upload"));
    }
    const nlohmann::json answer{{"transfer", "basic"}, {"objects", std::move(objects)}};
    co_await call.exchange.answer(served_reply(200, json_text(answer), "application/vnd.git-lfs+json"));
}

HUBPUSH_DECL task<void> hub_service::lfs_verify(hub_call& call) {
    const std::optional<std::vector<std::string>> named = path_segments(call.query.first("repo").value_or(""));
    const std::optional<repository_kind> kind =
        named && named->size() == 3 ? kind_of_plural(named->front()) : std::nullopt;
    if (!kind) refuse_unknown_address();
    open_repository(call, *kind, join_segments(*named, 1), access::take_part);
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::optional<std::uint64_t> stored =
        call.repository->objects().size_of(text_member(body, "oid").value_or(""));
    if (stored != size_member(body, "size")) throw refusal(404, "", "The object is not stored with this size");
    co_await call.exchange.answer(served_reply(200));
}

/// The large files at the heads of all branches: what a repository uses, by branch and path (§3.7).
HUBPUSH_DECL task<void> hub_service::list_large_files(hub_call& call) {
    const std::vector<git_ref> refs = co_await call.git().refs();
    std::vector<nlohmann::json> found;
    for (const git_ref& ref : refs) {
        if (!ref.name().starts_with("refs/heads/")) continue;
        const std::shared_ptr<const repository_tree> tree = co_await call.repository->tree(ref.commit());
        const git_log_page head = co_await call.git().log(ref.commit(), 1, 0);
        const std::string date = iso_date(head.commits().at(0).author().date());
        for (const auto& [path, node] : tree->nodes()) {
            if (!node.large()) continue;
            found.push_back({{"fileOid", node.id()}, {"filename", path}, {"oid", node.large()->oid()}});
            found.back().update({{"pushedAt", date}, {"ref", ref.name()}, {"size", node.size()}});
        }
    }
    const std::size_t first = call.query.number("cursor", 0, 0, found.size());
    const std::size_t last = std::min(found.size(), first + page_size_);
    nlohmann::json answer = nlohmann::json::array();
    for (std::size_t i = first; i < last; ++i) answer.push_back(std::move(found[i]));
    served_reply reply = json_reply(answer);
    if (last < found.size()) reply.header("Link", next_page_link(call, "cursor", std::to_string(last)));
    co_await call.exchange.answer(std::move(reply));
}

/// Gives large files to another repository without their bytes being sent (§3.7).
HUBPUSH_DECL task<void> hub_service::duplicate_large_files(hub_call& call) {
    static constexpr std::size_t most_files = 500;
    if (call.rest() != "duplicate") refuse_unknown_address();
    require_unlocked_gate(call);
    const nlohmann::json body = co_await read_object(call.exchange);
    const nlohmann::json& files = list_member(body, "files", most_files);
    const nlohmann::json target = body.value("target", nlohmann::json::object());
    if (!target.is_object()) throw refusal(400, "", "target must be an object");
    const std::optional<repository_kind> kind = kind_of_name(text_member(target, "type").value_or("model"));
    if (!kind) throw refusal(400, "", "Invalid repository type");
    const lfs_store from = call.repository->objects();
    call.verb = 0;  // the id does not stand in the address: there is no other one to send the caller to
    open_repository(call, *kind, text_member(target, "name").value_or(""), access::take_part);
    const lfs_store to = call.repository->objects();
    nlohmann::json failed = nlohmann::json::array();
    for (const nlohmann::json& file : files) {
        const std::string oid = text_member(file, "sha256").value_or("");
        const auto share = [&from, &to, &oid] { return from.share_with(to, oid); };
        const bool shared = co_await offload(*pool_, share);
        if (!shared) failed.push_back({{"sha256", oid}, {"error", "The object does not exist"}});
    }
    nlohmann::json answer = nlohmann::json::object();
    answer["failed"] = std::move(failed);
    co_await call.exchange.answer(json_reply(answer));
}

}  // namespace hubpush::inline v0::detail
