#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace hubpush_test {

/// Runs a command and gives what it prints on standard output; throws when it fails.
inline std::string shell(const std::string& command) {
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    std::string output;
    std::array<char, 4096> block;
    for (std::size_t got = 0; (got = std::fread(block.data(), 1, block.size(), pipe)) != 0;)
        output.append(block.data(), got);
    if (::pclose(pipe) != 0) throw std::runtime_error(command + " failed");
    return output;
}

/// The same in lines.
inline std::vector<std::string> shell_lines(const std::string& command) {
    std::vector<std::string> lines;
    const std::string output = shell(command);
    for (std::size_t begin = 0; begin < output.size();) {
        const std::size_t end = std::min(output.find('\n', begin), output.size());
        lines.push_back(output.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

}  // namespace hubpush_test
