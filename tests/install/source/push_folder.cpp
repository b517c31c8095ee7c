// One of the library's two translation units: the queue.

#include "checkpoints.hpp"

#include <hubpush/hubpush.hpp>

std::string checkpoints::push_folder(const target& where, const std::filesystem::path& folder) {
    hubpush::background hub(hubpush::endpoint(where.endpoint), hubpush::token(where.token));
    hub.create_repo(where.repo_id, hubpush::exist_ok()).get();
    return hub.upload_folder(where.repo_id, folder, hubpush::message("a folder")).get().oid;
}
