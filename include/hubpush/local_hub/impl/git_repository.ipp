#pragma once

#include <hubpush/local_hub/git_repository.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/byte_source.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_folder.hpp>
#include <hubpush/local_hub/git_formats.hpp>
#include <hubpush/local_hub/git_import.hpp>

#include <algorithm>
#include <functional>
#include <span>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t git_text_limit = std::size_t{256} << 20;
inline constexpr std::size_t blobs_limit = std::size_t{1} << 30;
inline constexpr std::size_t listing_chunk = 64 * 1024;

inline void require_object_id(std::string_view id) {
    if (!is_object_id(id)) throw_error(errc::invalid_argument, "not a git object id: " + std::string(id));
}

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

/// Where a revision is looked up, in this order, as `cat-file --batch-check` reads it (spec/hub-http-api.md §14.1).
/// Checked names only: no revision syntax of a client's gets through.
inline std::string revision_candidates(std::string_view wanted) {
    const std::string name(wanted);
    if (is_full_ref(wanted)) return name + "^{commit}\n";
    if (!is_ref_name(wanted)) return {};
    std::string candidates = "refs/heads/" + name + "^{commit}\nrefs/tags/" + name + "^{commit}\n";
    const bool hex = name.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (hex && name.size() >= 7 && name.size() <= 40) candidates += name + "^{commit}\n";
    return candidates;
}

}  // namespace detail

HUBPUSH_DECL git_repository::git_repository(asio::any_io_executor executor, std::filesystem::path path)
    : path_(std::move(path)), writing_(std::move(executor)) {}

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

HUBPUSH_DECL task<std::shared_ptr<git_repository>> git_repository::open(std::shared_ptr<worker_pool> pool,
                                                                        std::filesystem::path path) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const auto prepare = std::bind_front(detail::prepare_opening, path);
    co_await offload(*pool, prepare);
    co_return std::make_shared<git_repository>(executor, std::move(path));
}

HUBPUSH_DECL child_command git_repository::git(std::string subcommand) {
    ++processes_started_;
    child_command command("git");
    // Nothing of the user's or the machine's configuration; paths are never patterns; messages are in English.
    command.set("GIT_CONFIG_NOSYSTEM", "1").set("GIT_CONFIG_GLOBAL", "/dev/null").set("GIT_ATTR_NOSYSTEM", "1");
    command.set("GIT_LITERAL_PATHSPECS", "1").set("GIT_TERMINAL_PROMPT", "0").set("LC_ALL", "C");
    command.argument("-c").argument("safe.directory=*").argument("--git-dir=" + path_.string());
    command.argument(std::move(subcommand));
    return command;
}

HUBPUSH_DECL task<std::string> git_repository::run(child_command command, std::size_t output_limit) {
    child_result result = co_await run_child(std::move(command), output_limit);
    if (result.exit_code() != 0) detail::throw_git_failure(result.errors());
    co_return result.output();
}

HUBPUSH_DECL void git_repository::require_lock(const lock_type& lock) const {
    if (!lock.holds(writing_)) throw_error(errc::internal, "a repository is written to without its lock");
}

HUBPUSH_DECL task<std::optional<std::string>> git_repository::resolve(std::string wanted) {
    std::string candidates = detail::revision_candidates(wanted);
    if (candidates.empty()) co_return std::nullopt;
    child_command command = git("cat-file");
    command.argument("--batch-check").input(std::move(candidates));
    const std::string output = co_await run(std::move(command), detail::git_text_limit);
    co_return detail::first_object_found(output);
}

HUBPUSH_DECL task<std::vector<git_tree_entry>> git_repository::read_tree(std::string commit) {
    detail::require_object_id(commit);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    child_command command = git("ls-tree");
    command.argument("-r")
        .argument("-t")
        .argument("-l")
        .argument("-z")
        .argument("--full-tree")
        .argument(std::move(commit));
    child_process child(executor, command);
    child.close_input();
    detail::tree_listing_parser listing;
    std::string buffer(detail::listing_chunk, '\0');
    while (const std::size_t count = co_await child.read_some(std::as_writable_bytes(std::span(buffer)))) {
        listing.feed(std::string_view(buffer).substr(0, count));
    }
    if (co_await child.wait() != 0) detail::throw_git_failure(child.error_output());
    co_return listing.finish();
}

HUBPUSH_DECL task<std::vector<std::string>> git_repository::read_blobs(std::vector<std::string> ids,
                                                                       std::size_t limit) {
    std::string list;
    for (const std::string& id : ids) {
        detail::require_object_id(id);
        list += id + '\n';
    }
    child_command command = git("cat-file");
    command.argument("--batch").input(std::move(list));
    const std::size_t room_for_headers = 80 * ids.size();
    const std::string output =
        co_await run(std::move(command), std::min(limit, detail::blobs_limit) + room_for_headers);
    co_return detail::parse_blobs(output, ids.size());
}

HUBPUSH_DECL task<std::string> git_repository::read_blob(std::string id, std::size_t limit) {
    std::vector<std::string> ids(1, std::move(id));
    std::vector<std::string> blobs = co_await read_blobs(std::move(ids), limit);
    co_return std::move(blobs.at(0));
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

HUBPUSH_DECL task<git_merge> git_repository::merge(std::string ours, std::string theirs) {
    detail::require_object_id(ours);
    detail::require_object_id(theirs);
    child_command parse = git("rev-parse");
    parse.argument(ours + "^{tree}");
    std::string our_tree = co_await run(std::move(parse), detail::git_text_limit);
    our_tree.pop_back();
    child_command command = git("merge-tree");
    command.argument("--write-tree").argument("--name-only").argument("--no-messages").argument("-z");
    command.argument("--allow-unrelated-histories").argument(std::move(ours)).argument(std::move(theirs));
    const child_result result = co_await run_child(std::move(command), detail::git_text_limit);
    if (result.exit_code() > 1) detail::throw_git_failure(result.errors());
    co_return detail::parse_merge(result.output(), our_tree);
}

HUBPUSH_DECL task<std::string> git_repository::diff(std::string from, std::string to, std::size_t limit) {
    detail::require_object_id(from);
    detail::require_object_id(to);
    child_command command = git("diff");
    command.argument("--no-color").argument("--no-ext-diff").argument(std::move(from)).argument(std::move(to));
    co_return co_await run(std::move(command), limit);
}

HUBPUSH_DECL task<git_log_page> git_repository::log(std::string commit, std::size_t limit, std::size_t skip,
                                                    std::string base) {
    detail::require_object_id(commit);
    if (!base.empty()) detail::require_object_id(base);
    const std::string range = base.empty() ? commit : base + ".." + commit;
    child_command count = git("rev-list");
    count.argument("--count").argument(range);
    std::string total = co_await run(std::move(count), detail::git_text_limit);
    child_command list = git("log");
    list.argument("-z")
        .argument("--format=" + std::string(detail::log_format))
        .argument("--max-count=" + std::to_string(limit));
    list.argument("--skip=" + std::to_string(skip)).argument(range);
    const std::string output = co_await run(std::move(list), detail::git_text_limit);
    total.pop_back();
    co_return git_log_page(detail::parse_log(output), detail::parse_git_number(total));
}

HUBPUSH_DECL task<std::optional<git_log_entry>> git_repository::last_change(std::string commit, std::string path) {
    detail::require_object_id(commit);
    child_command list = git("log");
    list.argument("-z").argument("--format=" + std::string(detail::log_format)).argument("--max-count=1");
    list.argument(std::move(commit)).argument("--");
    if (!path.empty()) list.argument(std::move(path));
    const std::string output = co_await run(std::move(list), detail::git_text_limit);
    std::vector<git_log_entry> found = detail::parse_log(output);
    if (found.empty()) co_return std::nullopt;
    co_return std::move(found.front());
}

HUBPUSH_DECL task<std::vector<git_ref>> git_repository::refs() {
    child_command command = git("for-each-ref");
    command.argument("--format=" + std::string(detail::refs_format));
    const std::string output = co_await run(std::move(command), detail::git_text_limit);
    co_return detail::parse_refs(output);
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
