#pragma once

#include <hubpush/hub/commit_api.hpp>

#include <hubpush/async/timeout.hpp>
#include <hubpush/hash/text.hpp>
#include <hubpush/hub/commit_body.hpp>
#include <hubpush/hub/commits.hpp>
#include <hubpush/hub/discussions.hpp>
#include <hubpush/hub/exactly_once.hpp>
#include <hubpush/hub/path_changes.hpp>
#include <hubpush/hub/refs.hpp>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::chrono::minutes commit_answer_within{5};  // commits are slow by nature

// Where a commit is looked for that has opened a pull request: at the top of the newest ones.
inline constexpr std::size_t pull_request_refs_to_look_at = 20;
inline constexpr std::size_t commits_of_pull_request_to_look_at = 20;

/// The header that is sent: the description gets the marker as its last line.
inline commit_header marked_header(commit_header header, const std::string& upload_id, const std::string& parent) {
    header.marker(commit_marker(upload_id));
    if (!parent.empty()) header.parent(parent);
    return header;
}

/// Refusals that mean something special for commits.
[[noreturn]] inline void rethrow_commit_refusal(const error& refused, const std::string& what, bool removes) {
    error_details details = refused.details();
    if (refused.status() == 400 && refused.server_message().find("LFS pointer") != std::string::npos) {
        throw lfs_object_missing(what + ": a large file is not in storage",
                                 details.hint("push again, and if that does not help, ask who runs the server"));
    }
    if (refused.kind() == errc::entry_not_found && removes) {
        details.hint("check the paths to remove; a folder is removed by its path with '/' at the end");
    }
    throw_error(refused.kind(), what, std::move(details));
}

inline commit_wording wording_of(const commit_options& options) {
    return options.creates_pr() ? commit_wording("the commit and its pull request may or may not have been made",
                                                 "the newest pull requests' commits")
                                : commit_wording();
}

/// One commit on its way.
class commit_sender final : public exactly_once {
public:
    commit_sender(hub_session& session, repository where, std::string at_revision, commit_header header,
                  std::vector<commit_operation> operations, const commit_options& options)
        : exactly_once(session, "cannot commit to " + where.id(),
                       commit_resolver(options.upload_id(), header.parent(), session.policy(), options.patience(),
                                       options.when_moved(), wording_of(options))),
          where_(std::move(where)),
          at_revision_(std::move(at_revision)),
          header_(std::move(header)),
          operations_(std::make_shared<const std::vector<commit_operation>>(std::move(operations))),
          options_(options) {}

    task<commit_result> make() {
        std::string oid;
        std::optional<error> refused;
        try {
            oid = co_await run();
        } catch (const conflict& failure) {
            if (failure.status() != 412 || resolver().refused_parent().empty()) throw;
            refused = failure;
        }
        if (refused) co_await tell_where_branch_is(*refused);
        co_return commit_result(oid, url_.empty() ? page_of(oid) : url_, pull_request_);
    }

private:
    std::shared_ptr<byte_source> make_body(const std::string& parent) override {
        return std::make_shared<commit_body>(marked_header(header_, options_.upload_id(), parent), operations_);
    }

    task<std::string> post(std::shared_ptr<byte_source> body) override {
        const std::string target = where_.api_path() + "/commit/" + escape_segment(at_revision_) +
                                   (options_.creates_pr() ? "?create_pr=1" : "");
        http_request request = session().request("POST", target, request_class::non_idempotent);
        request.header("Content-Type", "application/x-ndjson").body(std::move(body));
        request.first_byte_within(commit_answer_within).on_progress(options_.on_progress());
        const url where = request.target();
        const http_response reply = co_await session().exchange(std::move(request), what());
        try {
            session().throw_if_failed(reply, where, what());
        } catch (const error& refused) {
            rethrow_commit_refusal(refused, what(), removes_something());
        }
        co_return read_answer(hub_session::json_of(reply, what()));
    }

    std::string read_answer(const json_value& answer) {
        const std::string oid = answer.string("commitOid");
        if (!is_hex(oid, 40)) throw_error(errc::protocol_error, "the server's \"commitOid\" is not a commit id");
        if (options_.creates_pr()) {
            const std::optional<std::uint64_t> number = discussion_number(answer.string("pullRequestUrl"));
            if (!number) throw_error(errc::protocol_error, "the server's \"pullRequestUrl\" has no number");
            pull_request_ = *number;
        }
        const auto page = session().settings().server_url(answer.optional_string("commitUrl").value_or(""));
        if (page) url_ = page->text();
        return oid;
    }

    task<std::vector<commit_entry>> look() override {
        if (options_.creates_pr()) return look_at_pull_requests();
        return recent_commits(session(), where_, at_revision_, commits_to_look_through);
    }

    /// The commits of the pull request that ours has opened. Without one the answer is empty, so that nothing is sent
    /// again: a second attempt would open a second pull request.
    task<std::vector<commit_entry>> look_at_pull_requests() {
        const std::vector<pull_request_ref> refs = co_await pull_request_refs(session(), where_);
        for (std::size_t i = 0; i < std::min(refs.size(), pull_request_refs_to_look_at); ++i) {
            const pull_request_ref& ref = refs[i];
            if (looked_at_[ref.number()] == ref.target()) continue;
            std::vector<commit_entry> commits = co_await recent_commits(
                session(), where_, pull_request_revision(ref.number()), commits_of_pull_request_to_look_at);
            looked_at_[ref.number()] = ref.target();
            if (find_marked_commit(commits, commit_marker(options_.upload_id())).empty()) continue;
            pull_request_ = ref.number();
            co_return commits;
        }
        co_return std::vector<commit_entry>();
    }

    task<std::exception_ptr> compare(std::string base, std::string head) override {
        std::string changed = co_await first_changed_path(session(), where_, base, head, operations_);
        if (changed.empty() && options_.left_out()) {
            changed = co_await first_changed_file(session(), where_, base, head, options_.left_out());
        }
        if (changed.empty()) co_return nullptr;
        const branch_moved failure(what() + ": another commit has changed '" + changed + "'", base, head,
                                   error_details().file(changed));
        co_return std::make_exception_ptr(failure);
    }

    /// The conflict that `refused` is, with both heads. The branch is read once; its own trouble does not matter here.
    task<void> tell_where_branch_is(error refused) {
        std::string head;
        try {
            head = co_await in_time(session().seams().clock(), last_words_within,
                                    head_commit(session(), where_, at_revision_));
        } catch (const error&) {
        }
        throw branch_moved(what(), resolver().refused_parent(), std::move(head), refused.details());
    }

    bool removes_something() const {
        return std::any_of(operations_->begin(), operations_->end(),
                           [](const auto& each) { return !each.is_addition(); });
    }
    std::string page_of(const std::string& oid) const {
        return session().settings().at(where_.page_path() + "/commit/" + oid).text();
    }

    repository where_;
    std::string at_revision_;
    commit_header header_;
    std::shared_ptr<const std::vector<commit_operation>> operations_;
    commit_options options_;
    std::unordered_map<std::uint64_t, std::string> looked_at_;  // pull requests and their heads
    std::string url_;
    std::uint64_t pull_request_ = 0;
};

}  // namespace detail

HUBPUSH_DECL task<commit_result> send_commit(hub_session& session, repository where, std::string at_revision,
                                             commit_header header, std::vector<commit_operation> operations,
                                             commit_options options) {
    check_revision(at_revision);
    if (operations.empty()) throw_error(errc::invalid_argument, "a commit needs at least one operation");
    if (options.upload_id().empty()) options.upload_id(random_id(session.seams().random()));
    detail::commit_sender sender(session, std::move(where), std::move(at_revision), std::move(header),
                                 std::move(operations), options);
    co_return co_await sender.make();
}

}  // namespace hubpush::inline v0
