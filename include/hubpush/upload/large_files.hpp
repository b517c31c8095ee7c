#pragma once

/// \file
/// Brings large files into the LFS store: asks in batches what is missing and sends that, several files at once.

#include <hubpush/async/group.hpp>
#include <hubpush/hub/lfs.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <unordered_set>
#include <vector>

namespace hubpush::inline v0::detail {

/// Used by one coroutine, which must await `finish` before the object ends, also after a failure.
class large_file_store {
public:
    HUBPUSH_DECL large_file_store(context& context, asio::any_io_executor executor, std::size_t in_flight);

    /// Takes a file to be stored. It is sent now or with a later batch; content that was added before is not sent
    /// twice.
    HUBPUSH_DECL task<void> add(planned_file file);

    /// A transfer has failed: what is added now is not sent, and `finish` throws the reason.
    bool failed() const noexcept { return transfers_.failed(); }

    /// Waits until all files are stored. `failure` is what the caller caught meanwhile, if anything: then transfers are
    /// cancelled, and it is rethrown.
    HUBPUSH_DECL task<void> finish(std::exception_ptr failure = nullptr);

private:
    HUBPUSH_DECL task<void> send_batch();
    HUBPUSH_DECL task<void> send(planned_file file, lfs_plan plan);
    HUBPUSH_DECL task<void> send_once(const planned_file& file, const lfs_plan& plan, std::uint64_t& shown);
    HUBPUSH_DECL task<void> require_unchanged(const planned_file& file);
    HUBPUSH_DECL task<std::vector<lfs_plan>> ask(std::vector<lfs_object> objects);

    context& context_;
    std::size_t in_flight_;
    task_group transfers_;
    std::vector<planned_file> waiting_;
    std::uint64_t waiting_bytes_ = 0;
    std::unordered_set<std::string> known_;  // object ids that were sent, are being sent, or wait
};

}  // namespace hubpush::inline v0::detail

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/large_files.ipp>
#endif
