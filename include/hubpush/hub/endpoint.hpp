#pragma once

/// \file
/// Which Hub, which token, and what may be done with them: decided once, from options and the environment, as the Hub's
/// own tools decide it (spec/hub-http-api.md §1.1 to §1.4).

#include <hubpush/core/config.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/hub/environment.hpp>
#include <hubpush/net/url.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// A resolved configuration. A value; immutable once it is used.
class hub_settings {
public:
    hub_settings() = default;
    /// `prefix` is empty, or a path that begins with '/' and does not end with one.
    hub_settings(hubpush::origin where, std::string prefix) : origin_(std::move(where)), prefix_(std::move(prefix)) {}

    hub_settings& token(secret value, std::string source) {
        token_ = std::move(value);
        token_source_ = std::move(source);
        return *this;
    }
    hub_settings& allow_plain_http(bool value) {
        allow_plain_http_ = value;
        return *this;
    }
    hub_settings& offline(std::string variable) {
        offline_ = std::move(variable);
        return *this;
    }
    hub_settings& user_agent_origin(std::string value) {
        user_agent_origin_ = std::move(value);
        return *this;
    }

    const hubpush::origin& origin() const noexcept { return origin_; }
    const std::string& prefix() const noexcept { return prefix_; }
    const secret& token() const noexcept { return token_; }
    /// Where the token came from: a variable's name, a file's path, "option"; empty without a token.
    const std::string& token_source() const noexcept { return token_source_; }
    bool allow_plain_http() const noexcept { return allow_plain_http_; }
    /// The variable that forbids all requests, or empty.
    const std::string& offline() const noexcept { return offline_; }
    /// What goes at the end of the User-Agent, or empty.
    const std::string& user_agent_origin() const noexcept { return user_agent_origin_; }

    /// `https://host/prefix`, never with a '/' at the end.
    std::string endpoint() const { return origin_.text() + prefix_; }
    /// The URL of a path of this Hub; `target` begins with '/'.
    url at(std::string_view target) const { return url(origin_, prefix_ + std::string(target)); }

    /// A URL that the server named, with the origins of the public Hubs replaced by this endpoint unless it is one of
    /// them (§1.1). Nothing when it does not parse.
    HUBPUSH_DECL std::optional<url> server_url(std::string_view text) const;

    /// May content or pages be fetched from `where`, which the server named? https always, unless it points a public
    /// endpoint's client to its own machine; http only where the endpoint itself is http and then only to the
    /// endpoint's host or a loopback address, or anywhere after `allow_plain_http` (spec/reliability.md SEC05, SEC06).
    HUBPUSH_DECL bool may_contact(const hubpush::origin& where) const;

private:
    hubpush::origin origin_;
    std::string prefix_;
    secret token_;
    std::string token_source_;
    std::string offline_;
    std::string user_agent_origin_;
    bool allow_plain_http_ = false;
};

/// Decides endpoint and token. `endpoint` and `token` are the caller's own and win over the environment; an empty
/// `token` means that none is sent. Throws `invalid_argument` for an unusable option and `errc::bad_environment`,
/// naming the variable or file, for an unusable environment; also for a token that would travel over plain http to
/// another machine without `allow_plain_http`. A token is never part of a message. Blocking; nothing is written.
HUBPUSH_DECL hub_settings resolve_settings(environment& environment, std::optional<std::string> endpoint = std::nullopt,
                                           std::optional<secret> token = std::nullopt, bool allow_plain_http = false);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/endpoint.ipp>
#endif
