#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/fs/file_system.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubpush_test {

/// A file system in memory whose n-th call (counted from 1 over all functions, also those of open files) fails, or is
/// preceded by a change that the test makes. Paths are absolute; parent folders come into being by themselves.
/// Thread-safe.
class failing_files final : public hubpush::file_system {
public:
    using path = std::filesystem::path;

    // The tree, as the test sees it. None of these counts as a call.

    /// Writes a file; one that exists stays the same inode, with new times, and open descriptors see the new content.
    void write(const path& name, std::string_view content) {
        const std::lock_guard lock(mutex_);
        const std::shared_ptr<node> file = make(name, hubpush::file_type::regular);
        file->content = content;
        file->modified = file->changed = ++time_;
    }
    /// The same, but size and times are restored afterwards: nothing but the content tells.
    void write_unnoticed(const path& name, std::string_view content) {
        const std::lock_guard lock(mutex_);
        make(name, hubpush::file_type::regular)->content = content;
    }
    /// What a program does that writes a new file and renames it over the old one.
    void replace(const path& name, std::string_view content) {
        erase(name);
        write(name, content);
    }
    void erase(const path& name) {
        const std::lock_guard lock(mutex_);
        const auto found = nodes_.find(name.string());
        if (found == nodes_.end()) return;
        found->second->changed = ++time_;
        found->second->unlinked = true;
        nodes_.erase(found);
    }
    void make_folder(const path& name) {
        const std::lock_guard lock(mutex_);
        make(name, hubpush::file_type::directory);
    }
    /// A link; `target` is absolute, or relative to the folder that holds the link, and need not exist.
    void make_link(const path& name, const path& target) {
        const std::lock_guard lock(mutex_);
        make(name, hubpush::file_type::symlink)->content = target.string();
    }
    /// A socket, pipe or device.
    void make_other(const path& name) {
        const std::lock_guard lock(mutex_);
        make(name, hubpush::file_type::other);
    }

    /// Takes the right to read a file away.
    void make_unreadable(const path& name) {
        const std::lock_guard lock(mutex_);
        require(name)->locked = true;
    }

    // What goes wrong.

    void fail_call(std::size_t n, hubpush::errc code) {
        before_call(
            n, [code, n] { hubpush::throw_error(code, "call " + std::to_string(n) + " fails by order of the test"); });
    }
    /// `action` runs before call `n`, outside of any lock; what it throws is what the call throws.
    void before_call(std::size_t n, std::function<void()> action) {
        const std::lock_guard lock(mutex_);
        actions_[n] = std::move(action);
    }
    /// Call `n`, if it reads, gives one byte less than there is.
    void shorten_call(std::size_t n) {
        const std::lock_guard lock(mutex_);
        shortened_ = n;
    }
    std::size_t calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    /// How many open files there are now.
    std::size_t open_files() const {
        const std::lock_guard lock(mutex_);
        return open_files_;
    }

    // The seam.

    std::unique_ptr<hubpush::open_file> open(const path& name) override {
        count_call();
        const std::lock_guard lock(mutex_);
        const std::shared_ptr<node> found = require(name);
        if (found->type != hubpush::file_type::regular || found->locked) refuse(hubpush::errc::file_unreadable, name);
        ++open_files_;
        return std::make_unique<handle>(*this, found);
    }
    hubpush::file_status status(const path& name) override {
        count_call();
        const std::lock_guard lock(mutex_);
        const std::shared_ptr<node> found = find(resolve(name));
        if (!found) return hubpush::file_status();
        const bool regular = found->type == hubpush::file_type::regular;
        return hubpush::file_status(found->type, regular ? found->identity(found->changed) : hubpush::file_identity());
    }
    std::vector<hubpush::folder_entry> list(const path& name) override {
        count_call();
        const std::lock_guard lock(mutex_);
        const path folder = resolve(name);
        if (require(name)->type != hubpush::file_type::directory) refuse(hubpush::errc::file_not_found, name);
        std::vector<hubpush::folder_entry> entries;
        for (const auto& [each, found] : nodes_) {
            if (each == "/" || path(each).parent_path() != folder) continue;
            const std::shared_ptr<node> target = find(resolve(each));
            entries.emplace_back(path(each).filename().string(), found->type,
                                 target ? target->type : hubpush::file_type::missing);
        }
        std::sort(entries.begin(), entries.end(),
                  [](const auto& left, const auto& right) { return left.name() < right.name(); });
        return entries;
    }
    path canonical(const path& name) override {
        count_call();
        const std::lock_guard lock(mutex_);
        require(name);
        return resolve(name);
    }

private:
    struct node {
        hubpush::file_type type = hubpush::file_type::regular;
        std::string content;  // of a link: its target
        std::uint64_t inode = 0;
        std::int64_t modified = 0;
        std::int64_t changed = 0;
        bool unlinked = false;
        bool locked = false;

        hubpush::file_identity identity(std::int64_t changed_at) const {
            return hubpush::file_identity(1, inode, content.size(), modified, changed_at);
        }
    };

    class handle final : public hubpush::open_file {
    public:
        handle(failing_files& owner, std::shared_ptr<node> file)
            : owner_(owner), file_(std::move(file)), opened_(file_->changed) {}
        ~handle() override {
            const std::lock_guard lock(owner_.mutex_);
            --owner_.open_files_;
        }
        hubpush::file_identity identity() override {
            owner_.count_call();
            const std::lock_guard lock(owner_.mutex_);
            return file_->identity(file_->unlinked ? opened_ : file_->changed);
        }
        std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
            owner_.count_call();
            const std::lock_guard lock(owner_.mutex_);
            const std::string_view all = file_->content;
            std::string_view part = offset < all.size() ? all.substr(offset, out.size()) : std::string_view();
            if (owner_.calls_ == owner_.shortened_ && !part.empty()) part.remove_suffix(1);
            std::copy(part.begin(), part.end(), reinterpret_cast<char*>(out.data()));
            return part.size();
        }

    private:
        failing_files& owner_;
        std::shared_ptr<node> file_;
        std::int64_t opened_;
    };

    [[noreturn]] static void refuse(hubpush::errc code, const path& name) {
        hubpush::throw_error(code, "'" + name.string() + "' is not there or cannot be read",
                             hubpush::error_details().file(name.string()));
    }

    void count_call() {
        std::function<void()> action;
        {
            const std::lock_guard lock(mutex_);
            const auto planned = actions_.find(++calls_);
            if (planned != actions_.end()) action = planned->second;
        }
        if (action) action();
    }

    std::shared_ptr<node> find(const path& name) const {
        const auto found = nodes_.find(name.string());
        return found == nodes_.end() ? nullptr : found->second;
    }

    std::shared_ptr<node> require(const path& name) const {
        const std::shared_ptr<node> found = find(resolve(name));
        if (!found) refuse(hubpush::errc::file_not_found, name);
        return found;
    }

    std::shared_ptr<node> make(const path& name, hubpush::file_type type) {
        if (name != name.root_path()) make(name.parent_path(), hubpush::file_type::directory);
        std::shared_ptr<node>& made = nodes_[name.string()];
        if (!made) made = std::make_shared<node>(node{type, {}, ++inodes_, ++time_, time_, false, false});
        return made;
    }

    /// The path with links resolved; of a loop, a path that does not exist.
    path resolve(path name) const {
        for (int links = 0; links < 40; ++links) {
            path sofar;
            const node* link = nullptr;
            path rest;
            for (const path& part : name.lexically_normal()) {
                if (part.empty()) continue;  // a slash at the end
                if (link != nullptr) {
                    rest /= part;
                    continue;
                }
                sofar /= part;
                const std::shared_ptr<node> here = find(sofar);
                if (here && here->type == hubpush::file_type::symlink) link = here.get();
            }
            if (link == nullptr) return sofar;
            name = sofar.parent_path() / link->content;
            if (!rest.empty()) name /= rest;
        }
        return "/too/many/links";
    }

    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<node>> nodes_;
    std::map<std::size_t, std::function<void()>> actions_;
    std::size_t calls_ = 0;
    std::size_t shortened_ = 0;
    std::size_t open_files_ = 0;
    std::uint64_t inodes_ = 0;
    std::int64_t time_ = 1'000'000'000;
};

}  // namespace hubpush_test
