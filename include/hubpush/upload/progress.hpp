#pragma once

/// \file
/// How far a push is, told at most ten times a second.

#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// One report. `phase` is "scanning", "hashing", "sending" or "committing": the steps overlap, and the phase is that of
/// the furthest one. The counters never go down within a phase, never exceed their totals, and equal them at the end.
class progress_view {
public:
    progress_view() = default;
    progress_view(std::string_view phase_name, std::uint64_t files, std::uint64_t done, std::uint64_t total)
        : phase(phase_name), files_total(files), bytes_done(done), bytes_total(total) {}

    std::string_view phase;
    std::uint64_t files_total = 0;  ///< files found so far
    std::uint64_t bytes_done = 0;   ///< of this phase
    std::uint64_t bytes_total = 0;  ///< of this phase, as far as it is known
    /// When scanning, hashing, sending and committing began, for phases too short for a report of their own. A phase
    /// that was passed over began with the next one; one that has not begun is at the clock's epoch.
    std::array<steady_time, 4> phase_began{};

    double percent() const noexcept {
        return bytes_total == 0 ? 100.0 : 100.0 * static_cast<double>(bytes_done) / static_cast<double>(bytes_total);
    }
};

/// The option that carries a callback. It is called on the client's strand, never under a lock, and never after the
/// call has completed. An exception from it ends the push and is what the caller sees, also when it comes from the last
/// report, which follows the commit.
class progress {
public:
    progress() = default;
    template <class Callback>
        requires std::invocable<std::remove_cvref_t<Callback>&, const progress_view&>
    explicit progress(Callback&& callback) : callback_(std::forward<Callback>(callback)) {
        static_assert(detail::callable_is_safe<Callback>,
                      "hubpush: on g++ 12 give this lambda a name first and pass the name");
    }
    const std::function<void(const progress_view&)>& callback() const noexcept { return callback_; }

private:
    std::function<void(const progress_view&)> callback_;
};

namespace detail {

/// Counts for one push and calls the callback now and then. Belongs to the push's strand.
class progress_tracker {
public:
    static constexpr std::chrono::milliseconds interval{100};

    progress_tracker(clock& clock, progress callback) : clock_(&clock), callback_(std::move(callback)) {
        phase_began_[0] = clock.now();
    }

    HUBPUSH_DECL void found(std::uint64_t files, std::uint64_t bytes);  ///< scan: what there is to do
    HUBPUSH_DECL void hashed(std::uint64_t bytes);                      ///< classify: bytes that need no more hashing
    HUBPUSH_DECL void to_send(std::uint64_t bytes);                     ///< transfer: bytes that have to be sent
    HUBPUSH_DECL void sent(std::uint64_t bytes);                        ///< transfer: sent for the first time
    HUBPUSH_DECL void committing();
    /// The last report, with everything done; waits until it is due.
    HUBPUSH_DECL task<void> finish();

private:
    enum class phase { scanning, hashing, sending, committing };
    HUBPUSH_DECL void enter(phase next);
    HUBPUSH_DECL void report();
    HUBPUSH_DECL progress_view view() const;
    HUBPUSH_DECL progress_view counters() const;

    clock* clock_;
    progress callback_;
    phase phase_ = phase::scanning;
    std::array<steady_time, 4> phase_began_{};
    std::uint64_t files_ = 0;
    std::uint64_t found_bytes_ = 0;
    std::uint64_t hashed_bytes_ = 0;
    std::uint64_t send_total_ = 0;
    std::uint64_t sent_bytes_ = 0;
    steady_time next_report_{};
};

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/progress.ipp>
#endif
