#pragma once

/// \file
/// What became of queued work: the state of one job, its outcome, and what a drain gives back.

#include <hubpush/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

// g++ 12 takes the enumerator `cancelled`, which is scoped, for a shadow of the exception type of that name.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"

/// Where a job stands. The last three are final.
enum class job_status {
    waiting,   ///< behind other jobs
    running,   ///< at the head, at work
    retrying,  ///< at the head, pausing after a failure that may pass
    done,      ///< it gave its result
    failed,    ///< it threw something that no waiting cures, or gave up waiting
    cancelled  ///< it was cancelled before it was done
};

#pragma GCC diagnostic pop

/// True for the three final states.
constexpr bool has_ended(job_status status) noexcept { return status >= job_status::done; }

/// One job as `drain()` reports it.
class job_outcome {
public:
    job_outcome() = default;
    job_outcome(std::uint64_t number, std::string name, job_status status, std::exception_ptr failure,
                std::string result)
        : number_(number),
          name_(std::move(name)),
          status_(status),
          failure_(std::move(failure)),
          result_(std::move(result)) {}

    std::uint64_t number() const noexcept { return number_; }   ///< 1 for the first job of the queue
    const std::string& name() const noexcept { return name_; }  ///< such as "upload_folder user/model"
    job_status status() const noexcept { return status_; }
    explicit operator bool() const noexcept { return status_ == job_status::done; }
    const std::exception_ptr& failure() const noexcept { return failure_; }  ///< why not; for `describe()`
    const std::string& result() const noexcept { return result_; }  ///< the address of what it made, if it has one

private:
    std::uint64_t number_ = 0;
    std::string name_;
    job_status status_ = job_status::waiting;
    std::exception_ptr failure_;
    std::string result_;
};

/// Every outcome since the last drain, in order of submission, and what is left. True when everything was done.
class drain_result {
public:
    drain_result() = default;
    HUBPUSH_DECL drain_result(std::vector<job_outcome> ended, std::vector<job_outcome> unfinished);

    explicit operator bool() const noexcept { return done == outcomes.size() && remaining == 0; }

    std::vector<job_outcome> outcomes;  ///< the jobs that have ended
    std::vector<job_outcome> left;      ///< the jobs that have not: the head first
    std::size_t done = 0;
    std::size_t failed = 0;
    std::size_t cancelled = 0;
    std::size_t remaining = 0;  ///< how many are left
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/queue/impl/outcome.ipp>
#endif
