#pragma once

#include <hubpush/hub/commit_api.hpp>

#include <hubpush/async/group.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/async/timing.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/commit_body.hpp>
#include <hubpush/hub/commit_resolver.hpp>
#include <hubpush/hub/commits.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::chrono::minutes commit_answer_within{5};  // commits are slow by nature
inline constexpr std::chrono::seconds last_probe_within{10};

inline bool is_cancelled_failure(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const cancelled&) {
        return true;
    } catch (...) {
        return false;
    }
}

inline bool may_have_reached_server(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const error& ours) {
        return ours.reached_server();
    } catch (...) {
        return true;
    }
}

/// The header that is sent: the description gets the marker as its last line.
inline commit_header marked_header(const commit_header& header, const std::string& upload_id,
                                   const std::string& parent) {
    const std::string gap = header.details().empty() ? "" : "\n\n";
    commit_header result(header.summary(), header.details() + gap + commit_marker(upload_id));
    if (!parent.empty()) result.parent(parent);
    return result;
}

/// Refusals that mean something special for commits.
[[noreturn]] inline void rethrow_commit_refusal(const error& refused, const std::string& what, bool removes) {
    error_details details = refused.details();
    if (refused.status() == 400 && refused.server_message().find("LFS pointer") != std::string::npos) {
        throw lfs_object_missing(what + ": a large file is not in storage", details.retryable(true).hint("push again"));
    }
    if (refused.kind() == errc::entry_not_found && removes) {
        details.hint("check the paths to remove; a folder is removed by its path with '/' at the end");
    }
    throw_error(refused.kind(), what, std::move(details));
}

/// Performs the steps that the resolver asks for.
class commit_sender {
public:
    commit_sender(hub_session& session, repository where, std::string at_revision, commit_header header,
                  std::vector<commit_operation> operations, std::chrono::milliseconds patience,
                  std::function<void(std::uint64_t)> on_progress)
        : session_(session),
          where_(std::move(where)),
          at_revision_(std::move(at_revision)),
          what_("cannot commit to " + where_.id()),
          upload_id_(random_id(session.seams().random())),
          header_(std::move(header)),
          operations_(std::make_shared<const std::vector<commit_operation>>(std::move(operations))),
          on_progress_(std::move(on_progress)),
          resolver_(upload_id_, header_.parent(), session.policy(), patience) {}

    task<commit_result> run() {
        while (resolver_.next().what() != commit_decision::action::finish) co_await perform(resolver_.next());
        if (stopping_) co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        if (resolver_.failure()) std::rethrow_exception(resolver_.failure());
        co_return commit_result(resolver_.oid(), url_.empty() ? page_of(resolver_.oid()) : url_);
    }

private:
    task<void> perform(commit_decision step) {
        switch (step.what()) {
            case commit_decision::action::send:
                co_return co_await attempt(step.parent());
            case commit_decision::action::probe:
                co_return co_await probe();
            default:
                co_return co_await pause(step.delay());
        }
    }

    task<void> attempt(std::string parent) {
        const auto body = std::make_shared<commit_body>(marked_header(header_, upload_id_, parent), operations_);
        std::exception_ptr failure;
        try {
            resolver_.applied(co_await post(body));
        } catch (...) {
            failure = std::current_exception();
        }
        if (!failure) co_return;
        const bool complete = body->read_to_the_end();
        if (is_cancelled_failure(failure)) {
            co_await stop(complete && may_have_reached_server(failure));
        } else {
            resolver_.failed(failure, complete, now(), random());
        }
    }

    /// Sends the commit and gives its id.
    task<std::string> post(std::shared_ptr<commit_body> body) {
        const std::string target = where_.api_path() + "/commit/" + escape_segment(at_revision_);
        http_request request = session_.request("POST", target, request_class::non_idempotent);
        request.header("Content-Type", "application/x-ndjson").body(std::move(body));
        request.first_byte_within(commit_answer_within).on_progress(on_progress_);
        const url where = request.target();
        const http_response reply = co_await session_.exchange(std::move(request), what_);
        try {
            session_.throw_if_failed(reply, where, what_);
        } catch (const error& refused) {
            rethrow_commit_refusal(refused, what_, removes_something());
        }
        const json_value answer = hub_session::json_of(reply, what_);
        const std::string oid = answer.string("commitOid");
        if (!is_hex(oid, 40)) throw_error(errc::protocol_error, "the server's \"commitOid\" is not a commit id");
        const auto page = session_.settings().server_url(answer.optional_string("commitUrl").value_or(""));
        if (page) url_ = page->text();
        co_return oid;
    }

    task<void> probe() {
        std::exception_ptr failure;
        try {
            co_await look();
        } catch (...) {
            failure = std::current_exception();
        }
        if (!failure) {
            resolver_.probed(seen_, now(), random());
        } else if (!stopping_ && is_cancelled_failure(failure)) {
            co_await stop(false);
        } else {
            if (!std::exchange(search_told_, true)) {
                session_.seams().log().write(log_level::warning,
                                             what_ + ": its answer was lost, and the Hub cannot be asked " +
                                                 "what became of it; still trying: " + describe(failure));
            }
            resolver_.probe_failed(failure, now(), random());
        }
    }

    /// Lists the recent commits; not for long once the caller does not want to wait any more.
    task<void> look() {
        if (!stopping_) co_return co_await list();
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        task_group group(executor);
        deadline limit(session_.seams().clock(), executor, [&group] { group.cancel(); });
        limit.expires_after(last_probe_within);
        group.spawn(list());
        co_await group.join();
    }

    task<void> list() { seen_ = co_await recent_commits(session_, where_, at_revision_, commits_to_look_through); }

    task<void> pause(std::chrono::milliseconds delay) {
        bool was_cancelled = false;
        try {
            co_await sleep_for(session_.seams().clock(), delay);
        } catch (const cancelled&) {
            was_cancelled = true;
        }
        if (was_cancelled) co_return co_await stop(false);
        resolver_.waited();
    }

    /// The caller has cancelled. What is still to be done must not be cancelled a second time.
    task<void> stop(bool in_flight) {
        stopping_ = true;
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        resolver_.cancelled(in_flight);
    }

    bool removes_something() const {
        return std::any_of(operations_->begin(), operations_->end(),
                           [](const auto& each) { return !each.is_addition(); });
    }
    std::string page_of(const std::string& oid) const {
        return session_.settings().at(where_.page_path() + "/commit/" + oid).text();
    }
    steady_time now() const { return session_.seams().clock().now(); }
    /// For jitter only: when there are no random numbers there is none. No failure of theirs may hide what became of
    /// the commit.
    std::uint64_t random() const noexcept {
        try {
            return session_.seams().random().next();
        } catch (...) {
            return 0;
        }
    }

    hub_session& session_;
    repository where_;
    std::string at_revision_;
    std::string what_;
    std::string upload_id_;
    commit_header header_;
    std::shared_ptr<const std::vector<commit_operation>> operations_;
    std::function<void(std::uint64_t)> on_progress_;
    commit_resolver resolver_;
    std::vector<commit_entry> seen_;
    std::string url_;
    bool stopping_ = false;
    bool search_told_ = false;  // the log knows that the commit is being looked for
};

}  // namespace detail

HUBPUSH_DECL task<commit_result> send_commit(hub_session& session, repository where, std::string at_revision,
                                             commit_header header, std::vector<commit_operation> operations,
                                             std::chrono::milliseconds patience,
                                             std::function<void(std::uint64_t)> on_progress) {
    check_revision(at_revision);
    if (operations.empty()) throw_error(errc::invalid_argument, "a commit needs at least one operation");
    detail::commit_sender sender(session, std::move(where), std::move(at_revision), std::move(header),
                                 std::move(operations), patience, std::move(on_progress));
    co_return co_await sender.run();
}

}  // namespace hubpush::inline v0
