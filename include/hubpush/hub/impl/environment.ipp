#pragma once

#include <hubpush/hub/environment.hpp>

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hubpush::inline v0 {

namespace detail {

inline constexpr std::size_t configuration_file_limit = 64 * 1024;

/// A descriptor that closes itself.
class configuration_descriptor {
public:
    // O_NONBLOCK, so that a named pipe in place of a token file cannot hang the program.
    explicit configuration_descriptor(const std::string& path)
        : value_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
    configuration_descriptor(const configuration_descriptor&) = delete;
    configuration_descriptor& operator=(const configuration_descriptor&) = delete;
    ~configuration_descriptor() {
        if (value_ >= 0) ::close(value_);
    }

    bool is_regular_file() const {
        struct stat status{};
        return value_ >= 0 && ::fstat(value_, &status) == 0 && S_ISREG(status.st_mode);
    }

    /// Everything, or nothing when a read fails or the file is too large.
    std::optional<std::string> read() const {
        std::string text(configuration_file_limit + 1, '\0');
        std::size_t size = 0;
        while (size < text.size()) {
            const ssize_t count = ::read(value_, text.data() + size, text.size() - size);
            if (count < 0) return std::nullopt;
            if (count == 0) break;
            size += static_cast<std::size_t>(count);
        }
        if (size > configuration_file_limit) return std::nullopt;
        text.resize(size);
        return text;
    }

private:
    int value_;
};

/// The home folder of the user in the password database, for processes without HOME.
inline std::optional<std::string> home_of_user() {
    std::array<char, 16 * 1024> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return std::string(found->pw_dir);
}

class process_environment_type final : public environment {
public:
    std::optional<std::string> get(const std::string& name) override {
        const char* const value = ::secure_getenv(name.c_str());
        return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
    }

    std::optional<std::string> home() override {
        const std::optional<std::string> variable = get("HOME");
        return variable && !variable->empty() ? variable : home_of_user();
    }

    std::optional<std::string> read_file(const std::string& path) override {
        const configuration_descriptor file(path);
        return file.is_regular_file() ? file.read() : std::nullopt;
    }
};

}  // namespace detail

HUBPUSH_DECL std::shared_ptr<environment> process_environment() {
    return std::make_shared<detail::process_environment_type>();
}

}  // namespace hubpush::inline v0
