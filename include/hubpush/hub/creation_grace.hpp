#pragma once

/// \file
/// Patience with a repository that was created a moment ago (spec/reliability.md S23).

#include <hubpush/core/config.hpp>
#include <hubpush/core/seams.hpp>
#include <hubpush/hub/repo_id.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>

namespace hubpush::inline v0 {

/// The repositories that one session has created lately. Parts of the Hub that have not heard of one yet answer 404 for
/// some seconds. Not thread-safe.
class creation_grace {
public:
    static constexpr std::chrono::seconds length{20};  ///< counted from the creation
    static constexpr std::chrono::seconds pause{1};    ///< between two tries
    static constexpr std::size_t most = 64;            ///< repositories that are remembered

    HUBPUSH_DECL void created(repository where, steady_time now);

    /// Is `path`, which follows the endpoint's prefix, about one of them?
    HUBPUSH_DECL bool covers(std::string_view path, steady_time now) const;

private:
    std::deque<std::pair<repository, steady_time>> created_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/hub/impl/creation_grace.ipp>
#endif
