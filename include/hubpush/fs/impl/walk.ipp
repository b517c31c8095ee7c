#pragma once

#include <hubpush/fs/walk.hpp>

#include <hubpush/core/error.hpp>
#include <hubpush/core/utf8.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace hubpush::inline v0 {

namespace detail {

/// Runs a call of the file system on something that was there a moment ago; nothing when it has vanished.
template <class Function>
auto unless_vanished(Function&& function) -> std::optional<decltype(function())> {
    try {
        return function();
    } catch (const error& failure) {
        if (failure.kind() != errc::file_not_found) throw;
        return std::nullopt;
    }
}

}  // namespace detail

HUBPUSH_DECL folder_walk::folder_walk(std::shared_ptr<file_system> files, std::filesystem::path root,
                                      path_filter filter, outside_links outside)
    : files_(std::move(files)), root_(std::move(root)), filter_(std::move(filter)), outside_(outside) {}

HUBPUSH_DECL std::vector<walked_file> folder_walk::next(std::size_t most) {
    if (!std::exchange(opened_, true)) open_root();
    while (found_.size() < most && !levels_.empty()) {
        level& current = levels_.back();
        if (current.next == current.entries.size()) {
            levels_.pop_back();
            continue;
        }
        const folder_entry entry = std::move(current.entries[current.next++]);
        visit(entry, current.prefix + entry.name());
    }
    return std::exchange(found_, {});
}

HUBPUSH_DECL std::vector<skipped_entry> folder_walk::take_skipped() { return std::exchange(skipped_, {}); }

HUBPUSH_DECL void folder_walk::open_root() {
    const std::string name = root_.string();
    root_ = files_->canonical(root_);
    if (files_->status(root_).type() != file_type::directory) {
        throw_error(errc::invalid_argument, "'" + name + "' is not a folder",
                    error_details().file(name).hint("upload a single file as a file"));
    }
    levels_.push_back({"", files_->list(root_)});
}

HUBPUSH_DECL void folder_walk::enter(const std::string& path) {
    if (filter_.ignores_all_below(path)) return;
    if (levels_.size() > deepest) {
        throw_error(errc::limit_exceeded,
                    "'" + root_.string() + "' has folders more than " + std::to_string(deepest) + " deep",
                    error_details().file(path));
    }
    auto entries = detail::unless_vanished([&] { return files_->list(root_ / path); });
    if (entries) levels_.push_back({path + "/", std::move(*entries)});
}

HUBPUSH_DECL void folder_walk::visit(const folder_entry& entry, std::string path) {
    if (entry.type() == file_type::directory) return enter(path);
    if (entry.target() == file_type::directory) {
        if (!filter_.ignores_all_below(path)) skipped_.emplace_back(std::move(path), "a link to a folder");
        return;
    }
    if (!filter_.keeps(path)) return;
    if (entry.target() == file_type::regular) return add_file(entry, std::move(path));
    skipped_.emplace_back(std::move(path), entry.target() == file_type::missing ? "a link that leads nowhere"
                                                                                : "a socket, a pipe or a device");
}

HUBPUSH_DECL void folder_walk::add_file(const folder_entry& entry, std::string path) {
    if (!is_utf8(path)) {
        const std::string escaped = printable(path);
        throw_error(errc::invalid_argument, "the name of '" + escaped + "' is not UTF-8, which the Hub requires",
                    error_details().file(escaped).hint("rename the file, or ignore it"));
    }
    std::filesystem::path location = root_ / path;
    const file_status status = files_->status(location);
    if (status.type() != file_type::regular) return;  // vanished or replaced since it was listed
    std::optional<bool> outside = false;
    if (entry.type() == file_type::symlink) outside = detail::unless_vanished([&] { return is_outside(location); });
    if (outside == true && outside_ == outside_links::skip) {
        skipped_.emplace_back(std::move(path), "a link that leads out of the folder");
        return;
    }
    if (outside) found_.emplace_back(std::move(path), std::move(location), status.identity(), *outside);
}

HUBPUSH_DECL bool folder_walk::is_outside(const std::filesystem::path& location) const {
    const std::filesystem::path target = files_->canonical(location);
    return std::mismatch(root_.begin(), root_.end(), target.begin(), target.end()).first != root_.end();
}

}  // namespace hubpush::inline v0
