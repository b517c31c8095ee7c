#pragma once

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>
#include <hubpush/core/error.hpp>

namespace hubpush_test {

/// Work that ends only when it is cancelled.
inline hubpush::task<void> for_ever() {
    hubpush::notifier never(co_await asio::this_coro::executor);
    for (;;) {
        co_await hubpush::throw_if_cancelled();
        co_await never.wait();
    }
}

/// The kind of error that a call throws; of no kind when it throws none.
template <class Function>
hubpush::errc code_of(Function function) {
    try {
        function();
    } catch (const hubpush::error& failure) {
        return failure.kind();
    }
    return hubpush::errc{};
}

}  // namespace hubpush_test
