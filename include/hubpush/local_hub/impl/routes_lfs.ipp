#pragma once

#include <hubpush/hash/text.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>

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
        const nlohmann::json verify{{"href", call_.hub_url + "/api/lfs/verify?repo=" + repository}};
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
    if (operation == "upload") open_repository(call, call.repository->kind(), call.repository->id(), access::write);
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
    open_repository(call, *kind, join_segments(*named, 1), access::write);
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::optional<std::uint64_t> stored =
        call.repository->objects().size_of(text_member(body, "oid").value_or(""));
    if (stored != size_member(body, "size")) throw refusal(404, "", "The object is not stored with this size");
    co_await call.exchange.answer(served_reply(200));
}

}  // namespace hubpush::inline v0::detail
