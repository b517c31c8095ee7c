#pragma once

/// \file
/// The step that brings the content of large files into storage.

#include <hubpush/async/map.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/plan.hpp>

namespace hubpush::inline v0 {

namespace detail {
class large_file_store;
}

/// Takes planned files and hands them on; when the stream of them ends, the commit may name every one. Large files are
/// sent to the LFS store, several at once, as soon as it is certain that the commit can stay within the Hub's limits;
/// content that the store has already, or that occurs twice, is not sent. A file is handed on while it is still being
/// sent, so only the end of the stream says that it is stored. Regular files pass through: their bytes travel inside
/// the commit.
class transfer_step : public step_base {
public:
    explicit transfer_step(in_flight files) : in_flight_(files) {}

    HUBPUSH_DECL task<void> operator()(context& context, stream<planned_file>& in, stream<stored_file>& out) const;

private:
    HUBPUSH_DECL task<void> send_when_all_is_known(detail::large_file_store& store, stream<planned_file>& in,
                                                   stream<stored_file>& out) const;
    /// False when nobody takes files any more, or when one could not be stored.
    HUBPUSH_DECL task<bool> pass_on(detail::large_file_store& store, planned_file file, stream<stored_file>& out) const;

    in_flight in_flight_;
};

/// Up to four files at a time unless said otherwise.
inline transfer_step transfer(in_flight files = in_flight(4)) { return transfer_step(files); }

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/transfer.ipp>
#endif
