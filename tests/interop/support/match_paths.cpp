// Answers what patterns.py asks: which paths a filter keeps. Each question on standard input ends with the byte 0x1e
// and consists of parts that end with 0x1f: "A" (there is an allow list), "+pattern" (of it), "-pattern" (to ignore),
// "?path". The answer is one line: '#' for each path that is kept, '.' for each that is not.

#include <hubpush/fs/match.hpp>

#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string answer(const std::string& question) {
    std::optional<std::vector<std::string>> allowed;
    std::vector<std::string> ignored;
    std::vector<std::string> paths;
    std::istringstream parts(question);
    for (std::string part; std::getline(parts, part, '\x1f');) {
        const std::string text = part.substr(1);
        if (part.front() == 'A') allowed.emplace();
        if (part.front() == '+') allowed->push_back(text);
        if (part.front() == '-') ignored.push_back(text);
        if (part.front() == '?') paths.push_back(text);
    }
    const hubpush::path_filter filter(allowed, ignored);
    std::string kept;
    for (const std::string& path : paths) kept += filter.keeps(path) ? '#' : '.';
    return kept;
}

}  // namespace

int main() {
    for (std::string question; std::getline(std::cin, question, '\x1e');) std::cout << answer(question) << '\n';
    return std::cout.flush() ? 0 : 1;
}
