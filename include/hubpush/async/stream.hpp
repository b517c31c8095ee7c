#pragma once

/// \file
/// A bounded stream between two coroutines of one strand: what makes the steps of a pipeline overlap without letting a
/// fast one run ahead (design.md §1.1).

#include <hubpush/async/notifier.hpp>
#include <hubpush/async/task.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace hubpush::inline v0 {

/// How many items wait between two steps of a pipeline.
inline constexpr std::size_t stream_capacity = 16;

/// Any number of writers and readers on one strand. Items are kept inside the object: no allocation per item. `T`
/// must be default-constructible and movable. Not thread-safe.
template <class T>
class stream {
public:
    explicit stream(asio::any_io_executor executor) : changed_(std::move(executor)) {}
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    /// Adds an item, waiting while the stream is full. False when no reader will ever take it (`abandon()`).
    /// Cancellation: all types; throws `cancelled`, the item is dropped.
    task<bool> push(T item) {
        while (size_ == stream_capacity && !abandoned_) {
            co_await throw_if_cancelled();
            co_await changed_.wait();
        }
        if (abandoned_) co_return false;
        items_[(first_ + size_++) % stream_capacity] = std::move(item);
        changed_.notify_all();
        co_return true;
    }

    /// Takes the oldest item, waiting while there is none; nothing once the stream is closed and empty.
    /// Cancellation: all types; throws `cancelled`, nothing is taken.
    task<std::optional<T>> pop() {
        while (size_ == 0 && !closed_) {
            co_await throw_if_cancelled();
            co_await changed_.wait();
        }
        std::optional<T> item;
        if (size_ != 0) {
            item.emplace(std::exchange(items_[first_], T()));
            first_ = (first_ + 1) % stream_capacity;
            --size_;
            changed_.notify_all();
        }
        co_return item;
    }

    /// The writer is done: readers get what is left, then nothing.
    void close() {
        closed_ = true;
        changed_.notify_all();
    }

    /// The reader is done: what is left is dropped and a waiting writer goes on.
    void abandon() {
        abandoned_ = true;
        while (size_ != 0) {
            items_[first_] = T();
            first_ = (first_ + 1) % stream_capacity;
            --size_;
        }
        changed_.notify_all();
    }

private:
    notifier changed_;
    std::array<T, stream_capacity> items_{};
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    bool closed_ = false;
    bool abandoned_ = false;
};

}  // namespace hubpush::inline v0
