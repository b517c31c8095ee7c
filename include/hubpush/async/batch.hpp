#pragma once

/// \file
/// `batch`: items in groups, for a step that works on several at once.

#include <hubpush/async/step_traits.hpp>
#include <hubpush/async/stream.hpp>
#include <hubpush/async/task.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace hubpush::inline v0 {

/// A step that gathers `Item`s into groups; see `batch`.
template <class Item>
class batch_step : public step_base {
public:
    using call = detail::streaming_call<Item, set_of<Item>>;

    explicit batch_step(std::size_t size) : size_(size) {}

    template <class Context>
    task<void> operator()(Context&, stream<Item>& in, stream<set_of<Item>>& out) const {
        set_of<Item> group;
        while (std::optional<Item> item = co_await in.pop()) {
            group.files.push_back(std::move(*item));
            if (group.files.size() < size_) continue;
            if (!co_await out.push(std::exchange(group, set_of<Item>()))) co_return;
        }
        if (!group.files.empty()) co_await out.push(std::move(group));
    }

private:
    std::size_t size_;
};

/// `scan("run") | batch(8) | each(&convert)`: hands on `set_of<T>`s of up to `most` items each, the last with what is
/// left. What kind of items follows from the step before it. It is no barrier: a group goes on as soon as it is full. A
/// function behind it takes the group, and when it gives a `set_of` again its items go on one by one.
class batch : public step_base {
public:
    explicit batch(std::size_t most) : size_(std::max<std::size_t>(most, 1)) {}

    template <class Item>
    batch_step<Item> behind() const {
        return batch_step<Item>(size_);
    }

private:
    std::size_t size_;
};

}  // namespace hubpush::inline v0
