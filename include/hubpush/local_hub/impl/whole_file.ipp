#pragma once

#include <hubpush/core/error.hpp>
#include <hubpush/local_hub/whole_file.hpp>

#include <fstream>
#include <iterator>
#include <system_error>

namespace hubpush::inline v0::detail {

HUBPUSH_DECL std::string read_whole_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

HUBPUSH_DECL void replace_whole_file(const std::filesystem::path& path, std::string_view content) {
    const std::filesystem::path fresh = path.string() + ".new";
    std::error_code failed;
    std::filesystem::create_directory(path.parent_path(), failed);
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << content << std::flush;
    if (file) std::filesystem::rename(fresh, path, failed);
    if (!file || failed) throw_error(errc::server_error, "a file of the hub cannot be written");
}

}  // namespace hubpush::inline v0::detail
