#pragma once

// Random choices that a printed seed repeats.

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

class seeded_random {
public:
    explicit seeded_random(std::uint32_t seed) : engine_(seed) {}

    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(engine_() % end); }
    std::byte byte() { return static_cast<std::byte>(below(256)); }
    float normal() { return normal_(engine_); }

private:
    std::mt19937 engine_;
    std::normal_distribution<float> normal_{0, 0.02F};
};
