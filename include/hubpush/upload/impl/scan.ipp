#pragma once

#include <hubpush/async/group.hpp>
#include <hubpush/async/offload.hpp>
#include <hubpush/fs/source.hpp>
#include <hubpush/upload/deletions.hpp>
#include <hubpush/upload/preflight.hpp>
#include <hubpush/upload/scan.hpp>

namespace hubpush::inline v0 {

namespace detail {

/// Files taken from the walk at a time: enough to make the hop to the pool cheap, few enough to keep memory flat.
inline constexpr std::size_t walk_batch = 64;

/// Throws for a file that cannot be read; one that has vanished is left to the second walk.
inline void require_readable(file_system& files, const std::filesystem::path& location) {
    try {
        static_cast<void>(files.open(location));
    } catch (const error& failure) {
        if (failure.kind() != errc::file_not_found) throw;
    }
}

/// `weights/` for `weights`, `/weights/` and the like; nothing for the root.
inline std::string folder_prefix(std::string_view path) {
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    if (path.empty() || path == ".") return {};
    return normalize_path_in_repo(path) + '/';
}

}  // namespace detail

HUBPUSH_DECL scan_step::scan_step(std::filesystem::path folder, const takes_options::takes& options)
    : folder_(std::move(folder)),
      prefix_(detail::folder_prefix(options.get_or_default<hubpush::path_in_repo>().text())),
      outside_(options.get<hubpush::links_inside_only>() ? outside_links::skip : outside_links::follow) {
    std::optional<std::vector<std::string>> allowed;
    if (options.get<hubpush::allow>()) allowed = options.get<hubpush::allow>()->patterns();
    filter_ = path_filter(allowed, options.get_or_default<hubpush::ignore>().patterns());
    const std::vector<std::string> deleted = options.get_or_default<hubpush::delete_patterns>().patterns();
    delete_patterns_ = std::vector<path_pattern>(deleted.begin(), deleted.end());
}

HUBPUSH_DECL folder_walk scan_step::walk(context& context) const {
    return folder_walk(context.client().files(), folder_, filter_, outside_);
}

HUBPUSH_DECL std::string scan_step::path_of(const walked_file& found) const {
    try {
        return normalize_path_in_repo(prefix_ + found.path());
    } catch (const invalid_argument& refused) {
        error_details details = refused.details();
        details.file(printable(found.location().string())).hint("rename the file, or ignore it");
        throw_error(errc::invalid_argument, refused.what(), std::move(details));
    }
}

HUBPUSH_DECL std::shared_ptr<byte_source> scan_step::source_of(context& context, const walked_file& found) const {
    return std::make_shared<file_source>(context.client().files(), context.client().pool(), found.location(),
                                         found.identity());
}

HUBPUSH_DECL task<void> scan_step::count(context& context) const {
    folder_walk walk = this->walk(context);
    auto next = [&] {
        std::vector<walked_file> batch = walk.next(detail::walk_batch);
        for (const walked_file& found : batch) detail::require_readable(*context.client().files(), found.location());
        return batch;
    };
    detail::preflight checks(context);
    for (;;) {
        const std::vector<walked_file> batch = co_await offload(*context.client().pool(), next);
        report_skipped(context, walk.take_skipped());
        if (batch.empty()) break;
        for (const walked_file& found : batch) {
            const std::string path = path_of(found);
            std::shared_ptr<byte_source>* const wanted = checks.see(path, found.path(), found.identity().size());
            if (wanted != nullptr) *wanted = source_of(context, found);
            if (found.leaves_root()) checks.leaves_root((folder_ / found.path()).string());
        }
        co_await throw_if_cancelled();
    }
    co_await checks.finish();
}

HUBPUSH_DECL void scan_step::report_skipped(context& context, const std::vector<skipped_entry>& entries) const {
    context.tally().skipped += entries.size();
    for (const skipped_entry& entry : entries) {
        context.log().write(log_level::warning,
                            "not pushed: " + printable((folder_ / entry.path()).string()) + ": " + entry.reason());
    }
}

HUBPUSH_DECL task<void> scan_step::operator()(context& context, stream<file>& out) const {
    co_await count(context);
    if (delete_patterns_.empty()) co_return co_await hand_on(context, out);
    // What is to be deleted need not be known before the last file is: the listing runs beside the files.
    task_group group(co_await asio::this_coro::executor);
    group.spawn(detail::find_deletions(context, prefix_, delete_patterns_));
    group.spawn(hand_on(context, out));
    co_await group.join();
}

HUBPUSH_DECL task<void> scan_step::hand_on(context& context, stream<file>& out) const {
    folder_walk walk = this->walk(context);
    auto next = [&walk] { return walk.next(detail::walk_batch); };
    for (std::uint64_t position = 1;;) {  // deletions by pattern stand at 0
        const std::vector<walked_file> batch = co_await offload(*context.client().pool(), next);
        if (batch.empty()) co_return;
        for (const walked_file& found : batch) {
            file item(path_of(found), source_of(context, found), position++);
            if (!co_await out.push(std::move(item))) co_return;
        }
    }
}

namespace detail {

/// The bytes of an addition; a path is opened once to see that it can be read.
inline task<std::shared_ptr<byte_source>> open_addition(context& context, const add& addition) {
    if (addition.what().source()) co_return addition.what().source();
    auto look = [&] {
        const std::filesystem::path location = std::filesystem::absolute(addition.what().path());
        return std::pair(location, context.client().files()->open(location)->identity());
    };
    const auto [location, identity] = co_await offload(*context.client().pool(), look);
    co_return std::make_shared<file_source>(context.client().files(), context.client().pool(), location, identity);
}

/// A deletion that comes later undoes the addition: allowed, and surely not meant (spec/hub-http-api.md §4.6 step 5).
inline void warn_about_later_removal(context& context, const file& added) {
    for (const removal& gone : context.removals()) {
        if (gone.position() < added.position() || !gone.covers(added.path())) continue;
        context.log().write(log_level::warning, "'" + added.path() + "' is added and then removed by the same commit");
        return;
    }
}

}  // namespace detail

HUBPUSH_DECL task<void> files_step::operator()(context& context, stream<file>& out) const {
    std::vector<file> files;
    detail::preflight checks(context);
    for (const placed_addition& placed : additions_) {
        std::shared_ptr<byte_source> source = co_await detail::open_addition(context, placed.addition());
        files.emplace_back(normalize_path_in_repo(placed.addition().path()), std::move(source), placed.position());
        const file& added = files.back();
        std::shared_ptr<byte_source>* const wanted = checks.see(added.path(), added.path(), added.size());
        if (wanted != nullptr) *wanted = added.source();
        detail::warn_about_later_removal(context, added);
    }
    co_await checks.finish();
    for (file& item : files) {
        if (!co_await out.push(std::move(item))) co_return;
    }
}

}  // namespace hubpush::inline v0
