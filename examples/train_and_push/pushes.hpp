#pragma once

/// \file
/// The pushes of a run: queues checkpoints, tells what became of each, and keeps what the picture shows.

#include "record.hpp"

#include <hubpush/hubpush.hpp>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>

class checkpoint_pushes {
public:
    /// Queues a checkpoint and returns at once. The folder is removed when it has been pushed.
    void push(hubpush::background& hub, const std::string& repo_id, int step, const std::filesystem::path& folder) {
        entry& added = entries_.emplace_back(step, folder);
        const auto watch = [this, &added](const hubpush::progress_view& view) { note(added.record, view); };
        added.job = hub.upload_folder(repo_id, folder, hubpush::message("step " + std::to_string(step)),
                                      hubpush::progress(watch));
    }

    /// Prints a line for every push that has ended since the last call. Never waits.
    void report_ended() {
        while (reported_ < entries_.size() && entries_[reported_].job.ready()) report(entries_[reported_++]);
    }

    /// The same for all that are left, as they end.
    void wait_for_all() {
        while (reported_ < entries_.size()) report(entries_[reported_++]);
    }

    /// In order, once all have ended.
    std::vector<push_record> records() const {
        std::vector<push_record> result;
        for (const entry& each : entries_) result.push_back(each.record);
        return result;
    }

private:
    struct entry {
        entry(int step, std::filesystem::path checkpoint) : record(step), folder(std::move(checkpoint)) {}

        push_record record;
        std::filesystem::path folder;
        hubpush::job<hubpush::commit_info> job;
    };

    /// Called on hubpush's thread. Reports are seldom, but each tells when the phases began.
    void note(push_record& record, const hubpush::progress_view& view) {
        const auto& [scanning_began, hashing_began, sending_began, committing_began] = view.phase_began;
        const std::lock_guard lock(mutex_);
        record.reached(hashing, seconds(scanning_began));
        if (view.phase != "scanning" && view.phase != "hashing") record.reached(sending, seconds(sending_began));
        if (view.phase == "committing") record.reached(committing, seconds(committing_began));
    }

    void report(entry& pushed) {
        const hubpush::commit_info commit = outcome_of(pushed);
        const push_record record = finish(pushed.record, commit.oid);
        if (record.commit.empty()) return;
        std::printf("  push of step %d:", record.step);
        for (const stage each : {waiting, hashing, sending, committing}) {
            std::printf(" %s %.2f s,", stage_names[each], record.length(each));
        }
        std::printf(" done in %.2f s: commit %.10s\n", record.begin[over] - record.begin[waiting],
                    record.commit.c_str());
        std::filesystem::remove_all(pushed.folder);
    }

    static hubpush::commit_info outcome_of(const entry& pushed) {
        try {
            return pushed.job.get();
        } catch (const hubpush::error& failure) {
            std::printf("  push of step %d failed: %s - %s\n", pushed.record.step, failure.what(),
                        failure.hint().c_str());
            return {};
        }
    }

    push_record finish(push_record& record, const std::string& commit) {
        const std::lock_guard lock(mutex_);
        record.commit = commit;
        record.reached(over, now());
        return record;
    }

    std::deque<entry> entries_;  // whose elements stay where they are
    std::size_t reported_ = 0;
    std::mutex mutex_;  // of the records, which hubpush's thread writes too
};
