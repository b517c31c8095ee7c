#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/patterns.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/request_head.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>

namespace hubpush::inline v0::detail {

inline constexpr std::array all_repository_kinds{repository_kind::model, repository_kind::dataset,
                                                 repository_kind::space};

/// What the server knows about a repository and git does not.
inline constexpr const char* repository_facts_name = "hubpush.json";

HUBPUSH_DECL std::string_view kind_name(repository_kind kind) noexcept {
    const std::string_view plural = kind_plural(kind);
    return plural.substr(0, plural.size() - 1);
}

HUBPUSH_DECL std::string_view kind_plural(repository_kind kind) noexcept {
    static constexpr std::array<std::string_view, 3> names{"models", "datasets", "spaces"};
    return names[static_cast<std::size_t>(kind)];
}

HUBPUSH_DECL std::string_view kind_prefix(repository_kind kind) noexcept {
    static constexpr std::array<std::string_view, 3> prefixes{"", "datasets/", "spaces/"};
    return prefixes[static_cast<std::size_t>(kind)];
}

HUBPUSH_DECL std::optional<repository_kind> kind_of_plural(std::string_view plural) noexcept {
    for (const repository_kind kind : all_repository_kinds) {
        if (kind_plural(kind) == plural) return kind;
    }
    return std::nullopt;
}

HUBPUSH_DECL std::optional<repository_kind> kind_of_name(std::string_view name) noexcept {
    for (const repository_kind kind : all_repository_kinds) {
        if (kind_name(kind) == name) return kind;
    }
    return std::nullopt;
}

inline bool is_repository_id_part(std::string_view part) noexcept {
    const auto is_word = [](char each) {
        return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
               each == '_';
    };
    const auto is_allowed = [&](char each) { return is_word(each) || each == '-' || each == '.'; };
    return !part.empty() && part.size() <= 96 && is_word(part.front()) && is_word(part.back()) &&
           std::all_of(part.begin(), part.end(), is_allowed);
}

HUBPUSH_DECL bool is_repository_id(std::string_view id) noexcept {
    const std::size_t slash = id.find('/');
    if (slash == std::string_view::npos) return false;
    const std::string_view owner = id.substr(0, slash);
    if (owner == "api" || kind_of_plural(owner)) return false;  // these begin other addresses
    return is_repository_id_part(owner) && is_repository_id_part(id.substr(slash + 1)) &&
           id.find("--") == std::string_view::npos && id.find("..") == std::string_view::npos && !id.ends_with(".git");
}

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

HUBPUSH_DECL task<void> repository_shelf::load() {
    for (const repository_kind kind : all_repository_kinds) {
        const std::filesystem::path folder = folder_ / kind_plural(kind);
        const auto list = [&folder] { return repositories_below(folder); };
        const std::vector<std::filesystem::path> paths = co_await offload(*pool_, list);
        for (const std::filesystem::path& path : paths) co_await load_one(kind, path);
    }
}

/// A repository whose facts cannot be read (the server died while it was made) is private: nothing is shown by mistake.
inline bool read_is_private(const std::filesystem::path& repository) {
    std::ifstream file(repository / repository_facts_name);
    const nlohmann::json facts = nlohmann::json::parse(file, nullptr, false);
    return !facts.is_object() || !facts.contains("private") || facts["private"] != false;
}

inline bool write_is_private(const std::filesystem::path& repository, bool is_private) {
    std::ofstream file(repository / repository_facts_name);
    file << nlohmann::json{{"private", is_private}} << '\n';
    return file.good();
}

HUBPUSH_DECL task<void> repository_shelf::load_one(repository_kind kind, std::filesystem::path path) {
    std::shared_ptr<git_repository> git = co_await git_repository::open(pool_, path);
    const auto read = [&path] {
        lfs_store(path).remove_unfinished();
        return read_is_private(path);
    };
    const bool is_private = co_await offload(*pool_, read);
    const std::string id = path.parent_path().filename().string() + "/" + path.stem().string();
    repositories_[key(kind, lower_case(id))] = std::make_shared<hub_repository>(kind, id, is_private, std::move(git));
}

HUBPUSH_DECL std::shared_ptr<hub_repository> repository_shelf::find(repository_kind kind, std::string_view id) const {
    const auto found = repositories_.find(key(kind, lower_case(id)));
    return found == repositories_.end() ? nullptr : found->second;
}

HUBPUSH_DECL task<std::shared_ptr<hub_repository>> repository_shelf::create(repository_kind kind, std::string id,
                                                                            bool is_private, git_author author) {
    const async_mutex::guard alone = co_await changing_.lock();
    if (find(kind, id)) throw_error(errc::conflict, "the repository exists");
    const std::filesystem::path path = folder_ / kind_plural(kind) / (id + ".git");
    std::string attributes = lfs_attributes::initial_text(kind == repository_kind::dataset);
    std::shared_ptr<git_repository> git =
        co_await git_repository::create(pool_, path, std::move(attributes), std::move(author));
    const auto write = [&path, is_private] { return write_is_private(path, is_private); };
    const bool written = co_await offload(*pool_, write);
    if (!written) throw_error(errc::server_error, "the repository's settings cannot be written");
    auto repository = std::make_shared<hub_repository>(kind, id, is_private, std::move(git));
    repositories_[key(kind, lower_case(id))] = repository;
    co_return repository;
}

HUBPUSH_DECL task<void> repository_shelf::remove(std::shared_ptr<hub_repository> repository) {
    const async_mutex::guard alone = co_await changing_.lock();
    const git_repository::lock_type no_writer = co_await repository->git().lock();
    if (repositories_.erase(key(repository->kind(), lower_case(repository->id()))) == 0) co_return;
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
