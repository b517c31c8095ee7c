#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/reply.hpp>

#include <nlohmann/json.hpp>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL served_reply served_reply::failure(int status, std::string_view code, std::string_view message) {
    const nlohmann::json body = {{"error", std::string(message)}};
    served_reply reply(status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                       "application/json; charset=utf-8");
    if (!code.empty()) reply.header("X-Error-Code", std::string(code));
    reply.header("X-Error-Message", printable(message));
    return reply;
}

[[noreturn]] HUBPUSH_DECL void refuse_unknown_address() { throw refusal(404, "", "Not Found"); }

[[noreturn]] HUBPUSH_DECL void refuse_anonymous(std::string_view code, std::string_view message) {
    throw refusal(
        served_reply::failure(401, code, message).header("WWW-Authenticate", "Basic realm=\"hubpush local hub\""));
}

[[noreturn]] HUBPUSH_DECL void refuse_writer() {
    throw refusal(403, "", "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request");
}

HUBPUSH_DECL std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 206:
            return "Partial Content";
        case 302:
            return "Found";
        case 307:
            return "Temporary Redirect";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 416:
            return "Range Not Satisfiable";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Status";
    }
}

}  // namespace hubpush::inline v0::detail
