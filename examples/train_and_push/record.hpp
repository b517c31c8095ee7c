#pragma once

/// \file
/// What happened when: every training step and every push, in seconds since the program began.

#include <algorithm>
#include <array>
#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>
#include <vector>

/// Seconds between the first call and `time`.
inline double seconds(std::chrono::steady_clock::time_point time) {
    static const auto start = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(time - start).count();
}
inline double now() { return seconds(std::chrono::steady_clock::now()); }

struct training_step {
    double begin;
    double end;
    float loss;
};

/// The stages of a push in their order; `over` is when its outcome was seen.
enum stage : std::size_t { waiting, hashing, sending, committing, over };
inline constexpr std::array<const char*, over> stage_names{"waiting", "hashing", "sending", "committing"};

struct push_record {
    explicit push_record(int step_number) : step(step_number) { begin.fill(now()); }

    /// This stage and all behind it begin at `when`, unless they are told otherwise later.
    void reached(stage which, double when) { std::fill(begin.begin() + which, begin.end(), when); }

    double length(stage which) const { return begin[which + 1] - begin[which]; }

    int step;
    std::string commit;  ///< empty when the push failed
    std::array<double, over + 1> begin;
};

/// The median, or 0 of nothing.
inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// How long steps took, in milliseconds: those with nothing to push, and those during which bytes of a push were sent.
class step_times {
public:
    step_times(const std::vector<training_step>& steps, const std::vector<push_record>& pushes) {
        for (const training_step& step : steps) {
            const auto meets = [&](double begin, double end) { return step.begin < end && begin < step.end; };
            const auto is_sent = [&](const push_record& push) {
                return meets(push.begin[sending], push.begin[committing]);
            };
            const auto is_pushed = [&](const push_record& push) {
                return meets(push.begin[waiting], push.begin[over]);
            };
            const double milliseconds = 1000 * (step.end - step.begin);
            if (std::any_of(pushes.begin(), pushes.end(), is_sent)) {
                while_sending.push_back(milliseconds);
            } else if (std::none_of(pushes.begin(), pushes.end(), is_pushed)) {
                alone.push_back(milliseconds);
            }
        }
    }

    std::string summary() const {
        std::ostringstream text;
        text << std::fixed << std::setprecision(1) << "median step " << median(alone) << " ms alone (" << alone.size()
             << " steps), " << median(while_sending) << " ms while bytes were in flight (" << while_sending.size()
             << " steps)";
        return text.str();
    }

    std::vector<double> alone;
    std::vector<double> while_sending;
};
