#pragma once

/// \file
/// The step that brings the content of large files into storage.

#include <hubpush/async/step.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/plan.hpp>

namespace hubpush::inline v0 {

/// Takes planned files and gives each when the commit may name it. Large files are sent to the LFS store, several at once, as
/// soon as it is certain that the commit can stay within the Hub's limits; content that the store has already, or that
/// occurs twice, is not sent. Regular files pass through: their bytes travel inside the commit.
class transfer_step : public step_base {
public:
    explicit transfer_step(in_flight files) : in_flight_(files) {}

    HUBPUSH_DECL task<void> operator()(context& context, stream<planned_file>& in, stream<stored_file>& out) const;

private:
    in_flight in_flight_;
};

/// Up to four files at a time unless said otherwise.
inline transfer_step transfer(in_flight files = in_flight(4)) { return transfer_step(files); }

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/transfer.ipp>
#endif
