#pragma once

// The interface of a shared library that pushes checkpoints. That it does so with hubpush is its own affair: only the
// types of its exceptions show it.

#include <filesystem>
#include <string>

namespace checkpoints {

/// A repository on a Hub, and the token to push with.
struct target {
    std::string endpoint;
    std::string token;
    std::string repo_id;
};

/// Creates the repository and pushes a folder, by way of the queue. Gives the commit's id.
[[gnu::visibility("default")]] std::string push_folder(const target& where, const std::filesystem::path& folder);

/// Pushes a text as a file, as a coroutine. Gives the commit's id.
[[gnu::visibility("default")]] std::string push_text(const target& where, const std::string& path, std::string text);

}  // namespace checkpoints
