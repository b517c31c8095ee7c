#pragma once

#include <hubpush/hub/repos.hpp>

#include <hubpush/async/timing.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/hub/failure.hpp>
#include <hubpush/hub/whoami.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr int most_create_collisions = 8;

inline std::string create_repo_body(const repo_creation& wanted) {
    const repository& where = wanted.where();
    json_object body;
    body.text("name", where.name());
    body.raw("organization", where.owner().empty() ? "null" : json_quoted(where.owner()));
    if (wanted.visibility() != repo_visibility::namespace_default) {
        body.text("visibility", wanted.visibility() == repo_visibility::private_repo ? "private" : "public");
    }
    body.text("type", singular(where.type()));
    if (!wanted.sdk().empty()) body.text("sdk", wanted.sdk());
    return body.str();
}

/// The repository that the page address `text` shows; nothing for an address of another shape.
inline std::optional<created_repository> repository_at(const hub_settings& settings, const std::string& text,
                                                       repo_type type) {
    const std::optional<url> page = settings.server_url(text);
    const std::string begin =
        settings.prefix() + (type == repo_type::model ? "/" : "/" + std::string(plural(type)) + "/");
    if (!page || page->origin() != settings.origin() || !page->target().starts_with(begin)) return std::nullopt;
    try {
        return created_repository(repository(page->target().substr(begin.size()), type), page->text());
    } catch (const error&) {
        return std::nullopt;
    }
}

/// Two creations at once: the Hub asks one of them to come again.
inline bool is_create_collision(std::string_view text) {
    return text.find("conflicting operation") != std::string_view::npos;
}

/// One request. An existing repository is a success when it may be: the body of the 409 tells its address.
inline task<created_repository> create_once(hub_session& session, repo_creation wanted) {
    const std::string what = "cannot create " + wanted.where().id();
    // With exist_ok a lost answer does no harm: the repetition finds the repository.
    const request_class repeatable = wanted.exist_ok() ? request_class::idempotent : request_class::non_idempotent;
    http_request request = session.request("POST", "/api/repos/create", repeatable);
    const url target = request.target();
    request.body(create_repo_body(wanted), "application/json");
    const http_response reply = co_await session.exchange(std::move(request), what);
    const bool exists = reply.status() == 409 && wanted.exist_ok() && !is_create_collision(server_text(reply));
    if (!exists) session.throw_if_failed(reply, target, what);
    const json_value answer = hub_session::json_of(reply, what);
    const auto created = repository_at(session.settings(), answer.string("url"), wanted.where().type());
    if (!created)
        throw_error(errc::protocol_error, what + ": the server's answer has no usable address of the repository");
    if (!exists) session.created(created->where());
    co_return *created;
}

/// Creates, coming again while another creation is in the way.
inline task<created_repository> create_paced(hub_session& session, repo_creation wanted) {
    for (int collisions = 0;; ++collisions) {
        try {
            co_return co_await create_once(session, wanted);
        } catch (const conflict& refused) {
            if (!is_create_collision(refused.server_message()) || collisions == most_create_collisions) throw;
        }
        const auto spread = std::chrono::milliseconds(session.seams().random().next() % 1000);
        co_await sleep_for(session.seams().clock(), std::chrono::milliseconds(500) * (collisions + 1) + spread);
    }
}

/// This token may not create the repository (no right, or not in this plan), which does not matter if it is there
/// (§3.1).
inline bool may_exist(const error& refused) {
    return refused.status() == 401 || refused.status() == 402 || refused.status() == 403;
}

/// A name without namespace means one's own here; read as it is, it would be another repository, one of the old ones
/// that have no namespace.
inline task<repository> with_owner(hub_session& session, repository where) {
    if (!where.owner().empty()) co_return where;
    const hub_user self = co_await whoami(session);
    co_return repository(self.name() + "/" + where.id(), where.type());
}

/// The id is the server's spelling (§3.3).
inline task<created_repository> existing_repository(hub_session& session, repository named) {
    const repository where = co_await with_owner(session, std::move(named));
    // Only little is asked for: the names of all files, which stand in a full answer, may be more than is read.
    const http_request request = session.request("GET", where.api_path() + "?expand=private", request_class::safe);
    const json_value answer = co_await session.send_for_json(request, "cannot read " + where.id());
    const repository canonical(answer.string("id", 200), where.type());
    co_return created_repository(canonical, session.settings().at(canonical.page_path()).text());
}

inline void check_sdk(const repo_creation& wanted) {
    static constexpr std::array<std::string_view, 4> known{"gradio", "streamlit", "docker", "static"};
    const bool is_known = std::find(known.begin(), known.end(), wanted.sdk()) != known.end();
    const bool is_space = wanted.where().type() == repo_type::space;
    if (is_space ? is_known : wanted.sdk().empty()) return;
    throw_error(errc::invalid_argument,
                is_space ? "a space needs an sdk: gradio, streamlit, docker or static" : "only a space has an sdk",
                error_details().reached_server(false));
}

}  // namespace detail

HUBPUSH_DECL task<created_repository> create_repo(hub_session& session, repo_creation wanted) {
    detail::check_sdk(wanted);
    std::exception_ptr refusal;
    try {
        co_return co_await detail::create_paced(session, wanted);
    } catch (const error& refused) {
        if (!wanted.exist_ok() || !detail::may_exist(refused)) throw;
        refusal = std::current_exception();
    }
    try {
        co_return co_await detail::existing_repository(session, wanted.where());
    } catch (const cancelled&) {
        throw;
    } catch (const error&) {  // what the creation said is what the user has to know
        std::rethrow_exception(refusal);
    }
}

}  // namespace hubpush::inline v0
