#pragma once

#include <hubpush/queue/outcome.hpp>

#include <algorithm>

namespace hubpush::inline v0 {

HUBPUSH_DECL drain_result::drain_result(std::vector<job_outcome> ended, std::vector<job_outcome> unfinished)
    : outcomes(std::move(ended)), left(std::move(unfinished)), remaining(left.size()) {
    const auto count = [this](job_status status) {
        return static_cast<std::size_t>(std::count_if(
            outcomes.begin(), outcomes.end(), [&](const job_outcome& outcome) { return outcome.status() == status; }));
    };
    done = count(job_status::done);
    failed = count(job_status::failed);
    cancelled = count(job_status::cancelled);
}

}  // namespace hubpush::inline v0
