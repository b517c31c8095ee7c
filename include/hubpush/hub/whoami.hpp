#pragma once

/// \file
/// Whom a token belongs to (spec/hub-http-api.md §1.8).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/session.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// An account of the Hub.
class hub_user {
public:
    hub_user() = default;
    hub_user(std::string name, std::string type, std::vector<std::string> organizations)
        : name_(std::move(name)), type_(std::move(type)), organizations_(std::move(organizations)) {}

    const std::string& name() const noexcept { return name_; }
    const std::string& type() const noexcept { return type_; }  ///< `user`, `org` or `app`
    const std::vector<std::string>& organizations() const noexcept { return organizations_; }

private:
    std::string name_;
    std::string type_;
    std::vector<std::string> organizations_;
};

/// Asks the Hub. Without a token this is `not_authorized` at once. The Hub limits this call more than others.
/// Cancellation: all types.
HUBPUSH_DECL task<hub_user> whoami(hub_session& session);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/whoami.ipp>
#endif
