#pragma once

#include <hubpush/upload/transfer.hpp>

#include <hubpush/hub/commit_operation.hpp>
#include <hubpush/upload/large_files.hpp>

namespace hubpush::inline v0 {

namespace detail {

/// False when no outcome of `classify` can exceed what one commit may hold, judged by what the source has counted.
inline bool could_exceed_limits(context& context) {
    return context.tally().files > most_lfs_files_in_commit ||
           context.tally().small_bytes > most_regular_bytes_in_commit;
}

/// Throws before the first content byte when the commit would be too large (spec/hub-http-api.md §4.5).
inline void check_limits(const std::vector<planned_file>& files) {
    std::size_t large_files = 0;
    std::uint64_t regular_bytes = 0;
    for (const planned_file& file : files) {
        if (file.mode() == upload_mode::lfs) {
            ++large_files;
        } else {
            regular_bytes += file.size();
        }
    }
    check_commit_limits(large_files, regular_bytes);
}

}  // namespace detail

HUBPUSH_DECL task<void> transfer_step::operator()(context& context, stream<planned_file>& in,
                                                  stream<stored_file>& out) const {
    detail::large_file_store store(context, co_await asio::this_coro::executor, in_flight_.limit());
    std::exception_ptr failure;
    try {
        if (detail::could_exceed_limits(context)) {
            // The push waits here until all of it is known: a limit that is met at its end would waste everything
            // before.
            co_await send_when_all_is_known(store, in, out);
        } else {
            while (std::optional<planned_file> next = co_await in.pop()) {
                if (!co_await pass_on(store, std::move(*next), out)) break;
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_await store.finish(failure);
}

HUBPUSH_DECL task<void> transfer_step::send_when_all_is_known(detail::large_file_store& store, stream<planned_file>& in,
                                                              stream<stored_file>& out) const {
    planned_set all = co_await detail::gather<planned_set>(in);
    detail::check_limits(all.files);
    for (planned_file& file : all.files) {
        if (!co_await pass_on(store, std::move(file), out)) co_return;
    }
}

HUBPUSH_DECL task<bool> transfer_step::pass_on(detail::large_file_store& store, planned_file file,
                                               stream<stored_file>& out) const {
    if (file.mode() == upload_mode::lfs) co_await store.add(file);
    if (store.failed()) co_return false;
    co_return co_await out.push(stored_file(std::move(file)));
}

}  // namespace hubpush::inline v0
