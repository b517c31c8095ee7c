#pragma once

#include <hubpush/upload/context.hpp>

#include <algorithm>
#include <iterator>

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

HUBPUSH_DECL void context::delete_rest(const std::unordered_set<std::string>& added) {
    std::vector<removal> gone;
    for (const std::string& path : deletable_) {
        if (!added.contains(path)) gone.emplace_back(path, 0);
    }
    removals_.insert(removals_.begin(), std::make_move_iterator(gone.begin()), std::make_move_iterator(gone.end()));
}

}  // namespace hubpush::inline v0
