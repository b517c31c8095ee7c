#pragma once

/// \file
/// The step that moves the branch: one commit, last, however many files.

#include <hubpush/async/step.hpp>
#include <hubpush/hub/commit_api.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/options.hpp>
#include <hubpush/upload/plan.hpp>

#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// Takes all stored files and makes one commit of them and of the push's removals. A commit whose answer was lost is
/// looked up before anything is sent again (spec/reliability.md §3.4), so that it is made exactly once. Without
/// anything to commit it gives the branch's head, with `nothing_to_do`. Cancellation: all types until the request
/// leaves; afterwards the result is the real one, or `outcome_unknown`.
class commit_step : public step_base {
public:
    commit_step(hubpush::message summary, hubpush::description text)
        : message_(std::move(summary)), description_(std::move(text)) {}

    HUBPUSH_DECL task<commit_info> operator()(context& context, stored_set files) const;

private:
    HUBPUSH_DECL task<commit_result> send(context& context, const std::vector<stored_file>& files,
                                          const std::vector<commit_operation>& operations) const;
    HUBPUSH_DECL task<commit_result> send_once(context& context, const std::vector<commit_operation>& operations) const;

    hubpush::message message_;
    hubpush::description description_;
};

/// The last step of a push. Throws `invalid_argument` for an empty message.
HUBPUSH_DECL commit_step commit(hubpush::message summary, hubpush::description text = hubpush::description());
inline commit_step commit(std::string summary) { return commit(hubpush::message(std::move(summary))); }

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/commit.ipp>
#endif
