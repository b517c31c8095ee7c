#pragma once

/// \file
/// The picture of a run: the loss, when the model trained, and what the pushes did meanwhile.

#include "record.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

class run_plot {
public:
    run_plot(const std::vector<training_step>& steps, const std::vector<push_record>& pushes)
        : steps_(steps), pushes_(pushes), end_(steps.empty() ? 1 : steps.back().end) {
        for (const push_record& push : pushes) end_ = std::max(end_, push.begin[over]);
    }

    void write(const std::filesystem::path& file) {
        out_
            << R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1100 690" font-family="sans-serif" font-size="13">)"
            << R"(<style>text{fill:#37424d} .small{font-size:11px;fill:#6b7782} .title{font-size:19px;font-weight:600})"
            << R"( .head{font-weight:600}</style><rect width="1100" height="690" fill="white"/>)" << '\n';
        text(left, 34, "title", "Checkpoints pushed behind a training loop");
        legend(60);
        loss_curve({0, end_, 106, 306});
        lanes({0, end_, 362, 452}, "the whole run: " + step_times(steps_, pushes_).summary());
        if (const push_record* push = typical_push()) close_up(*push);
        out_ << "</svg>\n";
        std::ofstream(file) << out_.str();
    }

private:
    static constexpr double left = 110, right = 1070;

    /// Part of the time axis, drawn between two heights.
    struct panel {
        double from, until, top, bottom;
        double x(double time) const { return left + (right - left) * (time - from) / (until - from); }
        bool shows(double begin, double end) const { return end > from && begin < until; }
    };

    static const char* colour(std::size_t stage) {
        static constexpr std::array<const char*, over> colours{"#c9ced4", "#e3b04b", "#4a8fc2", "#62a878"};
        return colours[stage];
    }

    void text(double x, double y, const char* style, const std::string& words, const char* anchor = "start") {
        out_ << "<text x=\"" << x << "\" y=\"" << y << "\" class=\"" << style << "\" text-anchor=\"" << anchor << "\">"
             << words << "</text>\n";
    }

    void box(double x, double y, double width, double height, const char* fill) {
        out_ << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << std::max(width, 0.6) << "\" height=\"" << height
             << "\" fill=\"" << fill << "\"/>\n";
    }

    void line(double x1, double y1, double x2, double y2, const char* stroke) {
        out_ << "<path d=\"M" << x1 << ' ' << y1 << 'L' << x2 << ' ' << y2 << "\" stroke=\"" << stroke << "\"/>\n";
    }

    void legend(double y) {
        double x = left;
        const auto entry = [&](const char* fill, const std::string& name) {
            box(x, y - 11, 14, 12, fill);
            text(x + 20, y, "", name);
            x += 48 + 7 * static_cast<double>(name.size());
        };
        entry(step_colour, "training step");
        for (std::size_t stage = 0; stage < over; ++stage)
            entry(colour(stage), std::string("push: ") + stage_names[stage]);
    }

    /// Three to eight round values between two numbers.
    static double tick_distance(double range) {
        const double power = std::pow(10.0, std::floor(std::log10(range / 3)));
        const double leading = range / 3 / power;
        return power * (leading >= 5 ? 5 : leading >= 2 ? 2 : 1);
    }

    static std::string number(double value) {
        std::ostringstream digits;
        digits << std::round(value * 1000) / 1000;
        return digits.str();
    }

    void time_axis(const panel& area) {
        line(left, area.bottom, right, area.bottom, "#8a949e");
        const double distance = tick_distance(area.until - area.from);
        for (double time = std::ceil(area.from / distance) * distance; time <= area.until; time += distance) {
            line(area.x(time), area.bottom, area.x(time), area.bottom + 5, "#8a949e");
            text(area.x(time), area.bottom + 18, "small", number(time) + " s", "middle");
        }
    }

    void loss_curve(const panel& area) {
        std::vector<float> smooth;
        for (const training_step& step : steps_) {
            smooth.push_back(smooth.empty() ? step.loss : 0.98F * smooth.back() + 0.02F * step.loss);
        }
        if (smooth.empty()) return;
        const double highest = *std::max_element(smooth.begin(), smooth.end()) * 1.05;
        const auto y = [&](double loss) {
            return area.bottom - (area.bottom - area.top) * std::min(loss / highest, 1.0);
        };
        text(left, area.top - 10, "head", "loss, in nats per character; dots are checkpoints");
        for (double loss = 0; loss <= highest; loss += tick_distance(highest)) {
            line(left, y(loss), right, y(loss), "#e6e9ec");
            text(left - 8, y(loss) + 4, "small", number(loss), "end");
        }
        out_ << "<path fill=\"none\" stroke=\"#34516e\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"";
        const std::size_t stride = smooth.size() / 1000 + 1;
        for (std::size_t i = 0; i < smooth.size(); i += stride) {
            out_ << (i == 0 ? 'M' : 'L') << area.x(steps_[i].end) << ' ' << y(smooth[i]) << ' ';
        }
        out_ << "\"/>\n";
        for (const push_record& push : pushes_) {
            const double loss = smooth[static_cast<std::size_t>(push.step - 1)];
            out_ << "<circle r=\"3.5\" fill=\"white\" stroke=\"#34516e\" stroke-width=\"1.5\" cx=\""
                 << area.x(push.begin[waiting]) << "\" cy=\"" << y(loss) << "\"/>\n";
        }
        time_axis(area);
    }

    /// One lane of steps and one of pushes; a push waits in the lower half of its lane, where others may be at work
    /// above it.
    void lanes(const panel& area, const std::string& title) {
        const double lane = (area.bottom - area.top) / 2 - 8;
        const double pushes = area.top + lane + 8;
        text(left, area.top - 10, "head", title);
        text(left - 10, area.top + lane / 2 + 4, "", "training", "end");
        text(left - 10, pushes + lane / 2 + 4, "", "pushing", "end");
        out_ << "<clipPath id=\"c" << area.top << "\"><rect x=\"" << left << "\" y=\"" << area.top << "\" width=\""
             << right - left << "\" height=\"200\"/></clipPath><g clip-path=\"url(#c" << area.top << ")\">\n";
        step_lane(area, area.top, lane);
        for (const push_record& push : pushes_) push_lane(area, push, pushes, lane);
        out_ << "</g>\n";
        time_axis(area);
    }

    /// Steps that would be closer than a pixel are drawn as one block.
    void step_lane(const panel& area, double top, double height) {
        const double least_gap = (area.until - area.from) / (right - left);
        for (std::size_t i = 0; i < steps_.size();) {
            const double begin = steps_[i].begin;
            double end = steps_[i].end;
            const bool alone = area.x(end) - area.x(begin) > 4;
            while (++i < steps_.size() && !alone && steps_[i].begin - end < least_gap) end = steps_[i].end;
            if (area.shows(begin, end))
                box(area.x(begin), top, area.x(end) - area.x(begin) - (alone ? 1 : 0), height, step_colour);
        }
    }

    void push_lane(const panel& area, const push_record& push, double top, double height) {
        if (!area.shows(push.begin[waiting], push.begin[over])) return;
        for (std::size_t stage = 0; stage < over; ++stage) {
            const double x = area.x(push.begin[stage]), width = area.x(push.begin[stage + 1]) - x;
            if (width <= 0) continue;
            box(x, stage == waiting ? top + height - 6 : top, width, stage == waiting ? 6 : height, colour(stage));
        }
    }

    /// The push of median length.
    const push_record* typical_push() const {
        std::vector<const push_record*> order;
        for (const push_record& push : pushes_) order.push_back(&push);
        if (order.empty()) return nullptr;
        const auto length = [](const push_record* push) { return push->begin[over] - push->begin[waiting]; };
        std::sort(order.begin(), order.end(), [&](auto* a, auto* b) { return length(a) < length(b); });
        return order[order.size() / 2];
    }

    void close_up(const push_record& push) {
        const double margin = 0.3 * (push.begin[over] - push.begin[waiting]);
        const panel area{push.begin[waiting] - margin, push.begin[over] + margin, 522, 632};
        lanes(area, "close-up of one push: step " + std::to_string(push.step) + ", commit " + push.commit.substr(0, 8));
        text(
            (left + right) / 2, 674, "small",
            "time since the start; each block is one training step, the gaps are checkpoints being written and removed",
            "middle");
    }

    static constexpr const char* step_colour = "#a9b8c7";
    const std::vector<training_step>& steps_;
    const std::vector<push_record>& pushes_;
    double end_;
    std::ostringstream out_;
};
