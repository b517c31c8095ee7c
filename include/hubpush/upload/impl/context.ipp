#pragma once

#include <hubpush/upload/context.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

HUBPUSH_DECL context::context(std::shared_ptr<client_state> client, repository target, std::string revision,
                              hubpush::progress callback)
    : client_(std::move(client)),
      target_(std::move(target)),
      revision_(std::move(revision)),
      progress_(client_->seams().clock(), std::move(callback)) {}

HUBPUSH_DECL bool context::removes(const std::string& path) const {
    return std::any_of(removals_.begin(), removals_.end(), [&](const removal& gone) { return gone.covers(path); });
}

}  // namespace hubpush::inline v0
