#pragma once

/// \file
/// What hubpush cannot control, as small abstract classes with their production form: time, random numbers, the log
/// (design.md §1.5). Tests replace them. One virtual call per use.

#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace hubpush::inline v0 {

/// All waits and deadlines are points on this clock.
using steady_time = std::chrono::steady_clock::time_point;

/// One pending wake-up. Destroying it, or `cancel()`, guarantees that the callback does not run any more.
class timer {
public:
    virtual ~timer() = default;

    /// Runs `on_expiry` once on the timer's executor when the clock has reached `at`. Replaces an earlier start.
    virtual void start(steady_time at, std::function<void()> on_expiry) = 0;
    virtual void cancel() noexcept = 0;
};

/// Time. `now()` may be called from any thread; timers belong to the strand of their executor.
class clock {
public:
    virtual ~clock() = default;
    virtual steady_time now() const noexcept = 0;
    /// Wall time, for dates that servers send and for nothing else.
    virtual std::chrono::system_clock::time_point wall() const noexcept = 0;
    virtual std::unique_ptr<timer> make_timer(asio::any_io_executor executor) = 0;
};

/// The clock of production: steady time and Asio's timers. Thread-safe.
HUBPUSH_DECL std::shared_ptr<clock> steady_clock();

/// Random numbers for jitter and ids. Thread-safe.
class random_source {
public:
    virtual ~random_source() = default;
    virtual std::uint64_t next() = 0;
};

enum class log_level { debug, info, warning, error };

/// Where hubpush reports what no exception carries. Called from any thread, never under a lock of hubpush; must not
/// throw.
class log_sink {
public:
    virtual ~log_sink() = default;
    virtual void write(log_level level, std::string_view line) noexcept = 0;
};

/// The three seams that every layer needs, shared by everything that belongs to one client.
class seams {
public:
    /// Production: the steady clock, the operating system's random numbers, warnings and errors to standard error.
    HUBPUSH_DECL seams();
    seams(std::shared_ptr<hubpush::clock> clock, std::shared_ptr<random_source> random, std::shared_ptr<log_sink> log)
        : clock_(std::move(clock)), random_(std::move(random)), log_(std::move(log)) {}

    hubpush::clock& clock() const noexcept { return *clock_; }
    random_source& random() const noexcept { return *random_; }
    log_sink& log() const noexcept { return *log_; }

    void set_log(std::shared_ptr<log_sink> log) { log_ = std::move(log); }

private:
    std::shared_ptr<hubpush::clock> clock_;
    std::shared_ptr<random_source> random_;
    std::shared_ptr<log_sink> log_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/core/impl/seams.ipp>
#endif
