#pragma once

/// \file
/// The sources of a push: a folder, or a list of files.

#include <hubpush/async/step.hpp>
#include <hubpush/core/options.hpp>
#include <hubpush/fs/match.hpp>
#include <hubpush/fs/walk.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/options.hpp>
#include <hubpush/upload/plan.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

/// The files of a folder, in the order of the reference client (spec/hub-http-api.md §4.9). It walks the folder twice:
/// once to count, so that limits and progress are known before the first byte is sent, and once to hand the files on.
/// Before the first request every file has been opened once, so that one that cannot be read, or whose name the Hub
/// does not take, costs nothing. Entries that are no files, links that lead out of the folder and what looks like a
/// mistake are reported to the log before the first file is handed on.
class scan_step : public step_base {
public:
    struct takes_options {
        using takes = option_set<hubpush::path_in_repo, hubpush::allow, hubpush::ignore, hubpush::delete_patterns,
                                 hubpush::links_inside_only>;
    };

    HUBPUSH_DECL scan_step(std::filesystem::path folder, const takes_options::takes& options);

    HUBPUSH_DECL task<void> operator()(context& context, stream<file>& out) const;

private:
    HUBPUSH_DECL folder_walk walk(context& context) const;
    HUBPUSH_DECL std::string path_of(const walked_file& found) const;
    HUBPUSH_DECL std::shared_ptr<byte_source> source_of(context& context, const walked_file& found) const;
    HUBPUSH_DECL task<void> count(context& context) const;
    HUBPUSH_DECL void report_skipped(context& context, const std::vector<skipped_entry>& entries) const;
    HUBPUSH_DECL task<void> hand_on(context& context, stream<file>& out) const;

    std::filesystem::path folder_;
    std::string prefix_;  // empty, or ends with '/'
    path_filter filter_;
    outside_links outside_;
    std::vector<path_pattern> delete_patterns_;
};

/// `scan("folder", ignore("*.tmp"), path_in_repo("weights"))`: the head of a pipeline. The folder is read when the
/// pipeline runs. Throws `file_not_found` when it does not exist and `invalid_argument` when it is no folder.
template <class... Options>
scan_step scan(std::filesystem::path folder, Options... options) {
    return scan_step(std::move(folder), detail::collect_options<scan_step::takes_options>(std::move(options)...));
}

/// An addition at its place among the operations of a commit.
class placed_addition {
public:
    placed_addition(add addition, std::uint64_t position) : addition_(std::move(addition)), position_(position) {}
    const add& addition() const noexcept { return addition_; }
    std::uint64_t position() const noexcept { return position_; }

private:
    add addition_;
    std::uint64_t position_;
};

/// Files given one by one: what `upload_file` and `create_commit` start from. Paths are opened when the pipeline runs.
class files_step : public step_base {
public:
    explicit files_step(std::vector<placed_addition> additions) : additions_(std::move(additions)) {}

    HUBPUSH_DECL task<void> operator()(context& context, stream<file>& out) const;

private:
    std::vector<placed_addition> additions_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/scan.ipp>
#endif
