#pragma once

/// \file
/// Asking the Hub how it wants files: inside the commit or in large-file storage, and which it has already
/// (spec/hub-http-api.md §4.3).

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/hub/repo_id.hpp>
#include <hubpush/hub/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The most files of one question, and the most bytes of a file that the Hub looks at.
inline constexpr std::size_t preupload_batch = 256;
inline constexpr std::size_t preupload_sample = 512;

/// The Hub refuses a commit that holds a larger regular file (§4.5).
inline constexpr std::uint64_t largest_regular_file = 10 * 1024 * 1024;

/// How the Hub wants a file's content.
enum class upload_mode { regular, lfs };

/// A file as the Hub is asked about it.
class preupload_question {
public:
    preupload_question() = default;
    /// `path` as `normalize_path_in_repo` gives it. `sample`: the first `preupload_sample` bytes, or all of a shorter
    /// file.
    HUBPUSH_DECL preupload_question(std::string path, std::uint64_t size, std::span<const std::byte> sample);

    const std::string& path() const noexcept { return path_; }
    std::uint64_t size() const noexcept { return size_; }
    const std::string& sample() const noexcept { return sample_; }  ///< base64

private:
    std::string path_;
    std::uint64_t size_ = 0;
    std::string sample_;
};

/// The git files that decide about the files of a question instead of those in the repository (§4.3). An empty text is
/// one that says nothing; an absent one leaves the decision to what is in the repository.
class preupload_rules {
public:
    static constexpr std::size_t longest = 256 * 1024;  ///< bytes of either text: each travels with every question

    /// The text of a root `.gitignore`. Throws `invalid_argument` unless it is UTF-8, `limit_exceeded` when it is too
    /// long.
    HUBPUSH_DECL preupload_rules& gitignore(std::string text);
    /// The text of a root `.gitattributes`; throws the same.
    HUBPUSH_DECL preupload_rules& gitattributes(std::string text);

    const std::optional<std::string>& gitignore() const noexcept { return gitignore_; }
    const std::optional<std::string>& gitattributes() const noexcept { return gitattributes_; }

private:
    std::optional<std::string> gitignore_;
    std::optional<std::string> gitattributes_;
};

/// What the Hub says about one file.
class preupload_answer {
public:
    preupload_answer() = default;
    preupload_answer(upload_mode mode, bool ignored, std::string remote_hash)
        : mode_(mode), ignored_(ignored), remote_hash_(std::move(remote_hash)) {}

    upload_mode mode() const noexcept { return mode_; }
    /// The `.gitignore` excludes the file: it is neither uploaded nor committed.
    bool ignored() const noexcept { return ignored_; }
    /// The hash of what is at that path now: the git blob id for `regular`, the SHA-256 for `lfs`, in hexadecimal;
    /// empty when nothing is there or the hash is of another kind.
    const std::string& remote_hash() const noexcept { return remote_hash_; }

private:
    upload_mode mode_ = upload_mode::regular;
    bool ignored_ = false;
    std::string remote_hash_;
};

/// What the Hub says about the files of one question.
class preupload_reply {
public:
    preupload_reply() = default;
    preupload_reply(std::vector<preupload_answer> answers, std::string head)
        : answers_(std::move(answers)), head_(std::move(head)) {}

    /// One per question, in the order of the questions.
    std::vector<preupload_answer>& answers() noexcept { return answers_; }
    const std::vector<preupload_answer>& answers() const noexcept { return answers_; }
    /// The commit that the answers are about: the revision's head, 40 hexadecimal digits. Empty when it was not named.
    const std::string& head() const noexcept { return head_; }

private:
    std::vector<preupload_answer> answers_;
    std::string head_;
};

/// The body of the request: sans I/O.
HUBPUSH_DECL std::string preupload_body(const std::vector<preupload_question>& questions,
                                        const preupload_rules& rules = preupload_rules());

/// Reads the answer, matching by path; gives one answer per question in the order of the questions. An empty file is
/// always `regular`, because object storage refuses empty objects, and one too large for a commit always `lfs`. Throws
/// `protocol_error` when a file is missing, twice or unasked, or its mode is unknown.
HUBPUSH_DECL std::vector<preupload_answer> read_preupload(const json_value& answer,
                                                          const std::vector<preupload_question>& questions);

/// Asks about at most `preupload_batch` files with distinct paths. `create_pr`: they are for a new pull request against
/// the revision, for which reading it is right enough. Cancellation: all types.
HUBPUSH_DECL task<preupload_reply> preupload(hub_session& session, repository where, std::string at_revision,
                                             std::vector<preupload_question> questions,
                                             preupload_rules rules = preupload_rules(), bool create_pr = false);

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/preupload.ipp>
#endif
