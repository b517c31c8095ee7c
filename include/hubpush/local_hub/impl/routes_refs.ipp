#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/hub_service.hpp>
#include <hubpush/local_hub/impl/json_body.ipp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL task<void> hub_service::list_refs(hub_call& call) {
    struct group {
        const char* name;
        std::string_view prefix;
    };
    static constexpr group groups[] = {{"branches", "refs/heads/"},
                                       {"tags", "refs/tags/"},
                                       {"converts", "refs/convert/"},
                                       {"pullRequests", "refs/pr/"}};
    const std::vector<git_ref> refs = co_await call.git().refs();
    nlohmann::json answer = nlohmann::json::object();
    for (const group& each : groups) {
        nlohmann::json list = nlohmann::json::array();
        for (const git_ref& ref : refs) {
            if (!ref.name().starts_with(each.prefix)) continue;
            list.push_back(
                {{"name", ref.name().substr(each.prefix.size())}, {"ref", ref.name()}, {"targetCommit", ref.commit()}});
        }
        if (each.prefix != "refs/pr/" || call.query.flag("include_prs")) answer[each.name] = std::move(list);
    }
    co_await call.exchange.answer(json_reply(answer));
}

HUBPUSH_DECL task<std::string> hub_service::branch_start(hub_call& call, const git_repository::lock_type& lock,
                                                         std::string revision, bool empty) {
    if (!empty) co_return co_await commit_of(call, std::move(revision));
    std::string tree = co_await call.git().empty_tree(lock);
    co_return co_await call.git().commit_tree(lock, std::move(tree), "", "initial commit", author_of(call));
}

HUBPUSH_DECL task<void> hub_service::create_branch(hub_call& call) {
    const std::string name = call.rest();
    const nlohmann::json body = co_await read_object(call.exchange);
    if (!is_ref_name(name)) throw refusal(400, "", "Invalid reference for a branch");
    const std::optional<std::string> from = text_member(body, "startingPoint");
    const bool empty = true_member(body, "emptyBranch");
    const std::string ref = "refs/heads/" + name;
    {
        const git_repository::lock_type lock = co_await lock_repository(call);
        const std::optional<std::string> present = co_await call.git().resolve(ref);
        if (present && !true_member(body, "overwrite")) throw refusal(409, "", "Reference " + ref + " already exists");
        if (!present || from || empty) {  // to overwrite a branch with nothing in particular leaves it as it is
            std::string start = co_await branch_start(call, lock, from.value_or("main"), empty);
            const std::string old = present.value_or(std::string(40, '0'));
            try {
                co_await call.git().move_ref(lock, ref, old, std::move(start));
            } catch (const hubpush::conflict&) {  // `a` beside `a/b`
                throw refusal(409, "", "Reference " + ref + " already exists");
            }
        }
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

HUBPUSH_DECL task<void> hub_service::delete_branch(hub_call& call) {
    const std::string name = call.rest();
    if (name == "main") throw refusal(403, "", "Cannot delete refs/heads/main");
    {
        const git_repository::lock_type lock = co_await lock_repository(call);
        const git_ref ref = co_await branch_of(call, "refs/heads/" + name);
        co_await call.git().delete_ref(lock, ref.name());
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

HUBPUSH_DECL task<void> hub_service::squash_branch(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::string name = call.rest();
    const std::string message = text_member(body, "message").value_or("Super-squash branch '" + name + "'");
    {
        const git_repository::lock_type lock = co_await lock_repository(call);
        const git_ref branch = co_await branch_of(call, name);
        std::string squashed = co_await call.git().commit_tree(lock, branch.commit(), "", message, author_of(call));
        co_await call.git().move_ref(lock, branch.name(), branch.commit(), std::move(squashed));
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

HUBPUSH_DECL task<void> hub_service::create_tag(hub_call& call) {
    const nlohmann::json body = co_await read_object(call.exchange);
    const std::string name = text_member(body, "tag").value_or("");
    const std::string message = text_member(body, "message").value_or("");
    if (!is_ref_name(name)) throw refusal(400, "", "Invalid reference for a tag");
    {
        const git_repository::lock_type lock = co_await lock_repository(call);
        const std::string commit = co_await commit_of(call, call.rest());
        try {
            if (message.empty()) {
                co_await call.git().create_ref(lock, "refs/tags/" + name, commit);
            } else {
                co_await call.git().create_tag(lock, name, commit, message, author_of(call));
            }
        } catch (const hubpush::conflict&) {
            throw refusal(409, "", "Tag reference exists already");
        }
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

HUBPUSH_DECL task<void> hub_service::delete_tag(hub_call& call) {
    const std::string name = call.rest();
    {
        const git_repository::lock_type lock = co_await lock_repository(call);
        try {
            co_await call.git().delete_ref(lock, "refs/tags/" + name);
        } catch (const hubpush::revision_not_found&) {
            throw refusal(404, "RevisionNotFound", "Invalid rev id: " + name);
        }
    }
    co_await call.exchange.answer(served_reply::json("{}"));
}

}  // namespace hubpush::inline v0::detail
