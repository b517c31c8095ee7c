#pragma once

/// \file
/// Clone and fetch over HTTP by git's own CGI program, `git http-backend` (spec/hub-http-api.md §14.1). Reading only.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/local_hub/git_repository.hpp>
#include <hubpush/local_hub/http_io.hpp>

#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// The part of a request that git's CGI program looks at.
class git_http_request {
public:
    git_http_request() = default;
    /// `path` is what follows the repository in the address (`info/refs`, `git-upload-pack`), `query` what follows `?`.
    git_http_request(std::string method, std::string path, std::string query)
        : method_(std::move(method)), path_(std::move(path)), query_(std::move(query)) {}

    git_http_request& content_type(std::string value) {
        content_type_ = std::move(value);
        return *this;
    }
    git_http_request& content_encoding(std::string value) {
        content_encoding_ = std::move(value);
        return *this;
    }
    git_http_request& protocol(std::string value) {
        protocol_ = std::move(value);
        return *this;
    }  ///< `Git-Protocol`

    const std::string& method() const noexcept { return method_; }
    const std::string& path() const noexcept { return path_; }
    const std::string& query() const noexcept { return query_; }
    const std::string& content_type() const noexcept { return content_type_; }
    const std::string& content_encoding() const noexcept { return content_encoding_; }
    const std::string& protocol() const noexcept { return protocol_; }

private:
    std::string method_;
    std::string path_;
    std::string query_;
    std::string content_type_;
    std::string content_encoding_;
    std::string protocol_;
};

/// True for the requests that `serve_git` answers with something else than 404: `info/refs` and `git-upload-pack`, and
/// `git-receive-pack`, which it refuses with 403.
HUBPUSH_DECL bool is_git_request(const git_http_request& request) noexcept;

/// Answers one request of a git client. Bodies are streamed both ways in bounded memory. Who may read the repository
/// has been decided before. Throws what `body` and `answer` throw, and `errc::server_error` when git gives no answer at
/// all, which is before `answer.head()`. What goes wrong later git says inside the body, in its own protocol.
/// Cancellation: all types; git is killed.
HUBPUSH_DECL task<void> serve_git(git_repository& repository, git_http_request request, body_reader& body,
                                  response_writer& answer);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/git_http.ipp>
#endif
