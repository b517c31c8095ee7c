#pragma once

#include <hubpush/local_hub/git_repository.hpp>

#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_folder.hpp>
#include <hubpush/local_hub/git_formats.hpp>

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

HUBPUSH_DECL task<std::optional<std::string>> git_repository::resolve(std::string wanted) {
    std::string candidates = detail::revision_candidates(wanted);
    if (candidates.empty()) co_return std::nullopt;
    child_command command = git("cat-file");
    command.argument("--batch-check").input(std::move(candidates));
    const std::string output = co_await run(std::move(command), detail::git_text_limit);
    std::vector<std::string> found = detail::commits_found(output);
    if (found.empty()) co_return std::nullopt;
    co_return std::move(found.front());
}

HUBPUSH_DECL task<std::optional<std::string>> git_repository::find_commit(std::string digits) {
    if (!is_commit_prefix(digits)) co_return std::nullopt;
    // Wherever else git takes an abbreviated id, a branch or tag of that name comes first.
    child_command objects = git("rev-parse");
    objects.argument("--disambiguate=" + digits);
    std::string ids = co_await run(std::move(objects), detail::git_text_limit);
    child_command command = git("cat-file");
    command.argument("--batch-check").input(std::move(ids));
    const std::string output = co_await run(std::move(command), detail::git_text_limit);
    std::vector<std::string> found = detail::commits_found(output);
    if (found.size() != 1) co_return std::nullopt;
    co_return std::move(found.front());
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

}  // namespace hubpush::inline v0
