#pragma once

/// \file
/// Structured concurrency: children that always end before their parent goes on.

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/asio.hpp>
#include <hubpush/core/config.hpp>
#include <hubpush/core/error.hpp>

#include <cstddef>
#include <exception>
#include <list>
#include <memory>
#include <utility>

namespace hubpush::inline v0 {

/// How the cancellation of a parent reaches the children of its group.
enum class cancel_order {
    together,  ///< all at once
    in_turn    ///< in the order in which they were started, each when the one before it has ended
};

/// Children of one coroutine, all on its strand. The first failure cancels the others; `join()` waits for every one of
/// them and rethrows that failure. When the parent is cancelled, `join()` cancels the children, still waits for all,
/// and throws `cancelled`, or what a child says instead: `outcome_unknown` is never hidden by `cancelled`. The parent
/// stays cancelled: its next `throw_if_cancelled()` throws. A group with children must be joined before it ends; a
/// parent that was started with plain `asio::co_spawn` awaits `accept_cancellation()` before its first child, because
/// Asio would otherwise throw from the `co_await` in front of `join()`. Not thread-safe.
class task_group {
public:
    HUBPUSH_DECL explicit task_group(asio::any_io_executor executor);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    HUBPUSH_DECL ~task_group();

    /// Starts a child. After a failure or `cancel()` the child is not started any more.
    HUBPUSH_DECL void spawn(task<void> child);

    /// Waits until all children have ended; rethrows the first failure. A coroutine that caught something of its own
    /// between `spawn` and `join` passes it as `own_failure`: the children are cancelled, and that failure is the one
    /// thrown.
    HUBPUSH_DECL task<void> join(std::exception_ptr own_failure = nullptr);
    HUBPUSH_DECL task<void> join(cancel_order order, std::exception_ptr own_failure = nullptr);

    /// Waits until fewer than `limit` children run (or one has failed, or the parent is cancelled: `join()` tells).
    HUBPUSH_DECL task<void> wait_for_room(std::size_t limit);

    /// Cancels all children (terminal). They still have to be joined.
    HUBPUSH_DECL void cancel();

    HUBPUSH_DECL std::size_t running() const noexcept;
    HUBPUSH_DECL bool failed() const noexcept;  ///< a child has failed or the group was cancelled

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace hubpush::inline v0

#ifndef HUBPUSH_SEPARATE_COMPILATION
#include <hubpush/async/impl/group.ipp>
#endif
