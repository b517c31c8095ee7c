#pragma once

/// \file
/// Links to the storage that carry their own permission: whoever has one needs no token (spec/hub-http-api.md §14.1).

#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace hubpush::inline v0::detail {

/// Signs and checks `path?expires=…&nonce=…&signature=…`. The key is random and dies with the process. Used on one
/// strand.
class url_signer {
public:
    enum class verdict { valid, expired, invalid };

    HUBPUSH_DECL url_signer(random_source& random, std::chrono::seconds life);

    /// Every link is different, because of the nonce.
    HUBPUSH_DECL std::string sign(std::string_view method, std::string_view path,
                                  std::chrono::system_clock::time_point now);
    HUBPUSH_DECL verdict check(std::string_view method, std::string_view path, std::string_view query,
                               std::chrono::system_clock::time_point now) const;

private:
    HUBPUSH_DECL std::string signature(std::string_view method, std::string_view path,
                                       std::string_view parameters) const;

    random_source& random_;
    std::string key_;
    std::chrono::seconds life_;
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/url_signer.ipp>
#endif
