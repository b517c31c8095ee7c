#pragma once

/// \file
/// The step that moves the branch: one commit, last, however many files.

#include <hubpush/async/step.hpp>
#include <hubpush/core/options.hpp>
#include <hubpush/hub/commit_api.hpp>
#include <hubpush/hub/on_conflict.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/options.hpp>
#include <hubpush/upload/plan.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// Takes all stored files and makes one commit of them and of the push's removals. A commit whose answer was lost is
/// looked up before anything is sent again (spec/reliability.md §3.4), so that it is made exactly once: its first
/// attempt stands on the head that the Hub named when it was asked about the files, or that it is asked for now.
/// Without anything to commit it gives the branch's head, with `nothing_to_do`.
///
/// With `create_pr` among the pipeline's options the commit goes to a pull request of its own: opened by the
/// discussions route as a draft, and for review once it has the commit; or together with the commit where that route
/// does not exist, or the pull request is not to begin at the default branch's head. A failure after a pull request was
/// opened is never `retryable()`, and its hint names the pull request.
///
/// Cancellation: all types until the request leaves; afterwards the result is the real one, or `outcome_unknown`.
class commit_step : public step_base {
public:
    struct takes_options {
        using takes = option_set<hubpush::description, hubpush::parent_commit, hubpush::on_conflict>;
    };

    /// Throws `invalid_argument` for an empty message and a parent that is no commit id.
    HUBPUSH_DECL commit_step(const hubpush::message& summary, const takes_options::takes& options);

    HUBPUSH_DECL task<commit_info> operator()(context& context, stored_set files) const;

private:
    HUBPUSH_DECL task<commit_result> send(context& context, const std::vector<stored_file>& files,
                                          const std::vector<commit_operation>& operations) const;
    HUBPUSH_DECL task<commit_result> send_to_branch(context& context, const std::vector<stored_file>& files,
                                                    const std::vector<commit_operation>& operations) const;
    HUBPUSH_DECL task<commit_result> send_as_pull_request(context& context, const std::vector<stored_file>& files,
                                                          const std::vector<commit_operation>& operations) const;
    HUBPUSH_DECL commit_options options_for(context& context) const;

    commit_header header_;  // its parent is the caller's
    std::optional<hubpush::on_conflict> on_conflict_;
};

/// The last step of a push. Options: `description`, `parent_commit`, `on_conflict`.
template <class... Options>
commit_step commit(hubpush::message summary, Options... options) {
    return commit_step(summary, detail::collect_options<commit_step::takes_options>(std::move(options)...));
}
template <class... Options>
commit_step commit(std::string summary, Options... options) {
    return commit(hubpush::message(std::move(summary)), std::move(options)...);
}

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/commit.ipp>
#endif
