#pragma once

/// \file
/// `all`: several tasks at once.

#include <hubpush/async/group.hpp>
#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/task.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hubpush::inline v0 {

namespace detail {

template <class Type>
inline constexpr bool is_vector_of_tasks = false;
template <class T>
inline constexpr bool is_vector_of_tasks<std::vector<task<T>>> = true;

/// Waits for all children. Results that are all there are given even if a cancellation came in the same moment.
template <class IsComplete>
task<void> join_complete(task_group& group, const IsComplete& is_complete) {
    std::exception_ptr failure;
    try {
        co_await group.join();
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure && !is_complete()) std::rethrow_exception(failure);
}

template <class... T>
task<std::tuple<value_of<T>...>> run_all(task<T>... works) {
    task_group group(co_await asio::this_coro::executor);
    std::tuple<std::optional<value_of<T>>...> results;
    std::apply([&](auto&... result) { (group.spawn(keep_result(std::move(works), result)), ...); }, results);
    const auto is_complete = [&] { return std::apply([](auto&... result) { return (result && ...); }, results); };
    co_await join_complete(group, is_complete);
    co_return std::apply([](auto&... result) { return std::tuple<value_of<T>...>(std::move(*result)...); }, results);
}

template <class T>
task<std::vector<value_of<T>>> run_all(std::vector<task<T>> works) {
    task_group group(co_await asio::this_coro::executor);
    std::vector<std::optional<value_of<T>>> results(works.size());
    for (std::size_t i = 0; i < works.size(); ++i) group.spawn(keep_result(std::move(works[i]), results[i]));
    const auto is_complete = [&] {
        return std::all_of(results.begin(), results.end(), [](const auto& result) { return result.has_value(); });
    };
    co_await join_complete(group, is_complete);
    std::vector<value_of<T>> values;
    values.reserve(results.size());
    for (auto& result : results) values.push_back(std::move(*result));
    co_return values;
}

}  // namespace detail

/// `auto [a, b] = co_await all(hub.upload_file(...), hub.upload_folder(...))`: runs tasks at the same time and gives
/// all results as a tuple, `std::monostate` for a `task<void>`. The first failure cancels the others and is thrown when
/// every one of them has ended; what they had done by then is not undone. Cancellation: all tasks are cancelled; if
/// none of them says otherwise, throws `cancelled`. They start when the result is awaited, on any executor, and run on
/// one strand of it.
///
/// `all(std::move(tasks))` does the same with a vector of tasks of one kind, and gives a vector in their order.
template <class... Works>
auto all(Works&&... works) {
    constexpr bool tasks = sizeof...(Works) > 0 && (detail::is_task<Works> && ...);
    constexpr bool one_vector = sizeof...(Works) == 1 && (detail::is_vector_of_tasks<Works> && ...);
    if constexpr (tasks || one_vector) {
        return detail::on_own_strand(detail::run_all(std::move(works)...));
    } else {
        static_assert(detail::ALL_ARE_TASKS<detail::ARGUMENT<Works>...>,
                      "hubpush: all takes tasks, as calls give them or moved, or a vector of them");
        return detail::poisoned();
    }
}

}  // namespace hubpush::inline v0
