#pragma once

/// \file
/// The storage behind signed links: PUT, GET and HEAD of large files, on an origin of its own (spec/hub-http-api.md
/// §14.6).

#include <hubpush/async/offload.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/local_hub/byte_range.hpp>
#include <hubpush/local_hub/repository_shelf.hpp>
#include <hubpush/local_hub/server_exchange.hpp>
#include <hubpush/local_hub/url_signer.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// Belongs to the server's strand; outlives every call.
class storage_service {
public:
    HUBPUSH_DECL storage_service(seams seams, std::shared_ptr<worker_pool> pool,
                                 std::shared_ptr<repository_shelf> shelf, std::chrono::seconds link_life);

    /// Path and query of a link by which `method` (GET also allows HEAD) may be used on one object.
    HUBPUSH_DECL std::string link(std::string_view method, const hub_repository& repository, std::string_view oid);

    HUBPUSH_DECL task<void> handle(server_exchange& exchange);

private:
    HUBPUSH_DECL void check_permission(const server_exchange& exchange) const;
    HUBPUSH_DECL task<void> receive(server_exchange& exchange, lfs_store objects, std::string oid);
    HUBPUSH_DECL task<void> send(server_exchange& exchange, lfs_store objects, std::string oid);
    HUBPUSH_DECL task<void> send_bytes(server_exchange& exchange, stored_object& object, byte_range range);

    seams seams_;
    std::shared_ptr<worker_pool> pool_;
    std::shared_ptr<repository_shelf> shelf_;
    url_signer signer_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/storage_service.ipp>
#endif
