#pragma once

/// \file
/// Who may do what on an embedded Hub: tokens with a name and a role.

#include <hubpush/core/config.hpp>
#include <hubpush/core/secret.hpp>
#include <hubpush/local_hub/ledger.hpp>
#include <hubpush/local_hub/request_head.hpp>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

enum class token_role { read, write };

/// A token of an embedded Hub. `user` is its owner's name and own namespace.
class hub_token {
public:
    hub_token() = default;
    hub_token(std::string user, secret text, token_role role = token_role::write)
        : user_(std::move(user)), text_(std::move(text)), role_(role) {}

    const std::string& user() const noexcept { return user_; }
    const secret& text() const noexcept { return text_; }
    token_role role() const noexcept { return role_; }

private:
    std::string user_;
    secret text_;
    token_role role_ = token_role::read;
};

namespace detail {

/// Who sent a request.
class hub_caller {
public:
    hub_caller() = default;
    explicit hub_caller(token_state state) : state_(state) {}
    hub_caller(std::string user, token_role role) : state_(token_state::known), user_(std::move(user)), role_(role) {}

    token_state state() const noexcept { return state_; }
    bool known() const noexcept { return state_ == token_state::known; }
    bool may_write() const noexcept { return known() && role_ == token_role::write; }
    const std::string& user() const noexcept { return user_; }

private:
    token_state state_ = token_state::none;
    std::string user_;
    token_role role_ = token_role::read;
};

/// The tokens. Thread-safe.
class hub_accounts {
public:
    HUBPUSH_DECL void add(hub_token token);

    /// Who sent a request with this `Authorization`: `Bearer <token>`, or `Basic` with the token as password, which is
    /// how git sends it.
    HUBPUSH_DECL hub_caller identify(const request_head& request) const;

private:
    HUBPUSH_DECL hub_caller find(std::string_view token) const;

    mutable std::mutex mutex_;
    std::vector<hub_token> tokens_;
};

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/accounts.ipp>
#endif
