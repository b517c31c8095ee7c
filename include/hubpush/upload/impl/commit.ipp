#pragma once

#include <hubpush/upload/commit.hpp>

#include <hubpush/async/timeout.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/hub/commit_api.hpp>
#include <hubpush/hub/commits.hpp>
#include <hubpush/hub/discussions.hpp>
#include <hubpush/hub/exactly_once.hpp>
#include <hubpush/hub/refs.hpp>
#include <hubpush/upload/large_files.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

inline commit_operation operation_of(const stored_file& file) {
    const planned_file& plan = file.plan();
    if (plan.mode() == upload_mode::lfs) return commit_operation::add_lfs(plan.what().path(), plan.hash(), plan.size());
    return commit_operation::add_regular(plan.what().path(), plan.what().source(), plan.hash());
}

inline commit_operation operation_of(const removal& gone) {
    return gone.folder() ? commit_operation::remove_folder(gone.path()) : commit_operation::remove_file(gone.path());
}

/// Additions and removals in the order in which the caller gave them. Both inputs are sorted by position.
inline std::vector<commit_operation> operations_of(const std::vector<stored_file>& files,
                                                   const std::vector<removal>& removals) {
    std::vector<commit_operation> operations;
    operations.reserve(files.size() + removals.size());
    auto next_removal = removals.begin();
    for (const stored_file& file : files) {
        while (next_removal != removals.end() && next_removal->position() < file.plan().what().position()) {
            operations.push_back(operation_of(*next_removal++));
        }
        operations.push_back(operation_of(file));
    }
    while (next_removal != removals.end()) operations.push_back(operation_of(*next_removal++));
    return operations;
}

inline commit_info info_of(context& context, std::string oid, std::string url, bool nothing_to_do) {
    commit_info info(std::move(oid), std::move(url), nothing_to_do);
    info.files_unchanged = context.unchanged().size();
    info.files_ignored = context.tally().ignored;
    info.files_skipped = context.tally().skipped;
    info.bytes_sent = context.tally().bytes_sent;
    return info;
}

inline void tell_pull_request(context& context, const commit_result& made, commit_info& info) {
    if (made.pull_request() == 0) return;
    info.pr_num = made.pull_request();
    info.pr_revision = pull_request_revision(info.pr_num);
    const std::string page = context.target().page_path() + "/discussions/" + std::to_string(info.pr_num);
    info.pr_url = context.session().settings().at(page).text();
}

inline task<commit_info> nothing_to_do(context& context) {
    std::string head = co_await head_commit(context.session(), context.target(), context.revision());
    std::string url = context.session().settings().endpoint() + context.target().page_path() + "/commit/" + head;
    co_return info_of(context, std::move(head), std::move(url), true);
}

/// The Hub says that a large file is not in its store: it was collected since it was sent, or the answer that it was
/// there already was wrong. Asks again and sends what is missing (spec/reliability.md §3.4 step 8).
inline task<void> store_again(context& context, const std::vector<stored_file>& files) {
    large_file_store store(context, co_await asio::this_coro::executor, 1);
    std::exception_ptr failure;
    try {
        for (const stored_file& file : files) {
            if (file.plan().mode() == upload_mode::lfs) co_await store.add(file.plan());
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_await store.finish(failure);
}

/// Sends a commit, and once more if the Hub has lost a large file in the meantime. Both are one commit: an attempt of
/// the first may still be at work.
inline task<commit_result> send_stored(context& context, const std::vector<stored_file>& files, std::string revision,
                                       commit_header header, const std::vector<commit_operation>& operations,
                                       commit_options options) {
    options.upload_id(random_id(context.seams().random()));
    try {
        co_return co_await send_commit(context.session(), context.target(), revision, header, operations, options);
    } catch (const lfs_object_missing&) {  // handled below, where awaiting is possible
    }
    co_await store_again(context, files);
    co_return co_await send_commit(context.session(), context.target(), revision, header, operations, options);
}

/// Commits to the branch of a pull request that was just opened. The branch is new, but others can see it.
inline task<commit_result> try_pull_request(context& context, std::uint64_t number,
                                            const std::vector<stored_file>& files, commit_header header,
                                            const std::vector<commit_operation>& operations, commit_options options) {
    const std::string revision = pull_request_revision(number);
    header.parent(co_await head_commit(context.session(), context.target(), revision));
    co_return co_await send_stored(context, files, revision, std::move(header), operations, std::move(options));
}

/// How long to wait for what may pass; nothing when it does not pass, or not in time. A wait that the server asks for
/// is kept or refused, never shortened (spec/reliability.md §3.4).
inline std::optional<std::chrono::milliseconds> pause_after(const error& failure, const backoff& pauses,
                                                            std::chrono::nanoseconds time_left) {
    const bool may_pass = failure.retryable() || retryable_failure(failure.kind());
    if (!may_pass || failure.kind() == errc::integrity) return std::nullopt;
    const std::chrono::milliseconds asked = failure.retry_after().value_or(std::chrono::milliseconds(0));
    const std::chrono::milliseconds pause = std::max(asked, pauses.cap());
    if (asked > retry_policy::requested_wait_limit || pause > time_left) return std::nullopt;
    return pause;
}

/// The same until it works or fails for good: giving up would leave an empty pull request behind, and whoever pushed
/// again would open a second one.
inline task<commit_result> send_to_pull_request(context& context, std::uint64_t number,
                                                const std::vector<stored_file>& files, commit_header header,
                                                const std::vector<commit_operation>& operations,
                                                commit_options options) {
    clock& time = context.client().seams().clock();
    const steady_time give_up = time.now() + options.patience();
    for (;;) {
        std::optional<std::chrono::milliseconds> pause;
        try {
            co_return co_await try_pull_request(context, number, files, header, operations, options);
        } catch (const error& failure) {
            pause = pause_after(failure, context.session().policy().backoff(), give_up - time.now());
            if (!pause) throw;
        }
        co_await sleep_for(time, *pause);
    }
}

/// A pull request that was opened by the discussions route is a draft; one that a commit has opened is not. A failure
/// here does not undo the commit, and neither does a cancellation.
inline task<void> open_for_review(context& context, std::uint64_t number) {
    constexpr std::chrono::seconds limit{60};
    std::exception_ptr failure;
    try {
        co_await in_time(context.client().seams().clock(), limit,
                         set_discussion_status(context.session(), context.target(), number, discussion_status::open));
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    context.log().write(log_level::warning, "the pull request " + std::to_string(number) + " of " +
                                                context.target().id() + " stays a draft: " + describe(failure));
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
}

inline void tell_about_empty_pull_request(context& context, std::uint64_t number) {
    const std::string revision = pull_request_revision(number);
    context.log().write(log_level::warning, "the pull request " + std::to_string(number) + " of " +
                                                context.target().id() + " was opened, and its commit failed: push " +
                                                "again with revision(\"" + revision + "\"), or close it");
}

inline void name_pull_request(error& failure, std::uint64_t number) {
    error_details details = failure.details();
    details.retryable(false).hint(failure.hint() + "; the pull request " + std::to_string(number) +
                                  " is open: push to it with revision(\"" + pull_request_revision(number) +
                                  "\"), or close it");
    failure.amend(std::move(details));
}

/// Whatever happens once a pull request is open is final: the same push would open another one.
[[noreturn]] inline void rethrow_with_pull_request(context& context, std::uint64_t number,
                                                   const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (error& failure) {
        try {
            tell_about_empty_pull_request(context, number);
            name_pull_request(failure, number);
        } catch (const std::bad_alloc&) {  // hides what may be repeated, but not what is unknown
            if (failure.kind() != errc::outcome_unknown) throw;
        }
        throw;
    } catch (...) {
        tell_about_empty_pull_request(context, number);
        throw;
    }
}

/// Files were left out because the branch's head has them already: the pull request has to begin there.
inline void require_compared_with(context& context, const std::string& parent) {
    const std::string& head = context.first_head();
    if (context.unchanged().empty() || parent.empty() || head.empty() || head.starts_with(parent)) return;
    throw branch_moved("cannot open a pull request at " + context.target().id(), parent, head);
}

}  // namespace detail

HUBPUSH_DECL commit_step::commit_step(const hubpush::message& summary, const takes_options::takes& options)
    : header_(summary.text(), options.get_or_default<hubpush::description>().text()),
      on_conflict_(options.get<hubpush::on_conflict>()) {
    if (options.get<parent_commit>()) header_.parent(options.get<parent_commit>()->text());
}

HUBPUSH_DECL task<commit_info> commit_step::operator()(context& context, stored_set set) const {
    std::sort(set.files.begin(), set.files.end(), [](const stored_file& left, const stored_file& right) {
        const file& first = left.plan().what();
        const file& second = right.plan().what();
        return std::pair(first.position(), std::string_view(first.path())) <
               std::pair(second.position(), std::string_view(second.path()));
    });
    const std::vector<commit_operation> operations = detail::operations_of(set.files, context.removals());
    commit_info info;
    if (operations.empty()) {
        info = co_await detail::nothing_to_do(context);
    } else {
        context.progress().committing();
        const commit_result made = co_await send(context, set.files, operations);
        info = detail::info_of(context, made.oid(), made.url(), false);
        info.files_committed = set.files.size();
        detail::tell_pull_request(context, made, info);
    }
    co_await context.progress().finish();
    co_return info;
}

/// A push that has only removals has asked nothing so far. What it sends first must be harmless: an endpoint that never
/// answers shows within a minute then, and nobody has to find out what it has done (design.md §3). The answer guards
/// the commit, too.
HUBPUSH_DECL task<commit_result> commit_step::send(context& context, const std::vector<stored_file>& files,
                                                   const std::vector<commit_operation>& operations) const {
    if (context.first_head().empty()) {
        context.note_head(co_await head_commit(context.session(), context.target(), context.revision()));
    }
    if (context.creates_pr()) co_return co_await send_as_pull_request(context, files, operations);
    co_return co_await send_to_branch(context, files, operations);
}

HUBPUSH_DECL commit_options commit_step::options_for(context& context) const {
    commit_options options;
    options.patience(context.client().commit_patience());
    // A parent that the caller gave is not replaced unless the caller says so; one that we chose is.
    if (on_conflict_ || header_.parent().empty()) options.when_moved(on_conflict_);
    if (on_conflict_ == on_conflict::rebase_if_disjoint) options.left_out(context.unchanged());
    return options;
}

HUBPUSH_DECL task<commit_result> commit_step::send_to_branch(context& context, const std::vector<stored_file>& files,
                                                             const std::vector<commit_operation>& operations) const {
    commit_header header = header_;
    if (header.parent().empty()) header.parent(context.first_head());
    co_return co_await detail::send_stored(context, files, context.revision(), std::move(header), operations,
                                           options_for(context));
}

HUBPUSH_DECL task<commit_result> commit_step::send_as_pull_request(
    context& context, const std::vector<stored_file>& files, const std::vector<commit_operation>& operations) const {
    detail::require_compared_with(context, header_.parent());
    commit_options options = options_for(context);
    std::optional<std::uint64_t> number;
    // The discussions route knows one place to begin: the head of the default branch.
    if (header_.parent().empty() && context.revision() == "main") {
        number = co_await open_pull_request(context.session(), context.target(), header_.summary(), header_.details(),
                                            options.patience());
    }
    if (!number) {
        options.create_pr(true);
        co_return co_await detail::send_stored(context, files, context.revision(), header_, operations,
                                               std::move(options));
    }
    std::exception_ptr failure;
    commit_result made;
    try {
        made = co_await detail::send_to_pull_request(context, *number, files, header_, operations, std::move(options));
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) detail::rethrow_with_pull_request(context, *number, failure);
    co_await detail::open_for_review(context, *number);
    co_return commit_result(made.oid(), made.url(), *number);
}

}  // namespace hubpush::inline v0
