#pragma once

/// \file
/// The step that asks the Hub how each file should travel, and hashes it accordingly.

#include <hubpush/async/step.hpp>
#include <hubpush/upload/context.hpp>
#include <hubpush/upload/plan.hpp>

namespace hubpush::inline v0 {

/// Takes files, gives those that have to be pushed. For every 256 files it sends the Hub their paths, sizes and first
/// 512 bytes (spec/hub-http-api.md §4.3), hashes each as the answer demands, and leaves out what a
/// .gitignore ignores and what the revision holds already. Small files are read once, large ones once plus their first
/// bytes. When the next step takes no more files it ends, and patterns of `delete_patterns` delete nothing: what else
/// the push would add is not known then.
class classify_step : public step_base {
public:
    HUBPUSH_DECL task<void> operator()(context& context, stream<file>& in, stream<planned_file>& out) const;
};

/// `scan(...) | classify() | transfer() | commit(...)`.
inline classify_step classify() { return classify_step(); }

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/upload/impl/classify.ipp>
#endif
