#pragma once

#include <hubpush/upload/commit.hpp>

#include <hubpush/hub/commit_api.hpp>
#include <hubpush/hub/commits.hpp>
#include <hubpush/upload/large_files.hpp>

#include <algorithm>
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
    info.files_unchanged = context.tally().unchanged;
    info.files_ignored = context.tally().ignored;
    info.files_skipped = context.tally().skipped;
    info.bytes_sent = context.tally().bytes_sent;
    return info;
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

}  // namespace detail

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
    }
    co_await context.progress().finish();
    co_return info;
}

HUBPUSH_DECL task<commit_result> commit_step::send(context& context, const std::vector<stored_file>& files,
                                                   const std::vector<commit_operation>& operations) const {
    try {
        co_return co_await send_once(context, operations);
    } catch (const lfs_object_missing&) {  // handled below, where awaiting is possible
    }
    co_await detail::store_again(context, files);
    co_return co_await send_once(context, operations);
}

HUBPUSH_DECL task<commit_result> commit_step::send_once(context& context,
                                                        const std::vector<commit_operation>& operations) const {
    return send_commit(context.session(), context.target(), context.revision(),
                       commit_header(message_.text(), description_.text()), operations,
                       context.client().commit_patience());
}

HUBPUSH_DECL commit_step commit(hubpush::message summary, hubpush::description text) {
    static_cast<void>(commit_header(summary.text(), text.text()));  // throws what is wrong with them
    return commit_step(std::move(summary), std::move(text));
}

}  // namespace hubpush::inline v0
