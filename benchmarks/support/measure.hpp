#pragma once

/// \file
/// What a process costs: CPU seconds, peak memory, wall seconds. The benchmarks print all three of each side.

#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace benchmark {

/// The result of a system call, or what `errno` says.
template <class Result>
Result checked(Result result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

inline double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// The high-water mark of this program alone; that of getrusage begins with what its parent had.
inline double peak_mebibytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
    }
    throw std::runtime_error("no VmHWM in /proc/self/status");
}

class stopwatch {
public:
    void print(const char* what) const {
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
        std::printf("%s %.3f %.1f %.3f\n", what, cpu_seconds() - cpu_, peak_mebibytes(), wall.count());
    }

private:
    double cpu_ = cpu_seconds();
    std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
};

}  // namespace benchmark
