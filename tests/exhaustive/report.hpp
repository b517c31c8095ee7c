#pragma once

#include "catch.hpp"
#include "push_world.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace hubpush_test {

/// The table of an exhaustive test: one row per kind of case.
class report {
public:
    explicit report(std::string title) : title_(std::move(title)) {}

    /// Counts a case; the first few that break a rule fail the test by name, the others are counted.
    void add(const std::string& row, const std::string& what, const judgement& result) {
        line& here = row_of(row);
        ++here.cases;
        here.succeeded += result.succeeded ? 1 : 0;
        here.unknown += !result.succeeded && result.kind == hubpush::errc::outcome_unknown ? 1 : 0;
        here.longest = std::max(here.longest, result.elapsed);
        if (result.problem.empty()) return;
        ++here.wrong;
        if (++problems_ <= 10) FAIL_CHECK(title_ << ", " << row << ", " << what << ": " << result.problem);
    }

    std::size_t cases() const { return sum(&line::cases); }
    std::size_t wrong() const { return problems_; }

    void print() const {
        std::printf("\n%-44s %8s %9s %8s %12s %6s %9s\n", title_.c_str(), "cases", "succeeded", "unknown",
                    "other error", "wrong", "longest s");
        for (const line& each : lines_) print(each.name, each);
        line total;
        total.cases = sum(&line::cases);
        total.succeeded = sum(&line::succeeded);
        total.unknown = sum(&line::unknown);
        total.wrong = problems_;
        for (const line& each : lines_) total.longest = std::max(total.longest, each.longest);
        print("all", total);
        std::fflush(stdout);
    }

private:
    struct line {
        std::string name;
        std::size_t cases = 0;
        std::size_t succeeded = 0;
        std::size_t unknown = 0;
        std::size_t wrong = 0;
        std::chrono::nanoseconds longest{0};
    };

    static void print(const std::string& name, const line& each) {
        std::printf("%-44s %8zu %9zu %8zu %12zu %6zu %9.1f\n", name.c_str(), each.cases, each.succeeded, each.unknown,
                    each.cases - each.succeeded - each.unknown, each.wrong,
                    std::chrono::duration<double>(each.longest).count());
    }

    line& row_of(const std::string& name) {
        const auto found =
            std::find_if(lines_.begin(), lines_.end(), [&](const line& each) { return each.name == name; });
        if (found != lines_.end()) return *found;
        lines_.emplace_back().name = name;
        return lines_.back();
    }

    std::size_t sum(std::size_t line::* member) const {
        std::size_t result = 0;
        for (const line& each : lines_) result += each.*member;
        return result;
    }

    std::string title_;
    std::vector<line> lines_;
    std::size_t problems_ = 0;
};

}  // namespace hubpush_test
