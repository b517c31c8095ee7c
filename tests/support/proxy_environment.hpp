#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>

#include <stdlib.h>

namespace hubpush_test {

/// The variables about proxies, none set at first; as they were before when the test ends.
class proxy_environment {
public:
    proxy_environment() {
        for (const char* name : names) {
            const char* const value = ::getenv(name);
            before_[name] = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
            ::unsetenv(name);
        }
    }
    proxy_environment(const proxy_environment&) = delete;
    proxy_environment& operator=(const proxy_environment&) = delete;
    ~proxy_environment() {
        for (const auto& [name, value] : before_) {
            if (value) {
                ::setenv(name.c_str(), value->c_str(), 1);
            } else {
                ::unsetenv(name.c_str());
            }
        }
    }

    void set(const std::string& name, const std::string& value) { ::setenv(name.c_str(), value.c_str(), 1); }

private:
    static constexpr std::array<const char*, 9> names{"http_proxy",  "HTTP_PROXY", "https_proxy",
                                                      "HTTPS_PROXY", "all_proxy",  "ALL_PROXY",
                                                      "no_proxy",    "NO_PROXY",   "REQUEST_METHOD"};
    std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace hubpush_test
