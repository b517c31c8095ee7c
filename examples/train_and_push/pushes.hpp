#pragma once

/// \file
/// The pushes of a run: queues checkpoints, tells when each has ended, and keeps what the picture shows.

#include "record.hpp"

#include <hubpush/hubpush.hpp>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>

class checkpoint_pushes {
public:
    explicit checkpoint_pushes(std::string repo_id) : repo_id_(std::move(repo_id)) {}

    /// Returns at once. The folder is removed when it has been pushed.
    void push(hubpush::background& hub, int step, const std::filesystem::path& folder) {
        const std::lock_guard lock(mutex_);
        entry& added = entries_.emplace_back(entry{push_record(step, now()), folder, {}});
        const auto watch = [this, &record = added.record](const hubpush::progress_view& view) {
            note(record, view.phase);
        };
        added.job = hub.upload_folder(repo_id_, folder, hubpush::message("step " + std::to_string(step)),
                                      hubpush::progress(watch));
    }

    /// One line for every push that has ended since the last call. Never waits.
    void report_ended() {
        while (reported_ < entries_.size() && entries_[reported_].job.ready()) report(entries_[reported_++]);
    }

    /// The same for all, as they end.
    void wait_for_all() {
        for (; reported_ < entries_.size(); ++reported_) {
            entries_[reported_].job.wait_until(hubpush::steady_time::max());
            report(entries_[reported_]);
        }
    }

    std::vector<push_record> records() const {
        std::vector<push_record> result;
        for (const entry& each : entries_) result.push_back(each.record);
        return result;
    }

private:
    struct entry {
        push_record record;
        std::filesystem::path folder;
        hubpush::job<hubpush::commit_info> job;
    };

    /// Called on hubpush's thread.
    void note(push_record& record, std::string_view phase) {
        const std::lock_guard lock(mutex_);
        if (phase == "committing")
            record.reached(committing, now());
        else if (phase == "sending")
            record.reached(sending, now());
        else
            record.reached(hashing, now());
    }

    void report(entry& ended) {
        const std::lock_guard lock(mutex_);
        push_record& record = ended.record;
        record.reached(over, now());
        std::printf("  push of step %-5d", record.step);
        try {
            record.commit = ended.job.get().oid;
            for (std::size_t each = waiting; each < over; ++each) {
                std::printf("  %s %.2f s", stage_names[each], record.length(static_cast<stage>(each)));
            }
            std::printf("  done: %.10s after %.2f s\n", record.commit.c_str(),
                        record.begin[over] - record.begin[waiting]);
            std::filesystem::remove_all(ended.folder);
        } catch (const hubpush::error& failure) {
            std::printf("  failed: %s - %s\n", failure.what(), failure.hint().c_str());
        }
    }

    std::string repo_id_;
    std::mutex mutex_;           // of the records, which hubpush's thread writes while it pushes
    std::deque<entry> entries_;  // whose elements stay where they are
    std::size_t reported_ = 0;
};
