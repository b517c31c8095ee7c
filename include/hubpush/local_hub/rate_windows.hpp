#pragma once

/// \file
/// How often something may be done: fixed windows, counted per key (spec/hub-http-api.md §11.3). A decision core.

#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace hubpush::inline v0 {

/// So many times in so much time; zero times means without limit.
class hub_quota {
public:
    hub_quota() = default;
    hub_quota(std::size_t count, std::chrono::seconds window) : count_(count), window_(window) {}
    std::size_t count() const noexcept { return count_; }
    std::chrono::seconds window() const noexcept { return window_; }

private:
    std::size_t count_ = 0;
    std::chrono::seconds window_{300};
};

namespace detail {

/// The limits of an embedded Hub.
class hub_quotas {
public:
    hub_quotas() = default;
    hub_quotas(hub_quota for_api, hub_quota for_commits) : api(for_api), commits(for_commits) {}

    hub_quota api;
    hub_quota commits;
};

/// Counts. Belongs to the server's strand.
class rate_windows {
public:
    /// How it stands for one key.
    class standing {
    public:
        bool allowed = true;
        std::size_t remaining = 0;
        std::chrono::seconds reset{0};  ///< until the window ends, rounded up
    };

    rate_windows() = default;
    explicit rate_windows(hub_quota quota) : quota_(quota) {}

    bool limits() const noexcept { return quota_.count() != 0; }
    const hub_quota& quota() const noexcept { return quota_; }
    /// Takes one from what is left for the key, if anything is.
    HUBPUSH_DECL standing take(const std::string& key, steady_time now);

private:
    class window {
    public:
        steady_time begin{};
        std::size_t used = 0;
    };

    hub_quota quota_;
    std::map<std::string, window> windows_;
};

}  // namespace detail

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/local_hub/impl/rate_windows.ipp>
#endif
