#pragma once

/// \file
/// `client`: a Hub, a token, and the named calls, each a pipeline of the steps beside this header.

#include <hubpush/core/options.hpp>
#include <hubpush/hub/repos.hpp>
#include <hubpush/hub/whoami.hpp>
#include <hubpush/upload/async_calls.hpp>
#include <hubpush/upload/calls.hpp>
#include <hubpush/upload/classify.hpp>
#include <hubpush/upload/client_options.hpp>
#include <hubpush/upload/commit.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/scan.hpp>
#include <hubpush/upload/transfer.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// A handle on one Hub for one token; copies share connections, memory budget and threads.
///
/// Executor: calls are coroutines to be awaited from any executor; the work runs on one strand of the client's own
/// executor and completes on the caller's. Thread-safety: calls may be made from any thread. Cancellation of every
/// call: all types; until the commit request leaves, the call ends with `cancelled` and the branch has not moved
/// (content may be stored); afterwards with the real outcome or `outcome_unknown`. Emit where the call is awaited.
/// Lifetime: arguments are owned by the call; the executor's context must outlive the client. In a child process every
/// call throws `forked`, and a client may end there: it leaves everything to the parent (spec/reliability.md P05).
/// Errors: design.md §4; `invalid_argument` before the first request. Every call exists with any completion token too:
/// `async_calls`.
class client : public async_calls<client> {
public:
    /// Options: `endpoint`, `token`, `memory_budget`, `retry_policy`, `commit_patience`, `allow_plain_http`, `log_to`
    /// and, for simulations, `use_seams`, `use_connector`, `use_file_system`, `worker_threads`. Of the network:
    /// `proxy`, `connection_limits`, `trace_events`, `allow_private_addresses`. What is not given comes from the
    /// environment, as in the Hub's own tools (spec/hub-http-api.md §1). Throws `bad_environment` or
    /// `invalid_argument`; sends nothing.
    template <class... Options>
    explicit client(asio::any_io_executor executor, Options... options)
        : client(std::move(executor), detail::collect_options<client_call>(std::move(options)...)) {}
    HUBPUSH_DECL client(asio::any_io_executor executor, client_call::takes options);

    /// A copy of this handle that sends by another policy; connections, token and everything else are shared.
    HUBPUSH_DECL client with(retry_policy policy) const;

    /// Where the work runs, and where handlers without an executor of their own are called. Throws `forked` in a child
    /// process.
    HUBPUSH_DECL asio::any_io_executor get_executor() const;
    /// True once the endpoint has answered any request of this client. Thread-safe.
    HUBPUSH_DECL bool has_answered() const noexcept;
    /// The endpoint without a '/' at its end.
    HUBPUSH_DECL std::string endpoint() const;
    /// What happened on the network last, oldest first: connections, requests, replies, and why something was tried
    /// again; `to_string` makes a line of each. No secrets. Thread-safe.
    HUBPUSH_DECL std::vector<trace_event> trace() const;

    /// Whose token this is. Throws `not_authorized` without one.
    HUBPUSH_DECL task<hub_user> whoami() const;

    /// Creates a repository. Options: `exist_ok`, `private_repo`, a `repo_type` (default: a model), `space_sdk` (needed
    /// for a space). Throws `conflict` when it exists, without `exist_ok`.
    template <class... Options>
    task<created_repository> create_repo(std::string repo_id, Options... options) const {
        return create(std::move(repo_id), detail::collect_options<create_repo_call>(std::move(options)...));
    }

    /// Pushes one file in one commit. Options: `message`, `description`, `revision`, `progress`, a `repo_type`,
    /// `gitignore`, `parent_commit`, `create_pr`, `on_conflict`.
    template <class... Options>
    task<commit_info> upload_file(std::string repo_id, upload_content what, std::string path,
                                  Options... options) const {
        return push_file(std::move(repo_id), add(std::move(path), std::move(what)),
                         detail::collect_options<upload_file_call>(std::move(options)...));
    }

    /// Pushes the files of a folder in one commit, read when the call runs. Options: `message`, `description`,
    /// `revision`, `path_in_repo`, `allow`, `ignore`, `progress`, a `repo_type`, `gitignore`, `delete_patterns`,
    /// `links_inside_only`, `parent_commit`, `create_pr`, `on_conflict`.
    template <class... Options>
    task<commit_info> upload_folder(std::string repo_id, std::filesystem::path folder, Options... options) const {
        return push_folder(std::move(repo_id), std::move(folder),
                           detail::collect_options<upload_folder_call>(std::move(options)...));
    }

    /// One commit of any number of `add` and `remove`, in the order given. Options: `message` (required),
    /// `description`, `revision`, `progress`, a `repo_type`, `gitignore`, `parent_commit`, `create_pr`, `on_conflict`.
    template <class... Arguments>
    task<commit_info> create_commit(std::string repo_id, Arguments... arguments) const {
        operation_list operations;
        create_commit_call::takes options =
            detail::collect_operations<create_commit_call>(operations, std::move(arguments)...);
        return push_operations(std::move(repo_id), std::move(operations), std::move(options));
    }

    /// A place for a pipeline to run in: `pipeline(client, repo_id, options...)` calls this and `run`.
    template <class... Options>
    context make_context(std::string repo_id, Options... options) const {
        return open(std::move(repo_id), detail::collect_options<pipeline_call>(std::move(options)...));
    }

    /// Runs `work` on the client's strand and completes on the awaiting coroutine's executor.
    template <class Result>
    task<Result> run(task<Result> work) const {
        return detail::run_on(get_executor(), std::move(work));
    }

private:
    HUBPUSH_DECL context open(std::string repo_id, pipeline_call::takes options) const;
    HUBPUSH_DECL task<created_repository> create(std::string repo_id, create_repo_call::takes options) const;
    HUBPUSH_DECL task<commit_info> push_file(std::string repo_id, add addition, upload_file_call::takes options) const;
    HUBPUSH_DECL task<commit_info> push_folder(std::string repo_id, std::filesystem::path folder,
                                               upload_folder_call::takes options) const;
    HUBPUSH_DECL task<commit_info> push_operations(std::string repo_id, operation_list operations,
                                                   create_commit_call::takes options) const;

    std::shared_ptr<client_state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/client.ipp>
#endif
