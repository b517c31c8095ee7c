#pragma once

/// \file
/// The text the model learns: the licences that every Debian machine carries.

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

/// Symbols are numbers below this: the printable ASCII characters and, last, the line break.
inline constexpr std::size_t vocabulary_size = 96;

/// What the model sees and what it should have said: for every sample the symbols before a place in the text, and the
/// one there.
template <std::size_t Samples, std::size_t Context>
struct text_batch {
    std::array<std::array<std::uint8_t, Context>, Samples> before;
    std::array<std::uint8_t, Samples> next;
};

class training_text {
public:
    training_text() {
        add_folder("/usr/share/common-licenses");
        if (symbols_.size() < least_size) add_folder("/usr/share/doc");  // a minimal image may have no licence folder
        if (symbols_.size() < least_size) throw std::runtime_error("found no text to learn from");
    }

    std::size_t size() const { return symbols_.size(); }

    template <std::size_t Samples, std::size_t Context>
    text_batch<Samples, Context> random_batch(std::mt19937& random) const {
        std::uniform_int_distribution<std::size_t> places(0, symbols_.size() - Context - 1);
        text_batch<Samples, Context> batch;
        for (std::size_t sample = 0; sample < Samples; ++sample) {
            const auto place = symbols_.begin() + static_cast<std::ptrdiff_t>(places(random));
            std::copy_n(place, Context, batch.before[sample].begin());
            batch.next[sample] = *(place + Context);
        }
        return batch;
    }

private:
    static constexpr std::size_t least_size = 100'000;
    static constexpr std::size_t most_size = 2'000'000;

    void add_folder(const std::filesystem::path& folder) {
        std::error_code unreadable;
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, unreadable)) {
            const bool compressed = entry.path().extension() == ".gz";
            if (entry.is_regular_file() && !entry.is_symlink() && !compressed) files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        for (const auto& file : files) add_file(file);
    }

    void add_file(const std::filesystem::path& file) {
        std::ifstream in(file, std::ios::binary);
        for (auto c = std::istreambuf_iterator<char>(in); c != std::istreambuf_iterator<char>() && size() < most_size;
             ++c) {
            if (*c >= ' ' && *c <= '~') symbols_.push_back(static_cast<std::uint8_t>(*c - ' '));
            if (*c == '\n') symbols_.push_back(vocabulary_size - 1);
        }
    }

    std::vector<std::uint8_t> symbols_;
};
