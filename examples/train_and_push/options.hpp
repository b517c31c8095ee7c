#pragma once

/// \file
/// The command line.

#include <charconv>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>

class example_options {
public:
    example_options(int count, char** words) {
        const std::map<std::string, std::string*> known{
            {"--steps", &steps_}, {"--every", &every_}, {"--repo", &repo_id}, {"--dir", &folder_}, {"--out", &picture}};
        for (int i = 1; i < count; i += 2) {
            const auto option = known.find(words[i]);
            if (option == known.end() || i + 1 == count) {
                throw std::runtime_error(
                    "usage: train_and_push [--steps N] [--every N] [--repo USER/NAME] [--dir DIR] [--out FILE]");
            }
            *option->second = words[i + 1];
        }
        steps = positive(steps_);
        every = positive(every_);
        folder = std::filesystem::absolute(folder_);
    }

    int steps;
    int every;
    std::string repo_id;           ///< empty: one of the token's owner
    std::filesystem::path folder;  ///< of the embedded Hub and of the checkpoints that wait for their push
    std::string picture = "train_and_push.svg";

private:
    static int positive(const std::string& text) {
        int value = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (failure != std::errc() || *end != '\0' || value <= 0)
            throw std::runtime_error("not a positive number: " + text);
        return value;
    }

    std::string steps_ = "6000";
    std::string every_ = "75";
    std::string folder_ = "train_and_push_run";
};
