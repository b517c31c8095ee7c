#pragma once

#include <hubpush/core/ascii.hpp>
#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/git_folder.hpp>
#include <hubpush/local_hub/patterns.hpp>
#include <hubpush/local_hub/reply.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/whole_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hubpush::inline v0::detail {

inline constexpr const char* repository_facts_name = "hubpush.json";

HUBPUSH_DECL task<std::shared_ptr<const repository_tree>> hub_repository::tree(std::string commit) {
    for (const auto& [kept, nodes] : trees_) {
        if (kept == commit) co_return nodes;
    }
    repository_tree nodes = co_await repository_tree::read(*git_, commit);
    const auto shared = std::make_shared<const repository_tree>(std::move(nodes));
    trees_.emplace_front(std::move(commit), shared);
    if (trees_.size() > kept_trees) trees_.pop_back();
    co_return shared;
}

HUBPUSH_DECL repository_shelf::repository_shelf(asio::any_io_executor executor, std::shared_ptr<worker_pool> pool,
                                                std::filesystem::path folder)
    : pool_(std::move(pool)), folder_(std::move(folder)), changing_(std::move(executor)) {}

/// The bare repositories below `folder`, in two levels. A place with anything else in it is not ours to complain about.
inline std::vector<std::filesystem::path> repositories_below(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> found;
    std::error_code missing;
    for (const auto& owner : std::filesystem::directory_iterator(folder, missing)) {
        if (!owner.is_directory()) continue;
        for (const auto& each : std::filesystem::directory_iterator(owner.path())) {
            const std::string id = owner.path().filename().string() + "/" + each.path().stem().string();
            if (each.path().extension() == ".git" && is_repository_id(id)) found.push_back(each.path());
        }
    }
    return found;
}

HUBPUSH_DECL task<void> repository_shelf::load(log_sink& log) {
    const auto wait = [this] { return wait_for_orphans(folder_); };
    co_await offload(*pool_, wait);
    for (const repository_kind kind : all_repository_kinds) {
        const std::filesystem::path folder = folder_ / kind_plural(kind);
        const auto list = [&folder] { return repositories_below(folder); };
        const std::vector<std::filesystem::path> paths = co_await offload(*pool_, list);
        for (const std::filesystem::path& path : paths) {
            try {
                co_await load_one(kind, path);
            } catch (const hubpush::repository_not_found&) {
                log.write(log_level::warning, "local hub: " + path.string() + " is no git repository and is left out");
            }
        }
    }
}

HUBPUSH_DECL repository_facts read_facts(const std::filesystem::path& repository) {
    repository_facts facts;
    const nlohmann::json read =
        nlohmann::json::parse(read_whole_file(repository / repository_facts_name), nullptr, false);
    if (!read.is_object()) return facts;
    facts.is_private = !read.contains("private") || read["private"] != false;
    if (read.contains("gated") && read["gated"].is_string()) facts.gated = read["gated"];
    if (!read.contains("formerIds") || !read["formerIds"].is_array()) return facts;
    for (const nlohmann::json& id : read["formerIds"]) {
        if (id.is_string()) facts.former_ids.push_back(id);
    }
    return facts;
}

HUBPUSH_DECL void write_facts(const std::filesystem::path& repository, const repository_facts& facts) {
    const nlohmann::json text{{"private", facts.is_private}, {"gated", facts.gated}, {"formerIds", facts.former_ids}};
    replace_whole_file(repository / repository_facts_name, text.dump() + "\n");
}

/// A pull request without a ref was never opened (`discussion_book::open`).
inline task<void> drop_unopened(hub_repository& repository, worker_pool& pool) {
    if (repository.discussions.all().empty()) co_return;
    const std::vector<git_ref> refs = co_await repository.git().refs();
    const auto exists = [&refs](const std::string& name) {
        return std::any_of(refs.begin(), refs.end(), [&name](const git_ref& each) { return each.name() == name; });
    };
    std::vector<std::uint64_t> unopened;
    for (const auto& [number, thing] : repository.discussions.all()) {
        if (thing.is_pull_request() && !exists(thing.ref())) unopened.push_back(number);
    }
    for (const std::uint64_t number : unopened) co_await repository.discussions.remove(pool, number);
}

HUBPUSH_DECL task<void> repository_shelf::load_one(repository_kind kind, std::filesystem::path path) {
    std::shared_ptr<git_repository> git = co_await git_repository::open(pool_, path);
    const auto read = [&path] {
        lfs_store(path).remove_unfinished();
        return read_facts(path);
    };
    repository_facts facts = co_await offload(*pool_, read);
    const std::string id = path.parent_path().filename().string() + "/" + path.stem().string();
    const auto repository = std::make_shared<hub_repository>(kind, id, std::move(facts), std::move(git));
    co_await repository->discussions.load(*pool_);
    co_await drop_unopened(*repository, *pool_);
    add(repository);
}

HUBPUSH_DECL void repository_shelf::add(std::shared_ptr<hub_repository> repository) {
    const repository_kind kind = repository->kind();
    for (const std::string& former : repository->facts().former_ids) {
        moved_[key(kind, lowered(former))] = repository->id();
    }
    repositories_[key(kind, lowered(repository->id()))] = std::move(repository);
}

/// Without this, what waited while a repository was deleted would bring it back as an empty folder.
HUBPUSH_DECL void repository_shelf::require_present(const hub_repository& repository) const {
    if (find(repository.kind(), repository.id()).get() != &repository)
        throw refusal(404, "RepoNotFound", "Repository not found");
}

/// False when it was not there any more.
HUBPUSH_DECL bool repository_shelf::take_off(const hub_repository& repository) {
    const auto found = repositories_.find(key(repository.kind(), lowered(repository.id())));
    if (found == repositories_.end() || found->second.get() != &repository) return false;
    repositories_.erase(found);
    std::erase_if(moved_, [&repository](const auto& each) {
        return each.first.first == repository.kind() && each.second == repository.id();
    });
    return true;
}

HUBPUSH_DECL std::filesystem::path repository_shelf::place_of(repository_kind kind, const std::string& id) const {
    return folder_ / kind_plural(kind) / (id + ".git");
}

HUBPUSH_DECL std::shared_ptr<hub_repository> repository_shelf::find(repository_kind kind, std::string_view id) const {
    const auto found = repositories_.find(key(kind, lowered(id)));
    return found == repositories_.end() ? nullptr : found->second;
}

HUBPUSH_DECL std::optional<std::string> repository_shelf::moved_to(repository_kind kind, std::string_view id) const {
    const auto found = moved_.find(key(kind, lowered(id)));
    if (found == moved_.end()) return std::nullopt;
    return found->second;
}

HUBPUSH_DECL task<std::shared_ptr<hub_repository>> repository_shelf::create(repository_kind kind, std::string id,
                                                                            repository_facts facts, git_author author) {
    const async_mutex::guard alone = co_await changing_.lock();
    if (find(kind, id)) throw_error(errc::conflict, "the repository exists");
    const std::filesystem::path path = place_of(kind, id);
    std::string attributes = lfs_attributes::initial_text(kind == repository_kind::dataset);
    std::shared_ptr<git_repository> git =
        co_await git_repository::create(pool_, path, std::move(attributes), std::move(author));
    const auto write = [&path, &facts] { return write_facts(path, facts), true; };
    co_await offload(*pool_, write);
    auto repository = std::make_shared<hub_repository>(kind, std::move(id), std::move(facts), std::move(git));
    add(repository);
    co_return repository;
}

/// Files of a bare repository never change in place, nor do large files: both repositories can share them.
inline bool copy_repository(const std::filesystem::path& from, const std::filesystem::path& to,
                            const repository_facts& facts) {
    using std::filesystem::copy_options;
    const std::filesystem::path unfinished = to.string() + ".new";
    prepare_creation(to, unfinished);
    std::filesystem::create_directory(unfinished);
    for (const auto& each : std::filesystem::directory_iterator(from)) {
        const std::string name = each.path().filename().string();
        if (name == "discussions") continue;
        const bool shared = name == "objects" || name == "lfs";
        std::filesystem::copy(
            each.path(), unfinished / name,
            copy_options::recursive | (shared ? copy_options::create_hard_links : copy_options::none));
    }
    std::filesystem::remove_all(unfinished / "refs" / "pr");
    write_facts(unfinished, facts);
    std::filesystem::rename(unfinished, to);
    return true;
}

HUBPUSH_DECL task<std::shared_ptr<hub_repository>> repository_shelf::duplicate(std::shared_ptr<hub_repository> original,
                                                                               std::string id, repository_facts facts) {
    const async_mutex::guard alone = co_await changing_.lock();
    const git_repository::lock_type no_writer = co_await original->git().lock();
    require_present(*original);
    if (find(original->kind(), id)) throw_error(errc::conflict, "the repository exists");
    const std::filesystem::path& from = original->git().path();
    const std::filesystem::path to = place_of(original->kind(), id);
    const auto copy = [&] { return copy_repository(from, to, facts); };
    co_await offload(*pool_, copy);
    std::shared_ptr<git_repository> git = co_await git_repository::open(pool_, to);
    auto copied = std::make_shared<hub_repository>(original->kind(), std::move(id), std::move(facts), std::move(git));
    add(copied);
    co_return copied;
}

HUBPUSH_DECL task<void> repository_shelf::move(std::shared_ptr<hub_repository> repository, std::string id) {
    const async_mutex::guard alone = co_await changing_.lock();
    const git_repository::lock_type no_writer = co_await repository->git().lock();
    require_present(*repository);
    if (find(repository->kind(), id)) throw_error(errc::conflict, "the repository exists");
    repository_facts facts = repository->facts();
    facts.former_ids.push_back(repository->id());
    const std::filesystem::path& from = repository->git().path();
    const std::filesystem::path to = place_of(repository->kind(), id);
    const auto rename = [&] {
        std::filesystem::create_directories(to.parent_path());
        write_facts(from, facts);  // first: an id that still is the present one leads nowhere else
        std::filesystem::rename(from, to);
        return true;
    };
    co_await offload(*pool_, rename);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto git = std::make_shared<git_repository>(executor, to);
    auto moved = std::make_shared<hub_repository>(repository->kind(), std::move(id), std::move(facts), std::move(git));
    co_await moved->discussions.load(*pool_);
    take_off(*repository);
    add(std::move(moved));
}

HUBPUSH_DECL task<repository_facts> repository_shelf::change_facts(std::shared_ptr<hub_repository> repository,
                                                                   std::function<void(repository_facts&)> change) {
    const async_mutex::guard alone = co_await changing_.lock();
    require_present(*repository);
    repository_facts facts = repository->facts();
    change(facts);
    const std::filesystem::path& path = repository->git().path();
    const auto write = [&path, &facts] { return write_facts(path, facts), true; };
    co_await offload(*pool_, write);
    repository->facts_ = facts;
    co_return facts;
}

HUBPUSH_DECL task<void> repository_shelf::remove(std::shared_ptr<hub_repository> repository) {
    const async_mutex::guard alone = co_await changing_.lock();
    const git_repository::lock_type no_writer = co_await repository->git().lock();
    if (!take_off(*repository)) co_return;
    const std::filesystem::path& path = repository->git().path();
    const auto erase = [&path] {
        // Renamed first: the name is free at once, and a crash leaves nothing that looks like a repository.
        const std::filesystem::path doomed = path.string() + ".deleted";
        std::filesystem::remove_all(doomed);
        std::filesystem::rename(path, doomed);
        return std::filesystem::remove_all(doomed);
    };
    co_await offload(*pool_, erase);
}

}  // namespace hubpush::inline v0::detail
