#pragma once

#include <hubpush/hub/failure.hpp>

#include <hubpush/core/ascii.hpp>
#include <hubpush/hub/json.hpp>
#include <hubpush/net/retry_policy.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t error_text_limit = 64 * 1024;  // spec/reliability.md MEM01

inline std::string_view field_of(const http_response& reply, std::string_view name) {
    return reply.headers().find(name).value_or(std::string_view());
}

inline std::string_view without_query(std::string_view path) { return path.substr(0, path.find('?')); }

/// A path that names one repository: its API, its files, its git service.
inline bool names_a_repository(std::string_view path) {
    for (std::string_view prefix : {"/api/models/", "/api/datasets/", "/api/spaces/", "/api/kernels/"}) {
        if (path.starts_with(prefix)) return true;
    }
    return path.find("/resolve/") != std::string_view::npos || path.find(".git/") != std::string_view::npos;
}

/// The four codes that clients interpret; others are tolerated.
inline std::optional<errc> kind_by_code(std::string_view code) {
    if (code == "RevisionNotFound") return errc::revision_not_found;
    if (code == "EntryNotFound") return errc::entry_not_found;
    if (code == "GatedRepo") return errc::forbidden;
    if (code == "RepoNotFound") return errc::repository_not_found;
    return std::nullopt;
}

inline errc kind_by_status(int status) {
    switch (status) {
        case 401:
            return errc::not_authorized;
        case 402:
        case 507:
        case 509:
            return errc::quota_exceeded;
        case 403:
            return errc::forbidden;
        case 404:
        case 410:
            return errc::entry_not_found;
        case 408:
        case 425:
            return errc::server_error;
        case 409:
        case 412:
            return errc::conflict;
        case 413:
            return errc::payload_too_large;
        case 429:
            return errc::rate_limited;
        default:
            return status >= 500 ? errc::server_error : errc::bad_request;
    }
}

/// Texts without their surrounding white space, each once.
class distinct_texts {
public:
    void add(std::string_view text) {
        text = trimmed(text, white_space);
        if (text.empty() || std::find(texts_.begin(), texts_.end(), text) != texts_.end()) return;
        texts_.emplace_back(text);
    }
    std::string joined() const {
        std::string result;
        for (const std::string& text : texts_) result += (result.empty() ? "" : "; ") + text;
        return result;
    }
    bool empty() const noexcept { return texts_.empty(); }

private:
    std::vector<std::string> texts_;
};

inline std::string text_of_member(const json_value& body, std::string_view key) {
    const json_value* const value = body.find(key);
    return value != nullptr ? value->text() : std::string();
}

inline void add_texts_of(distinct_texts& texts, const json_value& body) {
    const std::string description = text_of_member(body, "error_description");
    const std::string problem = text_of_member(body, "error");
    texts.add(problem.empty() || description.empty() ? problem + description : problem + ": " + description);
    for (const char* list : {"error", "errors"}) {
        const json_value* const entries = body.find(list);
        if (entries == nullptr) continue;
        for (const json_value& entry : entries->items()) {
            texts.add(entry.text());
            texts.add(text_of_member(entry, "message"));
        }
    }
    if (texts.empty()) texts.add(text_of_member(body, "message"));  // how git-lfs servers write it
}

/// The content of the first `<name>` element of a storage's XML error. The whole document is not shown, because it may
/// repeat the signature of the URL.
inline std::string xml_element(std::string_view body, std::string_view name) {
    const std::string open = "<" + std::string(name) + ">";
    const std::size_t begin = body.find(open);
    if (begin == std::string_view::npos) return {};
    const std::string_view rest = body.substr(begin + open.size());
    return std::string(rest.substr(0, std::min(rest.find('<'), rest.size())));
}

inline void add_plain_text(distinct_texts& texts, std::string_view body, std::string_view content_type) {
    const bool is_xml = content_type.find("xml") != std::string_view::npos || body.starts_with("<?xml");
    if (is_xml) {
        texts.add(xml_element(body, "Code"));
        texts.add(xml_element(body, "Message"));
    } else if (content_type.find("html") == std::string_view::npos && !body.starts_with('<')) {
        texts.add(body);
    }
}

}  // namespace detail

HUBPUSH_DECL errc kind_of_failure(const http_response& reply, std::string_view path) {
    const std::string_view header_text = detail::field_of(reply, "X-Error-Message");
    const std::optional<errc> coded = detail::kind_by_code(detail::field_of(reply, "X-Error-Code"));
    const bool is_repository = detail::names_a_repository(detail::without_query(path));
    if (coded && coded != errc::repository_not_found) return *coded;
    if (header_text == "Access to this resource is disabled.") return errc::forbidden;
    if (coded) return *coded;
    // Anonymous requests for what does not exist, is private or gated: production hides which (rule 7).
    const bool hidden = reply.status() == 401 && header_text != "Invalid credentials in Authorization header";
    const bool missing = reply.status() == 404 || reply.status() == 410;
    if (is_repository && (hidden || missing)) return errc::repository_not_found;
    return detail::kind_by_status(reply.status());
}

HUBPUSH_DECL std::string server_text(const http_response& reply) {
    detail::distinct_texts texts;
    texts.add(detail::field_of(reply, "X-Error-Message"));
    if (reply.body().size() <= detail::error_text_limit) {
        const std::optional<json_value> body = json_value::parse(reply.body());
        if (body) {
            detail::add_texts_of(texts, *body);
        } else {
            detail::add_plain_text(texts, reply.body(), detail::field_of(reply, "Content-Type"));
        }
    }
    return texts.joined();
}

HUBPUSH_DECL error_details details_of(const http_response& reply, std::chrono::system_clock::time_point wall) {
    error_details details;
    details.status(reply.status()).server_message(server_text(reply)).retryable(retryable_status(reply.status()));
    for (const char* name : {"X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"}) {
        if (details.request_id().empty()) details.request_id(detail::field_of(reply, name));
    }
    if (const auto wait = requested_wait(reply, wall)) details.retry_after(*wait);
    return details;
}

}  // namespace hubpush::inline v0
