#pragma once

/// \file
/// Small files of the embedded Hub, read and replaced as a whole. All functions block.

#include <hubpush/core/config.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// The content of a file; empty when it cannot be read.
HUBPUSH_DECL std::string read_whole_file(const std::filesystem::path& path);

/// Writes beside the place and renames, so that a server that is killed leaves the old content or the new one. Makes
/// the folder when it is missing, but none above it: what was deleted does not come back. Throws `server_error`.
HUBPUSH_DECL void replace_whole_file(const std::filesystem::path& path, std::string_view content);

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/whole_file.ipp>
#endif
