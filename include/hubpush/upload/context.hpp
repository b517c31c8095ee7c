#pragma once

/// \file
/// What the steps of one push share.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/budget.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/core/process.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/fs/file_system.hpp>
#include <hubpush/hub/preupload.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>
#include <hubpush/upload/progress.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// What a client owns and its pushes use: all of it belongs to the client's strand.
class client_state {
public:
    client_state(asio::any_io_executor strand, hubpush::seams seams, memory_budget budget,
                 std::shared_ptr<file_system> files, std::shared_ptr<worker_pool> pool,
                 std::shared_ptr<hub_session> session, std::chrono::milliseconds commit_patience)
        : strand_(std::move(strand)),
          seams_(std::move(seams)),
          budget_(std::move(budget)),
          files_(std::move(files)),
          pool_(std::move(pool)),
          session_(std::move(session)),
          commit_patience_(commit_patience) {}

    const hubpush::seams& seams() const noexcept { return seams_; }
    memory_budget& budget() noexcept { return budget_; }
    const std::shared_ptr<file_system>& files() const noexcept { return files_; }
    const std::shared_ptr<worker_pool>& pool() const noexcept { return pool_; }
    hub_session& session() noexcept { return *session_; }
    std::chrono::milliseconds commit_patience() const noexcept { return commit_patience_; }

    /// The state in the hands of those who use it. In a child process none of them destroys it: the threads of the pool
    /// are not there to be joined, and a lock may be held for ever.
    static std::shared_ptr<client_state> share(client_state state) {
        const auto release = [](client_state* last) {
            if (!last->birthplace_.forked()) delete last;
        };
        return {new client_state(std::move(state)), release};
    }

    /// The same things with another session.
    std::shared_ptr<client_state> with(std::shared_ptr<hub_session> session) const {
        client_state result = *this;
        result.session_ = std::move(session);
        return share(std::move(result));
    }

    /// Throws `forked` in a child process.
    void check_process() const {
        if (birthplace_.forked()) throw_error(errc::forked, "this client belongs to the parent process");
    }
    const asio::any_io_executor& strand() const noexcept { return strand_; }

private:
    detail::birthplace birthplace_;
    asio::any_io_executor strand_;
    hubpush::seams seams_;
    memory_budget budget_;
    std::shared_ptr<file_system> files_;
    std::shared_ptr<worker_pool> pool_;
    std::shared_ptr<hub_session> session_;
    std::chrono::milliseconds commit_patience_;
};

/// A deletion of the commit, at its place among the operations.
class removal {
public:
    removal(std::string path, std::uint64_t position) : path_(std::move(path)), position_(position) {}

    const std::string& path() const noexcept { return path_; }
    bool folder() const noexcept { return path_.ends_with('/'); }
    std::uint64_t position() const noexcept { return position_; }
    /// True for the path itself and for everything in a removed folder.
    bool covers(const std::string& path) const noexcept {
        return path == path_ || path.starts_with(folder() ? path_ : path_ + '/');
    }

private:
    std::string path_;
    std::uint64_t position_;
};

/// What is known about a push before its files are read, and counted while it runs.
class push_tally {
public:
    std::uint64_t files = 0;        ///< found by the source, before any is read
    std::uint64_t small_bytes = 0;  ///< of files that the Hub could want inside the commit
    std::uint64_t ignored = 0;
    std::uint64_t skipped = 0;  ///< entries of a folder that are no files
    std::uint64_t bytes_sent = 0;
};

/// One push: the client's things, the place it goes to, and its counters. A step gets it as its first argument. Belongs
/// to the client's strand; movable until the push starts.
class context {
public:
    HUBPUSH_DECL context(std::shared_ptr<client_state> client, repository target, std::string revision,
                         progress callback);

    client_state& client() const noexcept { return *client_; }
    hub_session& session() const noexcept { return client_->session(); }
    const repository& target() const noexcept { return target_; }
    const std::string& revision() const noexcept { return revision_; }
    const hubpush::seams& seams() const noexcept { return client_->seams(); }
    log_sink& log() const noexcept { return seams().log(); }

    detail::progress_tracker& progress() noexcept { return progress_; }
    push_tally& tally() noexcept { return tally_; }
    std::vector<removal>& removals() noexcept { return removals_; }
    /// A file is left out because the revision has it already. It is one of the push's paths all the same: what others
    /// do to it is a conflict (`on_conflict`).
    void leave_out(std::string path) { unchanged_.push_back(std::move(path)); }
    const std::vector<std::string>& unchanged() const noexcept { return unchanged_; }
    /// The push becomes a new pull request against `revision()`.
    bool creates_pr() const noexcept { return creates_pr_; }
    void create_pr() noexcept { creates_pr_ = true; }
    /// The head of the revision as the Hub named it when it was first asked about files, or else before the commit;
    /// empty until then.
    const std::string& first_head() const noexcept { return first_head_; }
    void note_head(const std::string& head) {
        if (first_head_.empty()) first_head_ = head;
    }
    /// True when this commit deletes `path`, itself or with a folder above it.
    HUBPUSH_DECL bool removes(const std::string& path) const;

    /// What is sent along with the questions about files. A source completes it before its first file goes on.
    preupload_rules& rules() noexcept { return rules_; }
    /// Files of the repository that the delete patterns of this push match. The source has found them all when it ends.
    std::set<std::string>& deletable() noexcept { return deletable_; }
    /// Makes removals, before all operations, of what is deletable and not among the `added` paths.
    HUBPUSH_DECL void delete_rest(const std::unordered_set<std::string>& added);

private:
    std::shared_ptr<client_state> client_;
    repository target_;
    std::string revision_;
    detail::progress_tracker progress_;
    push_tally tally_;
    std::vector<removal> removals_;
    std::vector<std::string> unchanged_;
    bool creates_pr_ = false;
    std::string first_head_;
    preupload_rules rules_;
    std::set<std::string> deletable_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/context.ipp>
#endif
