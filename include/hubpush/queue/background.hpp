#pragma once

/// \file
/// The blocking front: pushes behind a training loop, in order, without a line of Asio (design.md §3).

#include <hubpush/core/options.hpp>
#include <hubpush/queue/background_options.hpp>
#include <hubpush/queue/fifo_queue.hpp>
#include <hubpush/upload/client.hpp>

#include <concepts>
#include <filesystem>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

struct background_call {
    using takes = detail::background_options<client_call::takes>::all;
};

/// A client with a thread of its own and one queue over all repositories: every call returns a job at once, jobs run
/// one at a time in order of submission, and no call throws for a network reason.
///
/// What a call names is read when its job runs. Bad arguments, a folder that vanished, an exception in a callback: each
/// fails its own job, and the queue goes on.
///
/// A job that fails in a way that may pass waits at the head, with growing pauses and a line in the log, for
/// `give_up_after`. Until the endpoint has answered once, failing to reach it is final after the ordinary retries.
///
/// Every outcome is kept until `drain()` takes it, and handles may be thrown away.
///
/// A `queue_limit` bounds what waits, and `when_full` says what happens there. `full_queue::reject`, the default: the
/// call throws `queue_full`. `full_queue::replace_oldest`: the call never waits, and the oldest waiting job gives way
/// to the newer one: for a loop that must not be held up, and whose newest checkpoints matter most. `full_queue::wait`:
/// the call blocks until it is its turn, which is as long as a push takes and, in an outage, as long as that lasts: for
/// programs that must lose nothing and may pause. It ends with `queue_full` after its `longest_wait`, with
/// `errc::queue_closed` when the destructor begins, and with `errc::wrong_thread` inside a job.
///
/// Every call throws `errc::forked` in a child process: a child makes its own `background`. Thread-safe, except for its
/// construction and destruction; but calls that block may be under way when the destructor begins: they end.
class background {
public:
    /// Options: those of `client`, and `queue_limit`, `when_full`, `after_failure`, `give_up_after`, `close_within`.
    /// What is not given comes from the environment. Throws `bad_environment` or `invalid_argument`; sends nothing.
    template <class... Options>
    explicit background(Options... options)
        : background(detail::collect_options<background_call>(std::move(options)...)) {}
    HUBPUSH_DECL explicit background(background_call::takes options);
    background(const background&) = delete;
    background& operator=(const background&) = delete;

    /// Waits for what is queued, `close_within` at most and not at all after a `drain_until` that left work; cancels
    /// what is left then; reports each failure nobody has read and each job that was not done to the log, once. It also
    /// waits for a name look-up that blocks. Takes no more jobs from the beginning on. Inside a job it would wait for
    /// itself, and so it calls `std::terminate` there. In a child process it does nothing and frees nothing.
    HUBPUSH_DECL ~background();

    /// What happened on the network last; see `client::trace`.
    HUBPUSH_DECL std::vector<trace_event> trace() const;

    /// Pushes the files of a folder in one commit. Options as for `client::upload_folder`.
    template <class... Options>
    job<commit_info> upload_folder(std::string repo_id, std::filesystem::path folder, Options... options) {
        std::string name = "upload_folder " + repo_id;
        auto work = [repo_id = std::move(repo_id), folder = std::move(folder), ... options = std::move(options)](
                        client& hub) { return hub.upload_folder(repo_id, folder, options...); };
        return submit(std::move(work), std::move(name));
    }

    /// Pushes one file in one commit. Options as for `client::upload_file`.
    template <class... Options>
    job<commit_info> upload_file(std::string repo_id, upload_content what, std::string path, Options... options) {
        std::string name = "upload_file " + repo_id + " " + path;
        auto work = [repo_id = std::move(repo_id), what = std::move(what), path = std::move(path),
                     ... options = std::move(options)](client& hub) {
            return hub.upload_file(repo_id, what, path, options...);
        };
        return submit(std::move(work), std::move(name));
    }

    /// One commit of any number of `add` and `remove`. Options as for `client::create_commit`.
    template <class... Arguments>
    job<commit_info> create_commit(std::string repo_id, Arguments... arguments) {
        std::string name = "create_commit " + repo_id;
        auto work = [repo_id = std::move(repo_id), ... arguments = std::move(arguments)](client& hub) {
            return hub.create_commit(repo_id, arguments...);
        };
        return submit(std::move(work), std::move(name));
    }

    /// Creates a repository. Options as for `client::create_repo`.
    template <class... Options>
    job<created_repository> create_repo(std::string repo_id, Options... options) {
        std::string name = "create_repo " + repo_id;
        auto work = [repo_id = std::move(repo_id), ... options = std::move(options)](client& hub) {
            return hub.create_repo(repo_id, options...);
        };
        return submit(std::move(work), std::move(name));
    }

    /// Queues work of one's own: a callable `task<T>(client&)` or `task<T>()`, which may be called again after a
    /// retryable failure, or a `task<T>`, which runs once. It runs on the background thread and must not block.
    template <class Work>
    auto submit(Work&& work, std::string name = "job") {
        if constexpr (std::invocable<std::decay_t<Work>&, client&>) {
            client& target = hub();
            auto bound = [&target, work = std::decay_t<Work>(std::forward<Work>(work))]() mutable {
                return work(target);
            };
            return queue().submit(std::move(bound), std::move(name));
        } else {
            return queue().submit(std::forward<Work>(work), std::move(name));
        }
    }

    /// Whose token this is.
    job<hub_user> whoami() {
        return submit([](client& hub) { return hub.whoami(); }, "whoami");
    }

    /// Cancels every job that has not ended, as `job::cancel` does. Does not wait: `drain()` does. Submitting goes on.
    HUBPUSH_DECL void cancel_all();

    /// Blocks until every job submitted before the call has ended, and takes every outcome since the last drain, in
    /// order, those of jobs that were cancelled or replaced among them. A call that still waits for a place has not
    /// been submitted. After `failed_job::cancel_the_rest` the queue goes on. Throws `errc::wrong_thread` on the
    /// background thread.
    HUBPUSH_DECL drain_result drain();
    /// The same until `deadline`; `remaining` and `left` say what has not ended then. It goes on until the destructor,
    /// which then waits no longer.
    HUBPUSH_DECL drain_result drain_until(steady_time deadline);

private:
    class state;

    HUBPUSH_DECL client& hub() noexcept;
    HUBPUSH_DECL fifo_queue& queue() noexcept;

    std::unique_ptr<state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/background.ipp>
#endif
