#pragma once

/// \file
/// Discussions and pull requests of one repository (spec/hub-http-api.md §3.8, §14.6). Pull requests are git refs,
/// `refs/pr/{number}`; what git does not know about them is kept here.

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush::inline v0::detail {

/// `2026-08-01T10:00:00.000Z`, and back; what is no such date is the epoch.
HUBPUSH_DECL std::string iso_date(std::chrono::sys_seconds when);
HUBPUSH_DECL std::chrono::sys_seconds parse_iso_date(std::string_view text) noexcept;

/// One thing that happened. Commits are not among them: git knows those.
class discussion_event {
public:
    enum class kind { comment, status_change, title_change };

    discussion_event() = default;
    discussion_event(kind type, std::string user, std::chrono::sys_seconds when, std::string words)
        : what(type), author(std::move(user)), date(when), text(std::move(words)) {}

    kind what = kind::comment;
    std::string id;  ///< given by `kept_discussion::add`
    std::string author;
    std::chrono::sys_seconds date{};
    std::string text;    ///< what was said; the new status; the new title
    std::string before;  ///< the old title
    bool edited = false;
    bool hidden = false;
};

/// A discussion, or a pull request.
class kept_discussion {
public:
    kept_discussion() = default;
    kept_discussion(std::uint64_t n, std::string name, std::string user, std::chrono::sys_seconds when)
        : number(n), title(std::move(name)), author(std::move(user)), date(when) {}

    bool is_pull_request() const noexcept { return !target.empty(); }
    /// Neither closed nor merged.
    bool is_open() const noexcept { return status == "open" || status == "draft"; }
    /// `refs/pr/{number}`
    std::string ref() const { return "refs/pr/" + std::to_string(number); }

    /// Gives the event its id and keeps it.
    HUBPUSH_DECL discussion_event& add(discussion_event event);
    /// Null when there is no such comment.
    HUBPUSH_DECL discussion_event* comment(std::string_view id);

    std::uint64_t number = 0;
    std::string title;
    std::string author;
    std::chrono::sys_seconds date{};
    std::string status = "open";  ///< `open`, `closed`, `merged` or `draft`
    std::string target;           ///< full ref that a pull request wants to change; empty for a discussion
    std::string base;             ///< commit that a pull request began at
    std::string merge_commit;
    std::vector<discussion_event> events;
};

/// As the API shows them, which is also how they are written down (without the commits of a pull request).
HUBPUSH_DECL nlohmann::json discussion_json(const kept_discussion& thing);
HUBPUSH_DECL nlohmann::json event_json(const discussion_event& event);
/// Throws `server_error` for a text that `discussion_json` did not write.
HUBPUSH_DECL kept_discussion parse_discussion(std::string_view text);

/// The discussions of one repository, each in a file of its own, `discussions/{number}.json` in the repository's
/// folder, which is replaced as a whole. Belongs to the server's strand; changes happen under the repository's lock.
class discussion_book {
public:
    using map = std::map<std::uint64_t, kept_discussion>;

    explicit discussion_book(const std::filesystem::path& repository) : folder_(repository / "discussions") {}

    const map& all() const noexcept { return all_; }
    /// Null when there is none.
    HUBPUSH_DECL const kept_discussion* find(std::uint64_t number) const;
    std::uint64_t next_number() const noexcept { return all_.empty() ? 1 : all_.rbegin()->first + 1; }

    /// Reads what is on disk.
    HUBPUSH_DECL task<void> load(worker_pool& pool);
    /// Adds or replaces: first on disk, then here.
    HUBPUSH_DECL task<void> store(worker_pool& pool, kept_discussion thing);
    HUBPUSH_DECL task<void> remove(worker_pool& pool, std::uint64_t number);

    /// Adds a pull request and makes its ref, which `make_ref` does. The file comes first and the ref decides, so that
    /// a server that dies in between leaves no half of a pull request (spec/hub-http-api.md §14.3, step 5): the file is
    /// removed when there is no ref, here or when the repository is opened again.
    template <class T>
    task<T> open(worker_pool& pool, kept_discussion thing, task<T> make_ref) {
        const std::uint64_t number = thing.number;
        co_await store(pool, std::move(thing));
        std::exception_ptr failure;
        try {
            co_return co_await std::move(make_ref);
        } catch (...) {
            failure = std::current_exception();
        }
        // Whether a cancelled git has made the ref is not known before the next opening.
        if (kind_of(failure) != errc::cancelled) co_await remove(pool, number);
        std::rethrow_exception(failure);
    }

private:
    HUBPUSH_DECL std::filesystem::path file_of(std::uint64_t number) const;

    std::filesystem::path folder_;
    map all_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/discussions.ipp>
#endif
