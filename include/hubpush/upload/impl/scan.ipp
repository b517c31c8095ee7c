#pragma once

#include <hubpush/async/offload.hpp>
#include <hubpush/fs/source.hpp>
#include <hubpush/upload/scan.hpp>

namespace hubpush::inline v0 {

namespace detail {

/// Files taken from the walk at a time: enough to make the hop to the pool cheap, few enough to keep memory flat.
inline constexpr std::size_t walk_batch = 64;

/// The Hub never wants a larger file inside a commit (spec/hub-http-api.md §4.3).
inline constexpr std::uint64_t largest_regular_file = 10 * 1024 * 1024;

/// Tells about a file before it is read: what limits and progress are computed from.
inline void announce(context& context, std::uint64_t size) {
    context.tally().files += 1;
    if (size <= largest_regular_file) context.tally().small_bytes += size;
    context.progress().found(1, size);
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
      prefix_(detail::folder_prefix(options.get_or_default<hubpush::path_in_repo>().text())) {
    std::optional<std::vector<std::string>> allowed;
    if (options.get<hubpush::allow>()) allowed = options.get<hubpush::allow>()->patterns();
    filter_ = path_filter(allowed, options.get_or_default<hubpush::ignore>().patterns());
}

HUBPUSH_DECL folder_walk scan_step::walk(context& context) const {
    return folder_walk(context.client().files(), folder_, filter_);
}

HUBPUSH_DECL task<void> scan_step::count(context& context) const {
    folder_walk walk = this->walk(context);
    auto next = [&walk] { return walk.next(detail::walk_batch); };
    std::uint64_t outside = 0;
    std::string first_outside;
    for (;;) {
        const std::vector<walked_file> batch = co_await offload(*context.client().pool(), next);
        for (const skipped_entry& entry : walk.take_skipped()) {
            context.tally().skipped += 1;
            context.log().write(log_level::warning,
                                "not pushed: " + printable((folder_ / entry.path()).string()) + ": " + entry.reason());
        }
        if (batch.empty()) break;
        for (const walked_file& found : batch) {
            static_cast<void>(normalize_path_in_repo(prefix_ + found.path()));
            detail::announce(context, found.identity().size());
            if (found.leaves_root() && outside++ == 0) first_outside = found.path();
        }
        co_await throw_if_cancelled();
    }
    if (outside != 0) {
        context.log().write(log_level::info, std::to_string(outside) + " links in " + printable(folder_.string()) +
                                                 " lead out of it and are followed, the first is " +
                                                 printable(first_outside));
    }
}

HUBPUSH_DECL task<void> scan_step::operator()(context& context, stream<file>& out) const {
    co_await count(context);
    folder_walk walk = this->walk(context);
    auto next = [&walk] { return walk.next(detail::walk_batch); };
    for (std::uint64_t position = 0;;) {
        const std::vector<walked_file> batch = co_await offload(*context.client().pool(), next);
        if (batch.empty()) co_return;
        for (const walked_file& found : batch) {
            file item(normalize_path_in_repo(prefix_ + found.path()),
                      std::make_shared<file_source>(context.client().files(), context.client().pool(), found.location(),
                                                    found.identity()),
                      position++);
            if (!co_await out.push(std::move(item))) co_return;
        }
    }
}

HUBPUSH_DECL task<void> files_step::operator()(context& context, stream<file>& out) const {
    std::vector<file> files;
    for (const placed_addition& addition : additions_) {
        std::shared_ptr<byte_source> source = addition.addition().what().source();
        if (!source) {
            auto look = [&] {
                const std::filesystem::path location = std::filesystem::absolute(addition.addition().what().path());
                return std::pair(location, context.client().files()->open(location)->identity());
            };
            const auto [location, identity] = co_await offload(*context.client().pool(), look);
            source =
                std::make_shared<file_source>(context.client().files(), context.client().pool(), location, identity);
        }
        detail::announce(context, source->size());
        files.emplace_back(normalize_path_in_repo(addition.addition().path()), std::move(source), addition.position());
    }
    for (file& item : files) {
        if (!co_await out.push(std::move(item))) co_return;
    }
}

}  // namespace hubpush::inline v0
