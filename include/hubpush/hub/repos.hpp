#pragma once

/// \file
/// Creating repositories (spec/hub-http-api.md §3.1).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <string>
#include <utility>

namespace hubpush::inline v0 {

/// Who may see a new repository; the namespace decides unless told otherwise.
enum class repo_visibility { namespace_default, public_repo, private_repo };

/// What a repository shall be when it is created.
class repo_creation {
public:
    repo_creation() = default;
    explicit repo_creation(repository where) : where_(std::move(where)) {}

    repo_creation& visibility(repo_visibility value) {
        visibility_ = value;
        return *this;
    }
    /// An existing repository is a success.
    repo_creation& exist_ok(bool value) {
        exist_ok_ = value;
        return *this;
    }
    /// Needed for spaces, and only there: `gradio`, `streamlit`, `docker` or `static`.
    repo_creation& sdk(std::string value) {
        sdk_ = std::move(value);
        return *this;
    }

    const repository& where() const noexcept { return where_; }
    repo_visibility visibility() const noexcept { return visibility_; }
    bool exist_ok() const noexcept { return exist_ok_; }
    const std::string& sdk() const noexcept { return sdk_; }

private:
    repository where_;
    repo_visibility visibility_ = repo_visibility::namespace_default;
    bool exist_ok_ = false;
    std::string sdk_;
};

/// A repository that exists now. Its id is the server's spelling, with the namespace filled in.
class created_repository {
public:
    created_repository() = default;
    created_repository(repository where, std::string url) : where_(std::move(where)), url_(std::move(url)) {}
    const repository& where() const noexcept { return where_; }
    const std::string& url() const noexcept { return url_; }  ///< the repository's page

private:
    repository where_;
    std::string url_;
};

/// Creates a repository. Throws `conflict` when it exists, unless that is allowed; then a token that may not create it
/// is enough as long as it may read it. For some seconds after a creation the session repeats requests that find the
/// repository unknown. A creation that collides with another one is repeated, with pauses, for about
/// half a minute. Cancellation: all types; the repository may then exist.
HUBPUSH_DECL task<created_repository> create_repo(hub_session& session, repo_creation wanted);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/repos.ipp>
#endif
