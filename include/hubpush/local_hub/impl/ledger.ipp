#pragma once

#include <hubpush/local_hub/ledger.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

HUBPUSH_DECL std::uint64_t request_ledger::begin(request_record record) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = forgotten_ + records_.size() + 1;
    record.number = number;
    records_.push_back(std::move(record));
    if (records_.size() > limit_) {
        records_.pop_front();
        ++forgotten_;
    }
    return number;
}

HUBPUSH_DECL std::vector<request_record> request_ledger::snapshot() const {
    const std::lock_guard lock(mutex_);
    return {records_.begin(), records_.end()};
}

HUBPUSH_DECL std::size_t request_ledger::count(std::string_view method, std::string_view part) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(records_.begin(), records_.end(), [&](const request_record& each) {
        return each.method == method && each.path().find(part) != std::string_view::npos;
    }));
}

HUBPUSH_DECL void request_ledger::clear() {
    const std::lock_guard lock(mutex_);
    forgotten_ += records_.size();
    records_.clear();
}

}  // namespace hubpush::inline v0
