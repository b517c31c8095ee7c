#pragma once

#include "virtual_clock.hpp"

#include <hubpush/core/seams.hpp>

#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hubpush_test {

/// The same numbers in every run with the same seed.
class seeded_random final : public hubpush::random_source {
public:
    explicit seeded_random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t next() override {
        const std::lock_guard lock(mutex_);
        return engine_();
    }

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

/// Keeps every line, for assertions on messages and for the search for canary tokens.
class capturing_log final : public hubpush::log_sink {
public:
    void write(hubpush::log_level level, std::string_view line) noexcept override {
        const std::lock_guard lock(mutex_);
        lines_.emplace_back(line);
        if (level >= hubpush::log_level::warning) ++warnings_;
    }
    std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    std::size_t warnings() const {
        const std::lock_guard lock(mutex_);
        return warnings_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
    std::size_t warnings_ = 0;
};

/// The three seams of one test, kept where the test can look at them. Virtual time.
struct test_seams {
    explicit test_seams(std::uint64_t seed = 1) : random(std::make_shared<seeded_random>(seed)) {}

    std::shared_ptr<virtual_clock> clock = std::make_shared<virtual_clock>();
    std::shared_ptr<seeded_random> random;
    std::shared_ptr<capturing_log> log = std::make_shared<capturing_log>();

    hubpush::seams get() const { return hubpush::seams(clock, random, log); }
};

/// Real time and a log that is kept.
inline hubpush::seams real_time_seams(std::shared_ptr<capturing_log> log) {
    hubpush::seams result;
    result.set_log(std::move(log));
    return result;
}

}  // namespace hubpush_test
