#pragma once

/// \file
/// What happens when somebody else has committed to the branch since the commit that a push is based on
/// (spec/hub-http-api.md §4.5, spec/reliability.md §3.4).

#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// An option of pushes: `upload_folder("acme/x", "out", on_conflict::rebase_if_disjoint)`. The base of a push is its
/// `parent_commit`, else the head that the Hub named when it was first asked about the files, else the head before the
/// commit is sent. Without this option a push goes on top of whatever the head is, unless it has a `parent_commit`,
/// which means `fail`.
enum class on_conflict {
    fail,               ///< any commit since the base: the push fails with `branch_moved`
    rebase_if_disjoint  ///< the push goes on top of the new head if none of its paths has changed since the base, those
                        ///< included that were left out as unchanged, at most eight times; else it fails with
                        ///< `branch_moved`, and `file()` is the first such path
};

/// The branch is not where the push needs it to be: its head is another commit. Copying never throws.
class branch_moved : public error_of<errc::conflict> {
public:
    /// `actual_head` may be empty when it could not be read.
    branch_moved(const std::string& what_happened, std::string expected_head, std::string actual_head,
                 error_details details = error_details())
        : error_of(text_of(what_happened, expected_head, actual_head), std::move(details)),
          heads_(std::make_shared<const heads>(std::move(expected_head), std::move(actual_head))) {}

    /// The commit on which the push was to stand, as the caller or the Hub gave it.
    const std::string& expected_head() const noexcept { return heads_->first; }
    /// The commit that the branch had when it was looked at; empty when it could not be read.
    const std::string& actual_head() const noexcept { return heads_->second; }

private:
    using heads = std::pair<std::string, std::string>;

    static std::string text_of(const std::string& what_happened, const std::string& expected_head,
                               const std::string& actual_head) {
        const std::string found = actual_head.empty() ? "another commit" : actual_head;
        return what_happened + ": the head is " + found + " and not " + expected_head;
    }

    std::shared_ptr<const heads> heads_;
};

}  // namespace hubpush::inline v0
