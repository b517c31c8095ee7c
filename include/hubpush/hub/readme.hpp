#pragma once

/// \file
/// Whether the Hub understands the metadata at the top of a README.md, asked before anything is uploaded
/// (spec/hub-http-api.md §4.8).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The metadata stands at the beginning: of a longer README.md this much is sent.
inline constexpr std::size_t readme_question_limit = 1024 * 1024;

/// What the Hub says about a README.md.
class readme_verdict {
public:
    readme_verdict() = default;
    readme_verdict(std::vector<std::string> warnings, std::vector<std::string> errors)
        : warnings_(std::move(warnings)), errors_(std::move(errors)) {}

    const std::vector<std::string>& warnings() const noexcept { return warnings_; }
    const std::vector<std::string>& errors() const noexcept { return errors_; }  ///< none: it may be pushed

private:
    std::vector<std::string> warnings_;
    std::vector<std::string> errors_;
};

/// Reads an answer; nothing when it is no judgement: not JSON, without the lists, or a refusal without an error.
HUBPUSH_DECL std::optional<readme_verdict> read_readme_verdict(const http_response& reply);

/// Asks about the README.md of a repository of that type. Warnings go to the log; errors are thrown as `bad_request`,
/// all of them in its text. A server that gives no judgement, because it has no such route, and a text that is not
/// UTF-8 are a warning in the log and no error: the check is a courtesy, and a push must not depend on it. Throws what
/// `http_client::send` throws. Cancellation: all types.
HUBPUSH_DECL task<void> check_readme(hub_session& session, std::string text, repo_type type);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/readme.ipp>
#endif
