#pragma once

/// \file
/// What the names of a repository point to (spec/hub-http-api.md §3.6).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// `refs/pr/7`: the revision of a pull request.
HUBPUSH_DECL std::string pull_request_revision(std::uint64_t number);

/// The number in `refs/pr/7`; nothing for any other text.
HUBPUSH_DECL std::optional<std::uint64_t> pull_request_number(std::string_view revision);

/// A pull request's ref and the commit it points to.
class pull_request_ref {
public:
    pull_request_ref() = default;
    pull_request_ref(std::uint64_t number, std::string target) : number_(number), target_(std::move(target)) {}

    std::uint64_t number() const noexcept { return number_; }
    const std::string& target() const noexcept { return target_; }

private:
    std::uint64_t number_ = 0;
    std::string target_;
};

/// The refs of all pull requests of a repository, the newest first. Cancellation: all types.
HUBPUSH_DECL task<std::vector<pull_request_ref>> pull_request_refs(hub_session& session, repository where);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/refs.ipp>
#endif
