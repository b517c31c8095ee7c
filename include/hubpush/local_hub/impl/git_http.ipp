#pragma once

#include <hubpush/local_hub/git_http.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_formats.hpp>
#include <hubpush/local_hub/process.hpp>

#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t git_http_chunk = 64 * 1024;
inline constexpr std::size_t cgi_head_limit = 16 * 1024;

/// What a CGI program says before its body (RFC 3875 §6).
class cgi_head {
public:
    /// `text` ends with the last field, without the empty line.
    explicit cgi_head(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = text.find("\r\n");
            add(text.substr(0, end));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
        }
    }

    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;

private:
    void add(std::string_view line) {
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos)
            throw_error(errc::server_error, "git http-backend sent an unreadable head");
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = line.substr(colon + 2);
        if (name == "Status") {
            std::from_chars(value.data(), value.data() + value.size(), status);
        } else {
            fields.emplace_back(name, value);
        }
    }
};

inline bool reads_repository(const git_http_request& request) noexcept {
    if (request.path() == "info/refs") return request.method() == "GET" && request.query() == "service=git-upload-pack";
    return request.path() == "git-upload-pack" && request.method() == "POST";
}

/// The variables of the CGI standard that http-backend reads. No CONTENT_LENGTH: the end of its input is the end of the
/// body.
inline child_command cgi_command(git_repository& repository, const git_http_request& request) {
    child_command command = repository.git("http-backend");
    command.set("PATH_TRANSLATED", (repository.path() / request.path()).string()).set("GIT_HTTP_EXPORT_ALL", "1");
    command.set("REQUEST_METHOD", request.method()).set("QUERY_STRING", request.query());
    if (!request.content_type().empty()) command.set("CONTENT_TYPE", request.content_type());
    if (!request.content_encoding().empty()) command.set("HTTP_CONTENT_ENCODING", request.content_encoding());
    if (!request.protocol().empty()) command.set("GIT_PROTOCOL", request.protocol());
    return command;
}

inline task<void> feed_request(child_process& child, body_reader& body) {
    std::vector<std::byte> buffer(git_http_chunk);
    while (const std::size_t count = co_await body.read_some(buffer)) {
        if (!co_await child.write(std::span(buffer).first(count))) co_return;
    }
    child.close_input();
}

/// Reads the head and leaves in `text` what already came of the body.
inline task<cgi_head> read_cgi_head(child_process& child, std::string& text) {
    std::vector<std::byte> buffer(git_http_chunk);
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
        const std::size_t count = co_await child.read_some(buffer);
        if (count == 0 || text.size() > cgi_head_limit) throw_git_failure(child.error_output());
        text.append(reinterpret_cast<const char*>(buffer.data()), count);
        end = text.find("\r\n\r\n");
    }
    cgi_head head(std::string_view(text).substr(0, end));
    text.erase(0, end + 4);
    co_return std::move(head);
}

inline task<void> relay_answer(child_process& child, response_writer& answer) {
    std::string begun;
    cgi_head head = co_await read_cgi_head(child, begun);
    co_await answer.head(head.status, std::move(head.fields));
    if (!begun.empty()) co_await answer.write(std::as_bytes(std::span(begun)));
    std::vector<std::byte> buffer(git_http_chunk);
    while (const std::size_t count = co_await child.read_some(buffer)) {
        co_await answer.write(std::span(buffer).first(count));
    }
    co_await child.wait();
}

inline task<void> refuse_git(response_writer& answer) {
    std::vector<std::pair<std::string, std::string>> fields;
    fields.emplace_back("Content-Type", "text/plain");
    fields.emplace_back("Content-Length", "0");
    co_await answer.head(403, std::move(fields));
}

}  // namespace detail

HUBPUSH_DECL bool is_git_request(const git_http_request& request) noexcept {
    return request.path() == "info/refs" || request.path() == "git-upload-pack" || request.path() == "git-receive-pack";
}

HUBPUSH_DECL task<void> serve_git(git_repository& repository, git_http_request request, body_reader& body,
                                  response_writer& answer) {
    if (!detail::reads_repository(request)) {
        co_await detail::refuse_git(answer);
        co_return;
    }
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_process child(executor, detail::cgi_command(repository, request));
    // Both directions at once: git begins to answer before it has read everything, and neither side may wait for the
    // other.
    task_group directions(executor);
    directions.spawn(detail::feed_request(child, body));
    directions.spawn(detail::relay_answer(child, answer));
    co_await directions.join();
}

}  // namespace hubpush::inline v0
