#pragma once

/// \file
/// Discussions and pull requests: as much of them as pushing needs (spec/hub-http-api.md §3.8).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// A discussion or pull request as a listing shows it.
class discussion {
public:
    discussion() = default;
    discussion(std::uint64_t number, std::string title, std::string status, bool pull_request)
        : number_(number), title_(std::move(title)), status_(std::move(status)), pull_request_(pull_request) {}

    std::uint64_t number() const noexcept { return number_; }
    const std::string& title() const noexcept { return title_; }
    const std::string& status() const noexcept { return status_; }  ///< `draft`, `open`, `closed` or `merged`
    bool is_pull_request() const noexcept { return pull_request_; }

private:
    std::uint64_t number_ = 0;
    std::string title_;
    std::string status_;
    bool pull_request_ = false;
};

/// The newest pull requests, closed and merged ones too: one page of the listing. Cancellation: all types.
HUBPUSH_DECL task<std::vector<discussion>> newest_pull_requests(hub_session& session, repository where);

/// The text that a discussion was opened with. Cancellation: all types.
HUBPUSH_DECL task<std::string> opening_text(hub_session& session, repository where, std::uint64_t number);

/// What a pull request can be set to.
enum class discussion_status { open, closed };

/// Opens or closes a discussion. Cancellation: all types.
HUBPUSH_DECL task<void> set_discussion_status(hub_session& session, repository where, std::uint64_t number,
                                              discussion_status status);

/// Opens a pull request against the default branch, exactly once whatever gets lost on the way, and gives its number.
/// It is a draft, and its branch `refs/pr/N` begins at the head of the default branch. The text ends with a line by
/// which it is recognised. `title` is brought to the 3 to 200 characters that the Hub wants.
///
/// Gives nothing when the server has no discussions. Throws `outcome_unknown` when it cannot be told whether it was
/// opened, after looking for it for `patience`; nothing is ever opened twice. Cancellation: all types; `cancelled` says
/// when a pull request was opened and is left behind.
HUBPUSH_DECL task<std::optional<std::uint64_t>> open_pull_request(hub_session& session, repository where,
                                                                  std::string title, std::string text,
                                                                  std::chrono::milliseconds patience);

/// The number at the end of a pull request's address, `…/discussions/7`; nothing for any other text.
HUBPUSH_DECL std::optional<std::uint64_t> discussion_number(std::string_view address);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/discussions.ipp>
#endif
