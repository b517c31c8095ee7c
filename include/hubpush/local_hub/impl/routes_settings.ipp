#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>
#include <hubpush/local_hub/impl/routes_accounts.ipp>

namespace hubpush::inline v0::detail {

inline std::string allowed_id(const std::optional<std::string>& id) {
    if (!id || !is_repository_id(*id)) throw refusal(400, "", "Invalid repository name");
    return *id;
}

HUBPUSH_DECL task<void> hub_service::move_repository(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::optional<repository_kind> kind = kind_of_name(text_member(body, "type").value_or("model"));
    if (!kind) throw refusal(400, "", "Invalid repository type");
    open_repository(call, *kind, allowed_id(text_member(body, "fromRepo")), access::write);
    const std::string target = allowed_id(text_member(body, "toRepo"));
    try {
        co_await shelf_->move(call.repository, target);
    } catch (const hubpush::conflict&) {
        throw refusal(409, "", "A repository named " + target + " exists already");
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

/// Makes of the facts what a body asks for (spec/hub-http-api.md §3.2); what it does not name stays.
inline void apply_settings(repository_facts& facts, const nlohmann::json& body) {
    facts.is_private = asked_privacy(body).value_or(facts.is_private);
    const auto gated = body.find("gated");
    if (gated == body.end() || gated->is_null()) return;
    if (*gated == false) {
        facts.gated.clear();
    } else if (*gated == "auto" || *gated == "manual") {
        facts.gated = gated->get<std::string>();
    } else {
        throw refusal(400, "", "gated is neither auto, manual nor false");
    }
}

HUBPUSH_DECL task<void> hub_service::change_settings(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::function<void(repository_facts&)> change = [&body](repository_facts& facts) {
        apply_settings(facts, body);
    };
    const repository_facts facts = co_await shelf_->change_facts(call.repository, change);
    const nlohmann::json answer{{"private", facts.is_private}, {"gated", gated_json(facts)}};
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<void> hub_service::duplicate_repository(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::string target = allowed_id(text_member(body, "repository"));
    if (!call.caller().may_write()) throw refusal(403, "", "You don't have the rights to create a repo there");
    require_unlocked_gate(call);
    repository_facts facts(call.repository->is_private());
    apply_settings(facts, body);
    try {
        call.repository = co_await shelf_->duplicate(call.repository, target, facts);
    } catch (const hubpush::conflict&) {
        throw refusal(409, "", "A repository named " + target + " exists already");
    }
    nlohmann::json answer = nlohmann::json::object();
    answer["url"] = repository_url(call);
    co_await call.exchange.answer(json_reply(answer));
}

}  // namespace hubpush::inline v0::detail
