#pragma once

/// \file
/// The named values that upload calls take. Classes with constructors, so that they are safe inside a `co_await`
/// expression on g++ 12 (design.md §5); each owns what it holds.

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/config.hpp>

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

/// A string with a name; the tag tells one option from another.
template <class Tag>
class text_option {
public:
    text_option() = default;
    explicit text_option(std::string text) : text_(std::move(text)) {}
    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// A list of patterns, written as arguments: never an initializer_list, which stops g++ 12 next to `co_await`.
template <class Tag>
class pattern_option {
public:
    pattern_option() = default;
    template <class... Patterns>
        requires(std::convertible_to<Patterns, std::string> && ...)
    explicit pattern_option(Patterns&&... patterns) {
        patterns_.reserve(sizeof...(Patterns));
        (patterns_.push_back(std::string(std::forward<Patterns>(patterns))), ...);
    }
    explicit pattern_option(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}
    const std::vector<std::string>& patterns() const noexcept { return patterns_; }

private:
    std::vector<std::string> patterns_;
};

struct message_tag;
struct description_tag;
struct revision_tag;
struct path_in_repo_tag;
struct allow_tag;
struct ignore_tag;
struct parent_commit_tag;
struct delete_patterns_tag;
struct gitignore_tag;
struct space_sdk_tag;

}  // namespace detail

/// First line of the commit. Default: what the call does, as in "Upload a.bin with hubpush"; `create_commit` has none.
using message = detail::text_option<detail::message_tag>;
/// The rest of the commit's text. Default: empty.
using description = detail::text_option<detail::description_tag>;
/// The branch to push to, or a ref such as `refs/pr/3`. Default: `main`. It must exist.
using revision = detail::text_option<detail::revision_tag>;
/// The folder in the repository below which a folder's files are put. Default: its root.
using path_in_repo = detail::text_option<detail::path_in_repo_tag>;
/// Only files that match one of these patterns are pushed (spec/hub-http-api.md §4.9); `allow()` keeps nothing.
using allow = detail::pattern_option<detail::allow_tag>;
/// Files that match one of these patterns are left out.
using ignore = detail::pattern_option<detail::ignore_tag>;
/// Files of the repository below `path_in_repo` that match one of these patterns are deleted by the same commit, unless
/// it adds them: those not in the folder any more. The root's `.gitattributes` is never deleted (spec/hub-http-api.md
/// §4.9).
using delete_patterns = detail::pattern_option<detail::delete_patterns_tag>;
/// The text of a `.gitignore` that decides which files are left out of this push, an empty one leaves out none.
/// Default: the root's `.gitignore` that is pushed in the same commit, else the one in the repository
/// (spec/hub-http-api.md §4.3).
using gitignore = detail::text_option<detail::gitignore_tag>;

/// Links to files outside of the folder are skipped and reported instead of followed.
class links_inside_only {};

/// Bytes in memory to be pushed; owns them. Views and spans do not compile, because a call outlives its statement.
class content {
public:
    explicit content(std::string bytes) : source_(memory_source(std::move(bytes))) {}
    explicit content(std::vector<std::byte> bytes) : source_(memory_source(std::move(bytes))) {}
    explicit content(const char* text) : content(std::string(text)) {}
    explicit content(std::string_view) = delete;

    const std::shared_ptr<byte_source>& source() const noexcept { return source_; }

private:
    std::shared_ptr<byte_source> source_;
};

/// What `upload_file` and `add` take: a `std::filesystem::path` or a string is a path, as in Python; bytes are
/// `content(...)`.
class upload_content {
public:
    upload_content(content bytes) : source_(bytes.source()) {}
    upload_content(std::filesystem::path path) : path_(std::move(path)) {}
    upload_content(std::string path) : path_(std::move(path)) {}
    upload_content(const char* path) : path_(path) {}
    upload_content(std::string_view) = delete;

    /// The bytes, or nothing when this is a path.
    const std::shared_ptr<byte_source>& source() const noexcept { return source_; }
    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::shared_ptr<byte_source> source_;
    std::filesystem::path path_;
};

/// An addition of a commit: content and where it goes.
class add {
public:
    add(std::string path, upload_content what) : path_(std::move(path)), what_(std::move(what)) {}
    const std::string& path() const noexcept { return path_; }
    const upload_content& what() const noexcept { return what_; }

private:
    std::string path_;
    upload_content what_;
};

/// A deletion of a commit: a file, or a folder when the path ends with '/' (spec/hub-http-api.md §2.4). Meant to be
/// written qualified, `hubpush::remove(...)`.
class remove {
public:
    explicit remove(std::string path) : path_(std::move(path)) {}
    const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

/// The commit that the push stands on, 5 to 40 hexadecimal digits: the push fails with `branch_moved` when the branch's
/// head is another one, unless `on_conflict` says otherwise. With `create_pr` it is where the pull request begins.
using parent_commit = detail::text_option<detail::parent_commit_tag>;
/// The push becomes a new pull request, for which a token that may read is enough. It is opened only when there is
/// something to commit, after the content is stored. See also `on_conflict` (hub/on_conflict.hpp).
class create_pr {};

/// `create_repo`: an existing repository is a success.
class exist_ok {};
/// `create_repo`: only its owners can see the repository.
class private_repo {};
/// `create_repo` of a space, which needs it: `gradio`, `streamlit`, `docker` or `static`.
using space_sdk = detail::text_option<detail::space_sdk_tag>;

}  // namespace hubpush::inline v0
