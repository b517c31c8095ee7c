#pragma once

#include <hubpush/local_hub/git_repository.hpp>

#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_folder.hpp>
#include <hubpush/local_hub/git_formats.hpp>
#include <hubpush/local_hub/git_import.hpp>
#include <hubpush/local_hub/impl/git_repository.ipp>

#include <functional>

namespace hubpush::inline v0 {

namespace detail {

inline void require_full_ref(std::string_view ref) {
    if (!is_full_ref(ref)) throw_error(errc::invalid_argument, "not an allowed ref name: " + std::string(ref));
}

inline void require_commit_arguments(std::string_view ref, std::string_view parent,
                                     const std::vector<git_change>& changes) {
    require_full_ref(ref);
    require_object_id(parent);
    for (const git_change& change : changes) {
        if (!is_git_path(change.path())) throw_error(errc::invalid_argument, "not an allowed path: " + change.path());
    }
}

}  // namespace detail

HUBPUSH_DECL task<std::shared_ptr<git_repository>> git_repository::create(std::shared_ptr<worker_pool> pool,
                                                                          std::filesystem::path path,
                                                                          std::string attributes, git_author author) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const std::filesystem::path unfinished = path.string() + ".new";
    const auto prepare = std::bind_front(detail::prepare_creation, path, unfinished);
    co_await offload(*pool, prepare);

    git_repository staged(executor, unfinished);
    child_command init = staged.git("init");
    init.argument("--quiet")
        .argument("--bare")
        .argument("--initial-branch=main")
        .argument("--object-format=sha1")
        .argument("--template=");
    co_await staged.run(std::move(init), detail::git_text_limit);
    std::vector<git_change> changes;
    changes.push_back(git_change::put(".gitattributes", memory_source(std::move(attributes))));
    std::string commands = detail::import_commit("refs/heads/main", "", changes, "initial commit", author);
    co_await staged.import(std::move(changes), std::move(commands));

    const auto finish = std::bind_front(detail::finish_creation, path, unfinished);
    co_await offload(*pool, finish);
    co_return std::make_shared<git_repository>(executor, std::move(path));
}

HUBPUSH_DECL void git_repository::require_lock(const lock_type& lock) const {
    if (!lock.holds(writing_)) throw_error(errc::internal, "a repository is written to without its lock");
}

HUBPUSH_DECL task<std::string> git_repository::import(std::vector<git_change> contents, std::string commands) {
    child_command command = git("fast-import");
    command.argument("--quiet").argument("--done").argument("--date-format=raw");
    co_return co_await detail::fast_import(std::move(command), std::move(contents), std::move(commands));
}

HUBPUSH_DECL task<void> git_repository::require_head(std::string ref, std::string expected_head) {
    const std::optional<std::string> head = co_await resolve(ref);
    if (!head) throw_error(errc::revision_not_found, "there is no " + ref);
    if (*head != expected_head) throw_error(errc::conflict, ref + " has moved to " + *head);
}

HUBPUSH_DECL task<std::string> git_repository::commit_on(std::string ref, std::string parent,
                                                         std::vector<git_change> changes, std::string text,
                                                         git_author author) {
    std::string commands = detail::import_commit(ref, parent, changes, text, author);
    std::string id = co_await import(std::move(changes), std::move(commands));
    id.pop_back();
    co_return id;
}

HUBPUSH_DECL task<std::string> git_repository::commit(const lock_type& lock, std::string ref, std::string expected_head,
                                                      std::vector<git_change> changes, std::string text,
                                                      git_author author) {
    require_lock(lock);
    detail::require_commit_arguments(ref, expected_head, changes);
    co_await require_head(ref, expected_head);
    co_return co_await commit_on(std::move(ref), std::move(expected_head), std::move(changes), std::move(text),
                                 std::move(author));
}

HUBPUSH_DECL task<std::string> git_repository::commit_to_new_ref(const lock_type& lock, std::string ref,
                                                                 std::string base, std::vector<git_change> changes,
                                                                 std::string text, git_author author) {
    require_lock(lock);
    detail::require_commit_arguments(ref, base, changes);
    const std::optional<std::string> present = co_await resolve(ref);
    if (present) throw_error(errc::conflict, ref + " exists already");
    co_return co_await commit_on(std::move(ref), std::move(base), std::move(changes), std::move(text),
                                 std::move(author));
}

HUBPUSH_DECL task<std::string> git_repository::commit_tree(const lock_type& lock, std::string tree, std::string parent,
                                                           std::string text, git_author author) {
    require_lock(lock);
    detail::require_object_id(tree);
    detail::require_message(text);
    const std::string date = std::to_string(author.date().time_since_epoch().count()) + " +0000";
    child_command command = git("commit-tree");
    for (const std::string role : {"GIT_AUTHOR_", "GIT_COMMITTER_"}) {
        command.set(role + "NAME", detail::author_text(author.name()));
        command.set(role + "EMAIL", detail::author_text(author.mail())).set(role + "DATE", date);
    }
    command.argument(tree + "^{tree}").argument("-F").argument("-").input(std::move(text));
    if (!parent.empty()) {
        detail::require_object_id(parent);
        command.argument("-p").argument(std::move(parent));
    }
    std::string id = co_await run(std::move(command), detail::git_text_limit);
    id.pop_back();
    co_return id;
}

HUBPUSH_DECL task<std::string> git_repository::empty_tree(const lock_type& lock) {
    require_lock(lock);
    child_command command = git("mktree");
    command.input("");
    std::string id = co_await run(std::move(command), detail::git_text_limit);
    id.pop_back();
    co_return id;
}

HUBPUSH_DECL task<void> git_repository::create_ref(const lock_type& lock, std::string ref, std::string commit) {
    const std::string nothing(40, '0');
    co_await move_ref(lock, std::move(ref), nothing, std::move(commit));
}

HUBPUSH_DECL task<void> git_repository::move_ref(const lock_type& lock, std::string ref, std::string from,
                                                 std::string to) {
    require_lock(lock);
    detail::require_full_ref(ref);
    detail::require_object_id(from);
    detail::require_object_id(to);
    child_command command = git("update-ref");
    command.argument(std::move(ref)).argument(std::move(to)).argument(std::move(from));
    co_await run(std::move(command), detail::git_text_limit);
}

HUBPUSH_DECL task<void> git_repository::create_tag(const lock_type& lock, std::string name, std::string commit,
                                                   std::string text, git_author author) {
    require_lock(lock);
    const std::string ref = "refs/tags/" + name;
    detail::require_full_ref(ref);
    detail::require_object_id(commit);
    if (co_await resolve(ref)) throw_error(errc::conflict, ref + " exists already");
    std::vector<git_change> no_contents;
    std::string commands = detail::import_tag(name, commit, text, author);
    co_await import(std::move(no_contents), std::move(commands));
}

HUBPUSH_DECL task<void> git_repository::delete_ref(const lock_type& lock, std::string ref) {
    require_lock(lock);
    detail::require_full_ref(ref);
    const std::optional<std::string> target = co_await resolve(ref);
    if (!target) throw_error(errc::revision_not_found, "there is no " + ref);
    child_command command = git("update-ref");
    command.argument("-d").argument(std::move(ref));
    co_await run(std::move(command), detail::git_text_limit);
}

}  // namespace hubpush::inline v0
