#pragma once

#include <atomic>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

namespace hubpush_test {

/// A thread that makes one call. `wait_until_blocked()` returns when the call sleeps: nothing between the thread's
/// beginning and the call does.
class blocked_call {
public:
    explicit blocked_call(std::function<void()> call)
        : thread_([this, call = std::move(call)] {
              id_ = ::gettid();
              call();
              id_ = ended;
          }) {}
    blocked_call(const blocked_call&) = delete;
    blocked_call& operator=(const blocked_call&) = delete;
    ~blocked_call() { thread_.join(); }

    void wait_until_blocked() const {
        while (id_ == 0 || (id_ != ended && !sleeps(id_))) std::this_thread::yield();
    }

private:
    static constexpr ::pid_t ended = -1;

    static bool sleeps(::pid_t id) {
        std::ifstream file("/proc/self/task/" + std::to_string(id) + "/stat");
        std::string line;
        std::getline(file, line);
        const std::size_t name_ends = line.rfind(") ");
        return name_ends != std::string::npos && line.compare(name_ends, 3, ") S") == 0;
    }

    std::atomic<::pid_t> id_ = 0;
    std::thread thread_;
};

}  // namespace hubpush_test
