#pragma once

#include <hubpush/hub/lfs.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/failure.hpp>
#include <hubpush/net/retry_policy.hpp>

#include <algorithm>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::string_view lfs_media_type = "application/vnd.git-lfs+json";
inline constexpr std::size_t most_action_headers = 64;
inline constexpr std::uint64_t storage_reply_limit = 64 * 1024;  // spec/reliability.md MEM01

[[noreturn]] inline void refuse_lfs(const std::string& oid, const std::string& why) {
    throw_error(errc::protocol_error, "the large-file answer for " + oid.substr(0, 12) + " cannot be used: " + why);
}

/// Would this text hand our token to somebody else? No server has a reason to do that.
inline bool tells_token(std::string_view text, const url& target, const hub_settings& settings) {
    const secret& token = settings.token();
    return !token.empty() && target.origin() != settings.origin() &&
           text.find(token.reveal()) != std::string_view::npos;
}

/// The place that a link leads to, if content may go there.
inline url read_href(const json_value& action, const std::string& oid, const hub_settings& settings) {
    const std::string& href = action.string("href", 8192);
    const std::optional<url> target = settings.server_url(href);
    if (!target) refuse_lfs(oid, "its link is not an http or https URL");
    if (tells_token(href, *target, settings)) refuse_lfs(oid, "it would hand the token to another host");
    if (!settings.may_contact(target->origin())) refuse_lfs(oid, "its link leads to " + target->origin().text());
    return *target;
}

/// The fields that go with a link.
inline header_list read_action_headers(const json_value& action, const std::string& oid, const url& target,
                                       const hub_settings& settings) {
    header_list headers;
    if (action.find("header") == nullptr) return headers;
    const std::vector<json_value::member>& fields = action.object("header").members();
    if (fields.size() > most_action_headers) refuse_lfs(oid, "it has too many header fields");
    for (const auto& [name, value] : fields) {
        if (value.type() != json_value::kind::string) refuse_lfs(oid, "a header field is not a text");
        if (tells_token(value.text(), target, settings)) refuse_lfs(oid, "it would hand the token to another host");
        try {
            headers.add(name, value.text());
        } catch (const invalid_argument&) {
            refuse_lfs(oid, "a header field holds bytes that do not belong there");
        }
    }
    return headers;
}

inline lfs_action read_action(const json_value& action, const std::string& oid, const hub_settings& settings) {
    url target = read_href(action, oid, settings);
    header_list headers = read_action_headers(action, oid, target, settings);
    return lfs_action(std::move(target), std::move(headers));
}

/// Only what hubpush announced can be demanded of it (§5.1): whole objects, one request each.
inline void check_transport(const json_value& answer, const json_value& upload, const std::string& oid,
                            const secret& token) {
    const json_value* const header = upload.find("header");
    if (header != nullptr && header->find("chunk_size") != nullptr) {
        throw_error(
            errc::no_transport,
            "this server demands multi-part uploads for " + oid.substr(0, 12) + ", which this release cannot send",
            error_details().hint("push smaller files, or use a server that takes whole files"));
    }
    const std::string transfer = answer.optional_string("transfer").value_or("basic");
    if (transfer != "basic" && transfer != "multipart") {
        throw_error(errc::no_transport, "this server wants large files by the transfer '" + token.hidden_in(transfer) +
                                            "', which hubpush was not asked for");
    }
}

/// The error of one object, mapped like the status of an answer.
[[noreturn]] inline void throw_object_error(const json_value& problem, const std::string& oid, const secret& token) {
    const int status = static_cast<int>(problem.integer("code", 999));
    error_details details;
    details.status(status).retryable(retryable_status(status));
    details.server_message(token.hidden_in(problem.optional_string("message", 64 * 1024).value_or("")));
    throw_error(kind_of_failure(http_response(status, header_list(), std::string()), ""),
                "the server refuses the large file " + oid.substr(0, 12), std::move(details));
}

inline lfs_plan read_lfs_object(const json_value& answer, const json_value& object, const lfs_object& asked,
                                const hub_settings& settings) {
    const std::string& oid = asked.oid();
    if (object.find("error") != nullptr) throw_object_error(object.object("error"), oid, settings.token());
    if (object.integer("size", std::numeric_limits<std::int64_t>::max()) != asked.size())
        refuse_lfs(oid, "it has another size");
    const json_value* const actions = object.find("actions");
    if (actions == nullptr || object.object("actions").find("upload") == nullptr)
        return lfs_plan(asked, {}, std::nullopt);
    const json_value& upload = actions->object("upload");
    check_transport(answer, upload, oid, settings.token());
    std::vector<upload_part> parts;
    parts.emplace_back(0, asked.size(), read_action(upload, oid, settings));
    std::optional<lfs_action> verify;
    if (actions->find("verify") != nullptr) verify = read_action(actions->object("verify"), oid, settings);
    return lfs_plan(asked, std::move(parts), std::move(verify));
}

/// The objects of an answer by oid.
inline std::unordered_map<std::string_view, const json_value*> index_lfs_objects(const json_value& answer) {
    std::unordered_map<std::string_view, const json_value*> result;
    for (const json_value& object : answer.array("objects")) {
        // Its name is the server's word, and is not repeated.
        if (!result.emplace(object.string("oid"), &object).second)
            throw_error(errc::protocol_error, "the server answers twice about one large file");
    }
    return result;
}

/// A part of the answer's status that tells of other bytes than were sent (spec/reliability.md S14).
inline bool is_verify_mismatch(int status) {
    return status == 400 || status == 404 || status == 409 || status == 410 || status == 412 || status == 422;
}

inline http_request verify_request(hub_session& session, const lfs_plan& plan) {
    const lfs_action& action = *plan.verify();
    const bool own_origin = action.target().origin() == session.settings().origin();
    const bool own_credentials = action.headers().count("Authorization") != 0;
    http_request request = own_origin && !own_credentials
                               ? session.request("POST", action.target(), request_class::safe)
                               : http_request("POST", action.target(), request_class::safe);
    request.allow_plain_http(session.settings().allow_plain_http());
    header_list own = action.headers();
    own.remove("Content-Type");  // that of our own body is set below
    for (const auto& [name, value] : own) request.header(name, value);
    json_object body;
    body.text("oid", plan.object().oid()).number("size", plan.object().size());
    request.body(body.str(), "application/json");
    return request;
}

}  // namespace detail

HUBPUSH_DECL std::string lfs_batch_body(const std::vector<lfs_object>& objects, const std::string& at_revision) {
    std::vector<std::string> entries;
    std::unordered_set<std::string_view> seen;
    for (const lfs_object& object : objects) {
        if (!seen.insert(object.oid()).second) continue;
        json_object entry;
        entry.text("oid", object.oid()).number("size", object.size());
        entries.push_back(entry.str());
    }
    json_object body;
    body.text("operation", "upload").raw("transfers", "[\"basic\"]").raw("objects", json_array(entries));
    body.text("hash_algo", "sha256");
    if (!at_revision.empty()) body.raw("ref", json_object().text("name", at_revision).str());
    return body.str();
}

HUBPUSH_DECL std::vector<lfs_plan> read_lfs_batch(const json_value& answer, const std::vector<lfs_object>& objects,
                                                  const hub_settings& settings) {
    const auto answered = detail::index_lfs_objects(answer);
    std::unordered_set<std::string_view> asked;
    std::vector<lfs_plan> plans;
    plans.reserve(objects.size());
    for (const lfs_object& object : objects) {
        const auto found = answered.find(object.oid());
        if (found == answered.end()) detail::refuse_lfs(object.oid(), "the object is missing in it");
        asked.insert(object.oid());
        plans.push_back(detail::read_lfs_object(answer, *found->second, object, settings));
    }
    if (answered.size() != asked.size())
        throw_error(errc::protocol_error, "the server names large files that it was not asked about");
    return plans;
}

HUBPUSH_DECL task<std::vector<lfs_plan>> lfs_batch(hub_session& session, repository where, std::string at_revision,
                                                   std::vector<lfs_object> objects) {
    if (!at_revision.empty()) check_revision(at_revision);
    if (objects.size() > lfs_batch_limit) throw_error(errc::invalid_argument, "one batch is about at most 256 objects");
    http_request request = session.request("POST", where.git_path() + "/info/lfs/objects/batch", request_class::safe);
    request.header("Accept", std::string(detail::lfs_media_type));
    request.body(lfs_batch_body(objects, at_revision), std::string(detail::lfs_media_type));
    request.reply_limit(16U << 20);
    const json_value answer =
        co_await session.send_for_json(std::move(request), "cannot ask " + where.id() + " about large files");
    co_return read_lfs_batch(answer, objects, session.settings());
}

HUBPUSH_DECL task<void> put_object(hub_session& session, upload_part part, std::shared_ptr<byte_source> source,
                                   std::function<void(std::uint64_t)> on_progress) {
    if (source->size() != part.size()) throw_error(errc::internal, "the bytes to send are not those of the part");
    http_request request("PUT", part.action().target(), request_class::idempotent);
    request.allow_plain_http(session.settings().allow_plain_http());
    for (const auto& [name, value] : part.action().headers()) request.header(name, value);
    request.body(std::move(source)).reply_limit(detail::storage_reply_limit).on_progress(std::move(on_progress));
    const std::string what = "cannot store a large file at " + part.action().target().origin().text();
    co_await session.send_to_storage(std::move(request), what);
}

HUBPUSH_DECL task<void> verify_object(hub_session& session, lfs_plan plan) {
    if (!plan.verify()) co_return;
    const std::string what = "cannot verify the large file " + plan.object().oid().substr(0, 12);
    const url target = plan.verify()->target();
    http_request request = detail::verify_request(session, plan);
    const http_response reply = co_await session.exchange(std::move(request), what);
    if (detail::is_verify_mismatch(reply.status())) {
        error_details details = details_of(reply, session.seams().clock().wall());
        throw_error(errc::integrity, "the server does not have the bytes that were sent", details.retryable(true));
    }
    session.throw_if_failed(reply, target, what);
}

}  // namespace hubpush::inline v0
